"""GET /prompts: the saved prompts of the one who asks, as page.js lists them; /prompts/<id>: the
text of one.

The page asks when they are needed, so that no run of its script carries them.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from chatcore.ids import number
from chatcore.service import hearth
from chatcore.web.owner import owner_of

HEADERS = {"cache-control": "no-store"}


async def prompts(request: Request) -> Response:
    return JSONResponse(await run_in_threadpool(_listed, request), headers=HEADERS)


async def prompt(request: Request) -> Response:
    """Raises PromptNotFound."""
    return PlainTextResponse(await run_in_threadpool(_text, request), headers=HEADERS)


def _listed(request: Request) -> list[dict[str, str]]:
    services = hearth()
    found = services.store.prompts.of(owner_of(services, request))
    return [{"id": str(each.id), "name": each.name, "begins": each.begins} for each in found]


def _text(request: Request) -> str:
    services = hearth()
    return services.store.prompts.text(
        owner_of(services, request), number(request.path_params["id"])
    )
