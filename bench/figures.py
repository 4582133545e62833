"""The measurements: each function is one round of one figure."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench import probe
from bench.process import Fake, Wire, cpu_seconds, database_in, fake_ollama, memory
from bench.seed import fill
from tests.browser import chromium
from tests.browser.server import App

MODEL = "llama3.2:3b"  # the one that the scripted server has
WARM_UP = "t0-n20"
LONG_CHAT = 30  # messages
FULL_SIDEBAR = 50  # chats
PAGES = (1, 10, 50)

Values = dict[str, float | None]


@dataclass(frozen=True)
class Lab:
    """A browser, a scripted model server, and an app when one is needed."""

    browser: Browser
    fake: Fake

    @contextmanager
    def app(self, *, used: bool = False) -> Iterator[tuple[App, str]]:
        """An app with nothing in it, or one in use, and the address of the page to open."""
        with tempfile.TemporaryDirectory() as name:
            app = App(Path(name), OLLAMA_HOST=self.fake.host, HEARTH_EMBEDDED="off")
            address = app.url
            if used:
                database = database_in(app.folder)
                address += f"?session={fill(database, LONG_CHAT, FULL_SIDEBAR, MODEL)}"
            try:
                yield app, address
            finally:
                app.stop()

    @contextmanager
    def context(self) -> Iterator[BrowserContext]:
        """Pages that share a cache, which is empty at first."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(probe.LIMIT)
        probe.observe(context)
        try:
            yield context
        finally:
            context.close()


class Round:
    """What the figures of a round share: an app of each kind, started when the first needs it."""

    def __init__(self, lab: Lab, until_its_end: ExitStack) -> None:
        self.lab = lab
        self._until_its_end = until_its_end
        self._shared: dict[bool, tuple[App, str, BrowserContext]] = {}

    @contextmanager
    def page(self, *, used: bool) -> Iterator[tuple[App, Page]]:
        """A page of its own for one figure."""
        if used not in self._shared:
            app, address = self._until_its_end.enter_context(self.lab.app(used=used))
            context = self._until_its_end.enter_context(self.lab.context())
            app.start()
            self._shared[used] = app, address, context
        app, address, context = self._shared[used]
        page = probe.open_page(context, address)
        yield app, page
        page.close()


@contextmanager
def laboratory() -> Iterator[Lab]:
    path = chromium.find()
    assert path, "no browser: install Chromium, or name one in CHROMIUM"
    with fake_ollama() as fake, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield Lab(browser, fake)
        browser.close()


def cold(this: Round) -> Values:
    """From the command to an answer, and to a page that can be typed into, its cache empty."""
    with this.lab.app() as (app, address), this.lab.context() as context:
        began = time.monotonic()
        app.start()
        answered = time.monotonic()
        probe.open_page(context, address)
        return {
            "http": 1000 * (answered - began),
            "interactive": 1000 * (time.monotonic() - began),
        }


def reply(this: Round, spec: str, *, used: bool) -> Values:
    """One reply, after another on the same page that loaded what Streamlit loads late."""
    with this.page(used=used) as (app, page):
        probe.await_reply(page, WARM_UP)
        wire, thread = Wire(app.port), probe.MainThread(page)
        sent, cpu, busy = wire.sent(), cpu_seconds(app.pid), thread.busy()
        seen = probe.await_reply(page, spec)
        costs = {
            "server_cpu": cpu_seconds(app.pid) - cpu,
            "bytes": _grown(sent, wire.sent()),
            "main_thread": thread.busy() - busy,
            "long_tasks": seen["longTasks"],
        }
        return _times(seen, this.lab.fake.timing(seen["tag"])) | costs


def _grown(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


def _times(seen: dict[str, float], model: dict[str, float]) -> Values:
    """What passed on the page's clock and on the model's, which are the same."""
    request, first, last = (1000 * model[moment] for moment in ("request", "first", "last"))
    there, back = request - seen["enter"], seen["first"] - first
    return {
        "to_request": there,
        "to_page": back,
        "overhead": there + back,
        "total": seen["last"] - seen["enter"],
        "model": last - request,
        "tail": seen["last"] - last,
    }


def open_pages(this: Round) -> Values:
    """Memory of the app with ever more pages open, all of one browser."""
    with this.lab.app() as (app, address), this.lab.context() as context:
        app.start()
        values: Values = {"0": memory(app.pid)}
        for count in PAGES:
            while len(context.pages) < count:
                probe.open_page(context, address)
            time.sleep(1)
            values[str(count)] = memory(app.pid)
        return values


REPLIES = {"first": "t50-n50", "paced": "t200-n1000", "2000": "t0-n2000", "8000": "t0-n8000"}

FIGURES: dict[str, Callable[[Round], Values]] = {
    "cold": cold,
    **{name: partial(reply, spec=spec, used=False) for name, spec in REPLIES.items()},
    **{f"{name}-used": partial(reply, spec=spec, used=True) for name, spec in REPLIES.items()},
    "memory": open_pages,
}
# It hardly varies from round to round, and opening 50 pages takes as long as all else in one.
ONCE = {"memory"}
