"""The services start once, start again after a failure, and end in order."""

import subprocess
import sys
from pathlib import Path

import pytest

from chatcore import service
from chatcore.errors import DiskFull
from chatcore.store.sqlite import SqliteStore

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def world(fake, tmp_path, monkeypatch):
    monkeypatch.setenv("HEARTH_DATABASE", str(tmp_path / "hearth.db"))
    monkeypatch.setenv("OLLAMA_HOST", fake.host)
    yield
    service.stop()


def test_a_start_that_failed_can_be_tried_again(monkeypatch):
    def full(_store):
        raise DiskFull("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "recover", full)
        with pytest.raises(DiskFull):
            service.hearth()
    assert service.hearth().store.schema


def test_an_end_that_goes_wrong_still_ends_the_rest(monkeypatch):
    running = service.hearth()

    def wrong():
        raise RuntimeError

    monkeypatch.setattr(running.host, "close", wrong)
    with pytest.raises(RuntimeError):
        service.stop()
    monkeypatch.undo()
    SqliteStore(Path(running.store.location)).close()


@pytest.mark.parametrize("address", ["http://[::1", "foo:bar", "host:99999"])
def test_a_bad_ollama_host_does_not_end_the_program(address):
    code = "import chatcore.service as s; print('alive')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"OLLAMA_HOST": address, "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "alive\n"
