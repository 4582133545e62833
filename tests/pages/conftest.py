"""The script behind the page, run in this process against the scripted server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from chatcore import service
from tests.fake_ollama import FakeOllama

FRAME = str(Path(__file__).parents[2] / "frame.py")


@pytest.fixture
def environ(fake: FakeOllama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh database, and the services stopped afterwards. The path is the database's."""
    database = tmp_path / "hearth.db"
    monkeypatch.setenv("HEARTH_DATABASE", str(database))
    monkeypatch.setenv("HEARTH_IDENTITY", "single")  # AppTest runs no middleware
    monkeypatch.setenv("OLLAMA_HOST", fake.host)
    yield database
    fake.release()
    service.stop()


@pytest.fixture
def open_page(environ: Path) -> Callable[..., AppTest]:
    """A new tab, at ?session=... where an id is given."""

    def open_page(session_id: str | None = None) -> AppTest:
        page = AppTest.from_file(FRAME, default_timeout=30)
        if session_id is not None:
            page.query_params["session"] = session_id
        return page.run()

    return open_page
