"""GET /attachments/<id>: a file of a message, to look at or to download again, for its owner; with
`?session=<id>&key=<key>` for whoever has a link to the chat that shows it.

The page links here, so no run of its script carries a file.
"""

import hashlib
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from chatcore.errors import ChatError
from chatcore.service import hearth
from chatcore.sharing import key_hash
from chatcore.types import File
from chatcore.web.ids import number
from chatcore.web.owner import owner_of


async def attachment(request: Request) -> Response:
    """404 with the reason where there is none, or none of this owner's."""
    try:
        file = await run_in_threadpool(_file, request)
    except ChatError as error:
        return PlainTextResponse(str(error), 404)
    headers = _headers(file)
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(file.data, headers=headers, media_type=file.media_type)


def _file(request: Request) -> File:
    services = hearth()
    attachment_id = number(request)
    key = request.query_params.get("key")
    if key is None:
        return services.store.file(owner_of(services, request), attachment_id)
    session_id = request.query_params.get("session", "")
    return services.store.shares.file(session_id, key_hash(key), attachment_id)


def _headers(file: File) -> dict[str, str]:
    # A browser's viewer of PDFs may be a plugin, which our policy forbids.
    shown = "attachment" if file.media_type == "application/pdf" else "inline"
    return {
        "cache-control": "private, no-cache",
        "content-disposition": f"{shown}; filename*=UTF-8''{quote(file.name, safe='')}",
        "cross-origin-resource-policy": "same-origin",
        "etag": f'"{hashlib.sha256(file.data).hexdigest()}"',
    }
