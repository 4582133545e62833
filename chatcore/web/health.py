"""GET /healthz: can the main job be done now? Readiness; liveness is Streamlit's own route."""

import asyncio
import logging
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from chatcore import __version__, errors
from chatcore.errors import ChatError, ModelNotFound
from chatcore.service import hearth

log = logging.getLogger(__name__)

GOOD_FOR = 2.0  # seconds: anybody may ask, and to find out is a commit and a look at the models
REASONS: dict[type[ChatError], str] = {
    ChatError: "Hearth cannot be used now: the server's log says why.",
    errors.SettingsError: "A setting has a value that cannot be used: the server's log says which.",
    errors.StoreError: "The history cannot be used: the server's log says why.",
    errors.DiskFull: "The disk is full, so nothing can be saved: free some space.",
    errors.ModelNotFound: "No model is installed: get one with `ollama pull`.",
    errors.EngineError: "The built-in engine cannot run: the server's log says why.",
    errors.ServerUnreachable: "The model server gives no answer: OLLAMA_HOST names it,"
    " and the page says more.",
    errors.ServerError: "The model server answers with an error: the page says more.",
}
"""Where the history and the model server are, is not for anybody."""


class Health:
    """What was found last, for as long as it is good. For one event loop."""

    def __init__(self) -> None:
        self._looking = asyncio.Lock()
        self._found: tuple[dict[str, Any], int] = ({}, 0)
        self._found_at = float("-inf")

    async def answer(self, _request: Request) -> JSONResponse:
        """200 where a prompt can be stored and answered, else 503 with the reason."""
        async with self._looking:
            if time.monotonic() - self._found_at > GOOD_FOR:
                self._found = await run_in_threadpool(_look)
                self._found_at = time.monotonic()
        found, status = self._found
        return JSONResponse(found, status)


def _look() -> tuple[dict[str, Any], int]:
    try:
        return {"status": "ok", "version": __version__} | _report(), 200
    except ChatError as error:
        log.warning("not ready: %s", error)
        reason = next(REASONS[kind] for kind in type(error).__mro__ if kind in REASONS)
        return {"status": "unavailable", "version": __version__, "reason": reason}, 503


def _report() -> dict[str, Any]:
    services = hearth()
    services.store.check()
    server = services.host.look()
    if not server.models:
        raise ModelNotFound("No model is installed.")
    return {
        "schema": services.store.schema,
        "model_server": {"version": server.version, "embedded": server.embedded},
    }
