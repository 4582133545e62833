"""The services of the app, started once: at the server's start, or at first use under test.

A module and not st.cache_resource: any visitor's browser can clear that cache for everyone.
"""

import logging
import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field

from chatcore.asked import Asked
from chatcore.generations import Generations
from chatcore.host import ModelHost
from chatcore.identity import OwnerCookie
from chatcore.memory import Memory
from chatcore.secret import signing_keys
from chatcore.settings import Settings
from chatcore.store import Store, open_store
from chatcore.tabs import Tabs

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hearth:
    """What a page works with."""

    settings: Settings
    store: Store
    host: ModelHost
    generations: Generations
    memory: Memory
    cookie: OwnerCookie
    tabs: Tabs = field(default_factory=Tabs)
    asked: Asked = field(default_factory=Asked)

    def close(self) -> None:
        """Each of them, whatever happens to the others."""
        with ExitStack() as last_first:
            last_first.callback(self.store.close)
            last_first.callback(self.host.close)
            last_first.callback(self.generations.close)


_lock = threading.Lock()
_running: Hearth | None = None


def hearth() -> Hearth:
    """The running services; started by the first call, and by each call after one that failed.

    Raises SettingsError or StoreError.
    """
    global _running
    with _lock:
        if _running is None:
            _running = _start(Settings.from_env(os.environ))
        return _running


def running() -> Hearth | None:
    """What hearth() would return, or None where it would have to start it. Never waits."""
    return _running


def stop() -> None:
    """End every reply with its text saved, then the engine, then the store. Idempotent."""
    global _running
    with _lock:
        closing, _running = _running, None
        if closing is not None:
            closing.close()


def _start(settings: Settings) -> Hearth:
    store = open_store(settings.database)
    try:
        cookie = OwnerCookie(signing_keys(settings))
        interrupted = store.recover()
    except BaseException:
        store.close()
        raise
    if interrupted:
        log.warning("%d replies were cut short by a crash: their text so far is kept", interrupted)
    host = ModelHost(settings)
    generations = Generations(store, host, settings)
    return Hearth(settings, store, host, generations, Memory(store, settings), cookie)
