"""A Python process that cannot outlive this one.

The child reads its stdin, a pipe held by this process alone, and ends at its end: that works
after any death, kill -9 included, and on every platform. Knows nothing of what the child does.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

_ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 5.0
_LAST_WORDS_BYTES = 4096


class ChildFailed(Exception):
    """The child ended before it was ready; the message is the last line it wrote to stderr."""


class Child:
    """`python *arguments`, with `stderr` as its standard error."""

    def __init__(self, arguments: Sequence[str], stderr: IO[bytes]) -> None:
        self._stderr = stderr
        self._stderr_start = stderr.seek(0, os.SEEK_END)
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
            cwd=_ROOT,
            env=os.environ | {"PYTHONPATH": _python_path()},
            # Ctrl-C in the terminal is for the app, which then ends its child itself.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        # One that is dead already is noticed by `first_line`, which knows its last words.
        with suppress(OSError):
            self._process.stdin.write(line.encode() + b"\n")

    def first_line(self, seconds: float) -> str:
        """Wait for the child's first line; one that takes longer than `seconds` is ended."""
        assert self._process.stdout is not None
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline().decode().strip()
        finally:
            timer.cancel()
        if not line:
            self.kill()
            raise ChildFailed(self._last_words())
        return line

    def stop(self) -> None:
        """Ask it to end by closing its stdin; insist after some seconds."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _last_words(self) -> str:
        # A duplicate file position would move the child's own, so read at an offset.
        end = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(self._stderr_start, end - _LAST_WORDS_BYTES))
        lines = self._stderr.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it gave no reason")


def _python_path() -> str:
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(_ROOT), inherited] if inherited else [str(_ROOT)])
