"""What every test shares: a store of its own and a scripted model server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatcore.store import Store, open_store
from tests.fake_ollama import FakeOllama


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
