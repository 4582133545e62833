"""The command line: `python -m chatcore engine` runs the built-in engine by hand, and
`python -m chatcore pair` makes a link that shows your chats in another browser."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chatcore.errors import ChatError
from chatcore.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(arguments)
    try:
        args.run(args)
    except ChatError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


def _engine(args: argparse.Namespace) -> None:
    # Imported late: the web server is of no use to `--help`.
    from chatcore.engine.server import serve

    serve(args.gguf or Settings.from_env(os.environ).gguf, args.port, args.with_parent)


def _pair(args: argparse.Namespace) -> None:
    from chatcore.pairing import pair

    print(pair(Settings.from_env(os.environ), args.owner, args.url))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chatcore", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    engine = commands.add_parser("engine", help="serve one model with the Ollama API on 127.0.0.1")
    engine.set_defaults(run=_engine)
    engine.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    engine.add_argument(
        "--gguf", type=Path, help="a model file to serve instead of the bundled one"
    )
    engine.add_argument(
        "--with-parent", action="store_true", help="print only the port; end when stdin closes"
    )
    pair = commands.add_parser("pair", help="make a link that shows your chats in another browser")
    pair.set_defaults(run=_pair)
    pair.add_argument("--owner", type=int, help="whose chats, where several people have some")
    pair.add_argument(
        "--url", default="http://localhost:8501", help="where the browser finds Hearth"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
