"""Whether the server was told to stop: it waits for every answer to end, so a stream must know.

Only then are the services stopped, which would end the reply that the stream follows.
"""

import signal
import threading
from types import FrameType

_begun = threading.Event()


def begun() -> bool:
    return _begun.is_set()


def watch_signals() -> None:
    """Beside what the server does at them; where it runs in the main thread, as signals want."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            _watch(number)


def _watch(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def note(signal_number: int, frame: FrameType | None) -> None:
        _begun.set()
        if callable(before):
            before(signal_number, frame)

    if callable(before):
        signal.signal(number, note)
