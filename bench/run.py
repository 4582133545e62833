"""`python -m bench.run`: measure in a real browser, print a table, write bench/results.json.

The model server is a scripted one in a process of its own, so every figure is the app's alone.
"""

import argparse
import json
import os
import platform
import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from bench.figures import FIGURES, ONCE, Lab, Round, Values, laboratory
from bench.table import median, table
from chatcore import __version__
from tests.browser.server import ROOT

RESULTS = Path(__file__).with_name("results.json")
LIBRARIES = ("streamlit", "starlette", "uvicorn", "ollama", "playwright")


def main() -> None:
    arguments = _arguments()
    with laboratory() as lab:
        facts = _facts(lab) | {"rounds": arguments.rounds}
        print(_headline(facts), flush=True)
        figures = measure(lab, arguments.only, arguments.rounds)
    print(table(figures))
    if any(values.get("bytes", 0) is None for rounds in figures.values() for values in rounds):
        print("\nBytes were not measured: that takes Linux and `ss`, of the package iproute2.")
    _write(facts, figures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument(
        "--only", type=_names, default=list(FIGURES), help=f"some of {','.join(FIGURES)}"
    )
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(FIGURES):
        raise argparse.ArgumentTypeError(f"no such figure: {', '.join(sorted(unknown))}")
    return names


def measure(lab: Lab, names: list[str], rounds: int) -> dict[str, list[Values]]:
    """Round by round, so that what else the machine does meanwhile hits every figure alike."""
    figures: dict[str, list[Values]] = {name: [] for name in names}
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}:", end="", flush=True)
        with ExitStack() as until_its_end:
            this = Round(lab, until_its_end)
            for name in names:
                if number == 1 or name not in ONCE:
                    print(f" {name}", end="", flush=True)
                    figures[name].append(FIGURES[name](this))
        print()
    return figures


def _facts(lab: Lab) -> dict[str, Any]:
    """When, where and of what."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "changed_since": bool(_git("status", "--porcelain")),
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "load_at_start": psutil.getloadavg(),
        },
        "versions": {
            "hearth": __version__,
            "python": platform.python_version(),
            "browser": lab.browser.version,
        }
        | {name: version(name) for name in LIBRARIES},
    }


def _git(*arguments: str) -> str | None:
    """What git says; None outside a repository, and where there is no git."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _headline(facts: dict[str, Any]) -> str:
    machine, versions = facts["machine"], facts["versions"]
    commit = (facts["commit"] or "no commit")[:10] + " and changes" * facts["changed_since"]
    return (
        f"Hearth {versions['hearth']} ({commit}), Streamlit {versions['streamlit']},"
        f" Chromium {versions['browser']}\n{machine['cores']} cores of {machine['processor']},"
        f" load {machine['load_at_start'][0]:.1f} before; median (least-most)"
    )


def _write(facts: dict[str, Any], figures: dict[str, list[Values]]) -> None:
    measured = {
        name: {"medians": {key: median(rounds, key) for key in rounds[0]}, "rounds": rounds}
        for name, rounds in figures.items()
    }
    RESULTS.write_text(json.dumps(facts | {"figures": measured}, indent=1) + "\n")
    print(f"\nEvery round: {RESULTS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
