"""The app as a person starts it, in a process of its own."""

import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds


class App:
    """`streamlit run app.py` on a free port, with its chats in `folder`."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.environ = {
            "HEARTH_DATABASE": str(folder / "hearth.db"),
            "STREAMLIT_SERVER_PORT": str(self.port),
            **environ,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "App":
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("HEARTH_", "OLLAMA_"))
        }
        with open(self.folder / "app.log", "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py"],
                cwd=ROOT,
                env=inherited | self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.wait_for("/_stcore/health")
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.folder / "app.log").read_text(errors="replace")

    def wait_for(self, path: str, status: int = 200) -> httpx.Response:
        """The first answer of `path` with that status.

        Asked so lightly, without certificates to load, that the asking does not slow the start.
        """
        deadline = time.monotonic() + PATIENCE
        with httpx.Client(
            base_url=self.url, timeout=PATIENCE, verify=False, trust_env=False
        ) as client:
            while time.monotonic() < deadline:
                assert self._process is not None
                assert self._process.poll() is None, f"the app ended:\n{self.log}"
                with suppress(httpx.TransportError):
                    response = client.get(path)
                    if response.status_code == status:
                        return response
                time.sleep(0.005)
        raise AssertionError(f"{path} did not answer {status}:\n{self.log}")

    def wait_for_draft(self, text: str) -> None:
        """Until this text of a reply under way is on disk, where a kill leaves it."""
        deadline = time.monotonic() + PATIENCE
        database = f"{Path(self.environ['HEARTH_DATABASE']).as_uri()}?mode=ro"
        with closing(sqlite3.connect(database, uri=True)) as db:
            while not db.execute("select 1 from drafts where body = ?", [text]).fetchone():
                assert time.monotonic() < deadline, f"{text!r} was not saved:\n{self.log}"
                time.sleep(0.01)

    def kill(self) -> None:
        """As a power cut would: kill -9."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        """As Ctrl+C does."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(by)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise


def all_logged(folder: Path) -> dict[str, str]:
    """The environment of an app of which every library says all that it has to say."""
    told = "import logging\n\nlogging.basicConfig(level=logging.DEBUG)\n"
    (folder / "sitecustomize.py").write_text(told)  # Python imports it before anything else
    return {"PYTHONPATH": str(folder), "STREAMLIT_LOGGER_LEVEL": "debug"}


def free_port() -> int:
    """Of those that the system gives to no outgoing connection: a browser's would take it again
    before the app is there to listen."""
    while True:
        port = random.randrange(10_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
