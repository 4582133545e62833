"""The API on a real server, in this process, in front of the scripted model server."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from chatcore import service
from chatcore.service import Hearth
from chatcore.store import open_store
from chatcore.web.api.routes import api
from chatcore.web.visitors import Visitors
from tests.browser.server import App
from tests.fake_ollama import FakeOllama

PATIENCE = 30.0  # seconds
Ask = Callable[..., httpx.Response]


@pytest.fixture
def hearth(fake: FakeOllama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hearth]:
    monkeypatch.setenv("HEARTH_DATABASE", str(tmp_path / "hearth.db"))
    monkeypatch.setenv("OLLAMA_HOST", fake.host)
    monkeypatch.setenv("HEARTH_REQUESTS_PER_MINUTE", "100000")
    yield service.hearth()
    fake.release()
    service.stop()


@contextmanager
def serving(fake: FakeOllama) -> Iterator[str]:
    """The address of a server with the API and nothing else."""
    app = Starlette(routes=[Mount("/api", api())], middleware=[Middleware(Visitors)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    fake.release()  # it waits for every answer to end
    server.should_exit = True
    thread.join()


@pytest.fixture
def server(hearth: Hearth, fake: FakeOllama) -> Iterator[str]:
    with serving(fake) as address:
        yield address


@pytest.fixture
def client(server: str) -> Iterator[httpx.Client]:
    """One that is no browser, and shows nothing."""
    with httpx.Client(base_url=f"{server}/api", timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def as_owner(hearth: Hearth, client: httpx.Client) -> Callable[[str], Ask]:
    """A function that asks with a token of the owner of that key."""

    def as_owner(key: str) -> Ask:
        token = hearth.store.tokens.create(hearth.store.owner(key), "test")

        def ask(method: str, path: str, **options: object) -> httpx.Response:
            headers = {"authorization": f"Bearer {token}"} | options.pop("headers", {})
            return client.request(method, path, headers=headers, **options)

        return ask

    return as_owner


@pytest.fixture
def ann(as_owner: Callable[[str], Ask]) -> Ask:
    return as_owner("ann")


@pytest.fixture
def bob(as_owner: Callable[[str], Ask]) -> Ask:
    return as_owner("bob")


@pytest.fixture
def token(tmp_path: Path) -> str:
    """Ann's, made before the app holds the lock on its database."""
    store = open_store(tmp_path / "hearth.db")
    token = store.tokens.create(store.owner("ann"), "test")
    store.close()
    return token


@pytest.fixture
def app(fake: FakeOllama, tmp_path: Path, token: str) -> Iterator[App]:
    """The app as a person starts it, in which that token is good."""
    app = App(tmp_path, OLLAMA_HOST=fake.host).start()
    yield app
    app.stop()


def events(answer: httpx.Response) -> list[tuple[str, dict, str]]:
    """Name, data and id of each event."""
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.split("\n") if line[:1] not in ("", ":")
        )
        if fields:
            found.append((fields["event"], json.loads(fields["data"]), fields.get("id", "")))
    return found


def said(answer: httpx.Response, kind: str = "content") -> str:
    return "".join(data.get(kind, "") for name, data, _ in events(answer) if name == "delta")


def chat(ask: Ask, content: str = "hello", **fields: object) -> httpx.Response:
    messages = [{"role": "user", "content": content}]
    return ask("POST", "/chat", json={"messages": messages, "model": "llama3.2:3b"} | fields)


def history(ask: Ask, session_id: str) -> list[tuple[str, str]]:
    messages = ask("GET", f"/session/{session_id}").json()["history"]
    return [(message["role"], message["content"]) for message in messages]
