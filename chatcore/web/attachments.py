"""GET /attachments/<id>: a file of a message, to look at or to download again, for its owner; with
`?session=<id>&key=<key>` for whoever has a link to the chat that shows it.

The page links here, so no run of its script carries a file.
"""

from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from chatcore.ids import number
from chatcore.service import hearth
from chatcore.sharing import key_hash
from chatcore.types import File
from chatcore.web.owner import owner_of


async def attachment(request: Request) -> Response:
    """Raises MessageNotFound."""
    return await run_in_threadpool(_answer, request)


def _answer(request: Request) -> Response:
    digest, file = _asked(request)
    headers = {"cache-control": "private, no-cache", "etag": f'"{digest()}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    found = file()
    # A browser's viewer of PDFs may be a plugin, which our policy forbids.
    shown = "attachment" if found.media_type == "application/pdf" else "inline"
    headers["content-disposition"] = f"{shown}; filename*=UTF-8''{quote(found.name, safe='')}"
    return Response(found.data, headers=headers, media_type=found.media_type)


def _asked(request: Request) -> tuple[Callable[[], str], Callable[[], File]]:
    """How to read the file's digest, and the file."""
    services, attachment_id = hearth(), number(request.path_params["id"])
    store, shares = services.store, services.store.shares
    key = request.query_params.get("key")
    if key is None:
        mine = (owner_of(services, request), attachment_id)
        return partial(store.digest, *mine), partial(store.file, *mine)
    shared = (request.query_params.get("session", ""), key_hash(key), attachment_id)
    return partial(shares.digest, *shared), partial(shares.file, *shared)
