"""GET /healthz: can the main job be done now? Readiness; liveness is Streamlit's own route."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from chatcore import __version__
from chatcore.errors import ChatError, ModelNotFound, ServerError, ServerUnreachable
from chatcore.service import hearth


async def healthz(_request: Request) -> JSONResponse:
    """200 where a prompt can be stored and answered, else 503 with the reason."""
    try:
        report = await run_in_threadpool(_report)
    except ChatError as error:
        return JSONResponse(
            {"status": "unavailable", "version": __version__, "reason": _reason(error)}, 503
        )
    return JSONResponse({"status": "ok", "version": __version__} | report)


def _reason(error: ChatError) -> str:
    """Anybody may ask, and where the model server is, is not for anybody."""
    if isinstance(error, ServerUnreachable | ServerError):
        return "The model server gives no answer: OLLAMA_HOST names it, and the page says more."
    return str(error)


def _report() -> dict[str, Any]:
    services = hearth()
    services.store.check()
    server = services.host.look()
    if not server.models:
        raise ModelNotFound("No model is installed: get one with `ollama pull`.")
    return {
        "schema": services.store.schema,
        "model_server": {"version": server.version, "embedded": server.embedded},
    }
