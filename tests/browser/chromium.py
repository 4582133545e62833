"""Find a browser of the Chromium family, or install one: `python -m tests.browser.chromium`.

CHROMIUM names one; else Chrome, Chromium or Edge where they usually are, else Playwright's own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

COMMANDS = ("google-chrome", "google-chrome-stable", "chrome", "chromium", "chromium-browser")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
# No sandbox, which root and containers have not, and no calls home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """The path of a browser that is there, or None."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    for command in (*COMMANDS, "microsoft-edge"):
        if path := shutil.which(command):
            return path
    for path in (*APPLICATIONS, _playwrights_own()):
        if Path(path).exists():
            return path
    return None


def _playwrights_own() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def install() -> None:
    """The distribution's package where we may, else Playwright's download."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "chromium"], env=environment, check=False
        )
    if find() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> None:
    if find() is None:
        print("No browser found for the tests: installing Chromium ...", flush=True)
        install()
    if (path := find()) is None:
        sys.exit(
            "No browser for the tests: install Chromium, or name one: CHROMIUM=/path make test"
        )
    print(f"Browser for the tests: {path}", flush=True)


if __name__ == "__main__":
    main()
