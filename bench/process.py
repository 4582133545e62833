"""The processes that are measured: starting them, and what the operating system knows of them."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.browser.server import ROOT


class Fake:
    """The scripted model server in a process of its own, so that its work is not the app's."""

    def __init__(self, host: str) -> None:
        self.host = host

    def timing(self, tag: str) -> dict[str, Any]:
        """When the reply with this tag was asked for, begun and ended."""
        timings: dict[str, dict[str, Any]] = httpx.get(f"{self.host}/fake/timings").json()
        return timings[tag]


@contextmanager
def fake_ollama() -> Iterator[Fake]:
    command = [sys.executable, "-m", "tests.fake_ollama"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Fake(process.stdout.readline().split()[-1])
        finally:
            process.terminate()


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and all it started, so far."""
    times = [process.cpu_times() for process in _tree(pid)]
    return float(sum(spent.user + spent.system for spent in times))


def memory(pid: int) -> float:
    """Resident memory of a process and all it started, in MiB."""
    return float(sum(process.memory_info().rss for process in _tree(pid)) / 2**20)


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


class Wire:
    """The bytes that a server's sockets have sent, by the kernel's count: after compression.

    What a connection sends that begins and ends between two readings is missed.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._sent: dict[str, int] = {}

    def sent(self) -> int | None:
        """All bytes so far; None where the kernel's count cannot be had."""
        if not shutil.which("ss"):
            return None
        command = ["ss", "-tinHO", f"sport = :{self._port}"]
        listing = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        for line in listing.splitlines():
            if count := re.search(r"\bbytes_sent:(\d+)", line):
                _state, _received, _queued, _local, peer, *_ = line.split()
                self._sent[peer] = int(count[1])
        return sum(self._sent.values()) if self._sent else None


def database_in(folder: Path) -> Path:
    """Where an app that was given this folder keeps its chats."""
    return folder / "hearth.db"
