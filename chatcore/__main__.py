"""The command line: `python -m chatcore engine` runs the built-in engine by hand."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chatcore.errors import ChatError
from chatcore.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(arguments)
    # Imported late: the web server is of no use to `--help`.
    from chatcore.engine.server import serve

    try:
        gguf = args.gguf or Settings.from_env(os.environ).gguf
        serve(gguf, args.port, args.with_parent)
    except ChatError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chatcore", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    engine = commands.add_parser("engine", help="serve one model with the Ollama API on 127.0.0.1")
    engine.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    engine.add_argument(
        "--gguf", type=Path, help="a model file to serve instead of the bundled one"
    )
    engine.add_argument(
        "--with-parent", action="store_true", help="print only the port; end when stdin closes"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
