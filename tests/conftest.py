"""What every test shares: a store of its own and a scripted model server."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from chatcore.generations import Generations
from chatcore.host import ModelHost
from chatcore.settings import Settings
from chatcore.store import Store, open_store
from tests.fake_ollama import FakeOllama

settings.register_profile("no deadline: the machine may be busy", deadline=None)
settings.load_profile("no deadline: the machine may be busy")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests says nothing to them."""
    for name in list(os.environ):
        if name.startswith(("HEARTH_", "OLLAMA_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A fresh store of each backend; another backend is another parameter."""
    store = open_store(tmp_path / f"{request.param}.db")
    yield store
    store.close()


@pytest.fixture
def ann(store: Store) -> int:
    return store.owner("ann")


@pytest.fixture
def bob(store: Store) -> int:
    return store.owner("bob")


@pytest.fixture
def fake() -> Iterator[FakeOllama]:
    with FakeOllama() as fake:
        yield fake


@pytest.fixture
def generations_with(
    store: Store, fake: FakeOllama, tmp_path: Path
) -> Iterator[Callable[..., Generations]]:
    """Makes Generations under settings of their own; all of them are closed in the end."""
    made: list[Generations] = []

    def make(**settings: Any) -> Generations:
        chosen = Settings(tmp_path / "x.db", **{"ollama_host": fake.host} | settings)
        made.append(Generations(store, ModelHost(chosen), chosen))
        return made[-1]

    yield make
    fake.release()
    for generations in made:
        generations.close()


@pytest.fixture
def generations(generations_with: Callable[..., Generations]) -> Generations:
    return generations_with()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
