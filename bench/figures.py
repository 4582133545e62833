"""The measurements: each function is one round of one figure."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import ollama
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench import probe
from bench.process import Fake, Wire, cpu_seconds, database_in, fake_ollama, memory
from bench.seed import fill
from chatcore.context import fit
from chatcore.counting import Counter, Estimator
from chatcore.types import Part, Size
from tests.browser import chromium
from tests.browser.server import App

MODEL = "llama3.2:3b"  # the one that the scripted server has
WARM_UP = "t0-n20"
FULL_SIDEBAR = 50  # chats
MESSAGES = {"new": 0, "used": 30, "long": 500}  # in the chat that is open, by kind of app
STOPS = 20
PAGES = (1, 10, 50)
FITTED = 1000  # messages

Values = dict[str, float | None]


@dataclass(frozen=True)
class Lab:
    """A browser, a scripted model server, and an app when one is needed."""

    browser: Browser
    fake: Fake

    @contextmanager
    def app(self, kind: str = "new") -> Iterator[tuple[App, str]]:
        """An app with nothing in it, or one in use, and the address of the page to open."""
        with tempfile.TemporaryDirectory() as name:
            app = App(
                Path(name),
                OLLAMA_HOST=self.fake.host,
                HEARTH_EMBEDDED="off",
                HEARTH_IDENTITY="single",  # each round comes with a fresh browser
            )
            address = app.url
            if messages := MESSAGES[kind]:
                database = database_in(app.folder)
                address += f"?session={fill(database, messages, FULL_SIDEBAR, MODEL)}"
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
        self._shared: dict[str, tuple[App, str, BrowserContext]] = {}

    @contextmanager
    def page(self, kind: str) -> Iterator[tuple[App, Page]]:
        """A page of its own for one figure."""
        app, address, context = self.shared(kind)
        page = probe.open_page(context, address)
        yield app, page
        page.close()

    def shared(self, kind: str) -> tuple[App, str, BrowserContext]:
        """The app of a kind, the address of its page, and a browser that may know it already."""
        if kind not in self._shared:
            app, address = self._until_its_end.enter_context(self.lab.app(kind))
            context = self._until_its_end.enter_context(self.lab.context())
            app.start()
            self._shared[kind] = app, address, context
        return self._shared[kind]


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


def reply(this: Round, spec: str, *, kind: str) -> Values:
    """One reply, after another on the same page that loaded what Streamlit loads late."""
    with this.page(kind) as (app, page):
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


def open_long(this: Round) -> Values:
    """A long chat in a new page, of a browser that knows the app, until its last message."""
    app, address, context = this.shared("long")
    probe.open_page(context, app.url).close()
    page = context.new_page()
    wire, began = Wire(app.port), time.monotonic()
    sent = wire.sent()
    page.goto(address, wait_until="commit")
    page.get_by_text("SEEDEND").wait_for()
    shown = time.monotonic() - began
    page.wait_for_timeout(1000)
    opened = {"open": 1000 * shown, "open_bytes": _grown(sent, wire.sent())}
    page.close()
    return opened


def stop(this: Round) -> Values:
    """From Escape to the model server's seeing that nobody listens: the worst of several."""
    values: Values = {}
    with this.page("new") as (_, page):
        probe.await_reply(page, WARM_UP)
        for phase, spec in {"writing": "t200-n100000", "reading": "t200-n10-w60000"}.items():
            took = [probe.stop_reply(page, spec, this.lab.fake.timing) for _ in range(STOPS)]
            values |= {phase: statistics.median(took), f"{phase}_worst": max(took)}
    return values


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


def fit_long(_: Round) -> Values:
    """A long chat is fitted to windows that hold some of it, and all; of which a model has counted
    all, or nothing."""
    parts = [Part(n, ("assistant", "user")[n % 2], Size(1, 400)) for n in range(1, FITTED)]
    known, guess = Counter(Estimator([]), parts, 110 * FITTED), Counter(Estimator([]))
    values: Values = {}
    cases = {"some": (8192, known), "all": (1 << 18, known), "new": (1 << 20, guess)}
    for name, (num_ctx, count) in cases.items():
        began = time.perf_counter()
        fit(parts, num_ctx, None, count)
        values[name] = 1000 * (time.perf_counter() - began)
    return values


def client_alone(this: Round) -> Values:
    """What the official client takes to read a long reply at full speed, and no app around it."""
    messages = [{"role": "user", "content": f"[[{REPLIES['8000']}.alone]]"}]
    client = ollama.Client(this.lab.fake.host)
    began = time.perf_counter()
    for _ in client.chat(MODEL, messages, stream=True):
        pass
    return {"8000": 1000 * (time.perf_counter() - began)}


REPLIES = {
    "first": "t50-n50",
    "waited": "t50-n50-w200",  # as long as a model takes that reads a short prompt
    "paced": "t200-n1000",
    "2000": "t0-n2000",
    "8000": "t0-n8000",
}

FIGURES: dict[str, Callable[[Round], Values]] = {
    "cold": cold,
    **{name: partial(reply, spec=spec, kind="new") for name, spec in REPLIES.items()},
    **{f"{name}-used": partial(reply, spec=spec, kind="used") for name, spec in REPLIES.items()},
    "open-long": open_long,
    "first-long": partial(reply, spec=REPLIES["first"], kind="long"),
    "client": client_alone,
    "fit": fit_long,
    "stop": stop,
    "memory": open_pages,
}
# They hardly vary from round to round, and take as long as all else in one.
ONCE = {"memory", "stop"}
