"""GET /sessions/<id>/download?format=html|md|json: a chat as a file, for its owner."""

from collections.abc import Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from chatcore.service import hearth
from chatcore.transfer import FORMATS, file_name
from chatcore.types import Session
from chatcore.web.owner import owner_of


async def download(request: Request) -> Response:
    """Raises SessionNotFound; 422 for another format."""
    asked_for = request.query_params.get("format", "html")
    if asked_for not in FORMATS:
        return PlainTextResponse("format is one of: html, md, json.", 422)
    session, pieces = await run_in_threadpool(_open, request, asked_for)
    headers = {
        "cache-control": "private, no-store",
        "content-disposition": f'attachment; filename="{file_name(session.title, asked_for)}"',
    }
    return StreamingResponse(pieces, headers=headers, media_type=FORMATS[asked_for].media_type)


def _open(request: Request, asked_for: str) -> tuple[Session, Iterator[str]]:
    services = hearth()
    store, owner = services.store, owner_of(services, request)
    session = store.session(owner, request.path_params["id"])
    wanted = FORMATS[asked_for]
    messages = store.tree if wanted.whole else store.messages
    write = wanted.write(
        session, messages(owner, session.id), lambda file_id: store.file(owner, file_id)
    )
    return session, write
