"""GET /prompts: the saved prompts of the one who asks, as page.js lists them; /prompts/<id>: the
text of one.

The page asks when they are needed, so that no run of its script carries them.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from chatcore.errors import ChatError
from chatcore.service import hearth
from chatcore.web.ids import number
from chatcore.web.owner import owner_of

HEADERS = {"cache-control": "no-store", "cross-origin-resource-policy": "same-origin"}


async def prompts(request: Request) -> Response:
    try:
        found = await run_in_threadpool(_listed, request)
    except ChatError as error:
        return PlainTextResponse(str(error), 403, HEADERS)
    return JSONResponse(found, headers=HEADERS)


async def prompt(request: Request) -> Response:
    """404 with the reason where there is none, or none of this owner's."""
    try:
        text = await run_in_threadpool(_text, request)
    except ChatError as error:
        return PlainTextResponse(str(error), 404, HEADERS)
    return PlainTextResponse(text, headers=HEADERS)


def _listed(request: Request) -> list[dict[str, str]]:
    services = hearth()
    found = services.store.prompts.of(owner_of(services, request))
    return [{"id": str(each.id), "name": each.name, "begins": each.begins} for each in found]


def _text(request: Request) -> str:
    services = hearth()
    return services.store.prompts.text(owner_of(services, request), number(request))
