"""Hearth for a harness that measures other chat apps: load it by this file's path.

The harness gives `peers.base`; its Python need not have what Hearth needs.
"""

import subprocess
from pathlib import Path
from typing import Any

from peers.base import Peer

ROOT = Path(__file__).resolve().parents[1]
PYTHON = str(ROOT / ".venv" / "bin" / "python")
MESSAGE = "[class*='st-key-message_']"
A_CHAT = "[data-chat] a"


class Adapter(Peer):
    name = "hearth"
    input = ".st-key-prompt textarea"
    stop = ".st-key-stop button"
    health = "/healthz"

    def __init__(self) -> None:
        self._seeded = ""

    def command(
        self, port: int, mock: str, data: Path, seed: int
    ) -> tuple[list[str], dict[str, str], str]:
        database = data / "hearth.db"
        if seed:
            self._seeded = _fill(database, seed)
        environ = {
            "STREAMLIT_SERVER_PORT": str(port),
            "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
            "OLLAMA_HOST": mock,
            "HEARTH_DATABASE": str(database),
            "HEARTH_EMBEDDED": "off",
            "HEARTH_IDENTITY": "single",
        }
        return [PYTHON, "-m", "streamlit", "run", "app.py"], environ, str(ROOT)

    def ready(self, page: Any) -> None:
        page.wait_for_selector(f"{self.input}:enabled", state="visible", timeout=60_000)

    def long_url(self, server: Any, _seed: int) -> str:
        return f"{server.base}/?session={self._seeded}"

    def after_restart(self, page: Any, _server: Any) -> None:
        """The address still names the chat; where it does not, the sidebar has it on top."""
        if "session=" not in page.url:
            page.click(A_CHAT)
        page.wait_for_selector(MESSAGE, timeout=60_000)


def _fill(database: Path, messages: int) -> str:
    command = [PYTHON, "-m", "bench.seed", str(database), "--messages", str(messages)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()
