"""`python -m bench.fresh`: from `make run` on a fresh clone to the first token.

Nothing is cached. Everything is fetched once more alone, to tell the download from the rest.
"""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser import chromium
from tests.browser.actions import messages, ready, send
from tests.browser.server import ROOT, free_port

FIRST_TOKEN_WITHIN = 120_000  # ms


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clone = folder / "hearth"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        environ = _bare(folder / "home")
        first = _run(clone, environ)
        again = _run(clone, environ)
        download = _download(clone, folder / "wheels", environ)
        size = sum(path.stat().st_size for path in (folder / "wheels").iterdir())
    installed, interactive, token = first
    print(f"make run to the first token, nothing cached: {token:6.1f} s")
    print(f"  download, measured alone ({size / 1e6:.0f} MB):  {download:6.1f} s")
    print(f"  install, the rest until the app starts:    {max(0.0, installed - download):6.1f} s")
    print(f"  start to an interactive page:              {interactive - installed:6.1f} s")
    print(f"  prompt to the first token:                 {token - interactive:6.1f} s")
    print(f"make run to an interactive page, next time:  {again[1]:6.1f} s")


def _bare(home: Path) -> dict[str, str]:
    """An environment as on a fresh machine: an empty home, no caches, no settings."""
    home.mkdir()
    ours = ("HEARTH_", "OLLAMA_", "STREAMLIT_", "VIRTUAL_ENV", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "HOME": str(home),
        "PIP_NO_CACHE_DIR": "1",
        "HEARTH_EMBEDDED": "always",
        "STREAMLIT_SERVER_PORT": str(free_port()),
    }


def _run(clone: Path, environ: dict[str, str]) -> tuple[float, float, float]:
    """Seconds from `make run` until the app starts, can be typed into, and answers."""
    began = time.monotonic()
    make = subprocess.Popen(
        ["make", "run"],
        cwd=clone,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert make.stdout is not None
        address = next(line.split()[-1] for line in make.stdout if "URL:" in line)
        installed = time.monotonic() - began
        interactive, token = _first_token(address)
    finally:
        os.killpg(make.pid, signal.SIGINT)
        make.wait()
    return installed, interactive - began, token - began


def _first_token(address: str) -> tuple[float, float]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=chromium.ARGUMENTS
        )
        page = browser.new_page()
        page.goto(address)
        ready(page)
        interactive = time.monotonic()
        send(page, "What is the capital of France?")
        expect(messages(page)).to_have_count(2)
        # The clock over the reply is a caption; the reply is the Markdown that is none.
        words = "[data-testid=stMarkdown]:not(:has([data-testid=stCaptionContainer])) p"
        expect(messages(page).nth(1).locator(words).first).to_be_visible(timeout=FIRST_TOKEN_WITHIN)
        token = time.monotonic()
        browser.close()
    return interactive, token


def _download(clone: Path, wheels: Path, environ: dict[str, str]) -> float:
    pip = [str(clone / ".venv" / "bin" / "pip"), "download", "-q", "-d", str(wheels)]
    began = time.monotonic()
    for arguments in (["-r", "requirements.txt"], ["--no-deps", "-r", "requirements-embedded.txt"]):
        command = [*pip, "-c", "constraints.txt", *arguments]
        subprocess.run(command, cwd=clone, env=environ, check=True)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
