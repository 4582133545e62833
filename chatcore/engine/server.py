"""Runs the engine in this process: binds the port, tells it, serves until told to stop."""

import os
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

import uvicorn

from chatcore.engine.api import create_app
from chatcore.engine.model import Model
from chatcore.engine.served import bundled_model, own_model
from chatcore.errors import EngineError

_HOST = "127.0.0.1"


def serve(gguf: Path | None, port: int, with_parent: bool) -> None:
    """Serve the bundled model, or `gguf`, on `port` of this machine alone.

    with_parent: print nothing but the port, and end at the end of stdin.
    """
    model = Model(bundled_model() if gguf is None else own_model(gguf))
    listener = listen(port)
    bound = listener.getsockname()[1]
    if with_parent:
        threading.Thread(target=_end_with_stdin, args=(model,), daemon=True).start()
        print(bound, flush=True)
    else:
        print(f"Serving {model.served.name} at http://{_HOST}:{bound} until Ctrl-C.", flush=True)
    config = uvicorn.Config(
        create_app(model),
        log_level="warning",
        timeout_graceful_shutdown=1,
        # The default would use uvloop and httptools where they happen to be installed.
        loop="asyncio",
        http="h11",
        ws="none",
    )
    # uvicorn has ended in good order by then, and passes the signal on.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def listen(port: int) -> socket.socket:
    """0 for any that is free. Raises EngineError."""
    # Where the protocol is not named, asyncio leaves each token to wait until the one before it is
    # confirmed.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except (OSError, OverflowError) as exc:
        listener.close()
        raise EngineError(f"Port {port} of {_HOST} cannot be used: {exc}.") from exc
    # Before the port is told: a caller that is quick waits instead of being refused.
    listener.listen(128)
    return listener


def _end_with_stdin(model: Model) -> None:
    # Not sys.stdin: a thread blocked in it would hold a lock that the interpreter's end needs.
    while os.read(0, 1024):
        pass
    try:
        model.unload()
    finally:
        # Not sys.exit: nothing may delay the end, neither a reply under way nor a full queue.
        os._exit(0)
