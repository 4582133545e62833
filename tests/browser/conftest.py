"""A real browser and real servers."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import chromium
from tests.browser.server import App
from tests.fake_ollama import FakeOllama

PATIENCE = 30_000  # ms; the machine may be busy

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """For this package and no longer: its event loop would be in the way of other tests."""
    path = chromium.find()
    assert path, "no browser: install Chromium, or name one in CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Pages of one browser: tabs that share its cookies."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    yield context.new_page
    context.close()


@pytest.fixture
def page(new_page: Callable[[], Page]) -> Page:
    return new_page()


@pytest.fixture
def app(fake: FakeOllama, tmp_path: Path) -> Iterator[App]:
    """The app in front of the scripted server."""
    app = App(tmp_path, OLLAMA_HOST=fake.host).start()
    yield app
    app.stop()


class Sink:
    """Another host on the web, which no page of ours may ever talk to."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        noted = self.requests

        class Note(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                noted.append(self.path)
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Note)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    thread = threading.Thread(target=sink.server.serve_forever)
    thread.start()
    yield sink
    sink.server.shutdown()
    thread.join()
    sink.server.server_close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[App]:
    """The app on the embedded engine and its demo model."""
    app = App(tmp_path, HEARTH_EMBEDDED="always").start()
    yield app
    app.stop()
