"""GET /healthz: can the main job be done now? Readiness; liveness is Streamlit's own route."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from chatcore import __version__
from chatcore.errors import ChatError, ModelNotFound
from chatcore.service import hearth


async def healthz(_request: Request) -> JSONResponse:
    """200 where a prompt can be stored and answered, else 503 with the reason."""
    try:
        report = await run_in_threadpool(_report)
    except ChatError as error:
        return JSONResponse(
            {"status": "unavailable", "version": __version__, "reason": str(error)}, 503
        )
    return JSONResponse({"status": "ok", "version": __version__} | report)


def _report() -> dict[str, Any]:
    services = hearth()
    services.store.check()
    server = services.host.look()
    if not server.models:
        raise ModelNotFound(f"No model is installed on {server.host}: get one with `ollama pull`.")
    return {
        "schema": services.store.schema,
        "model_server": {
            "host": server.host,
            "version": server.version,
            "embedded": server.embedded,
        },
    }
