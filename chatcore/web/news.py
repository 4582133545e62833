"""GET /news?session=<id>: the marks of what a page with that chat open would show now, for its
owner. Every page in sight asks every two seconds (news.js), so it is two small reads."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from chatcore import news
from chatcore.errors import SessionNotFound
from chatcore.service import Hearth, hearth
from chatcore.types import Session
from chatcore.web.owner import owner_of

HEADERS = {"cache-control": "no-store"}


async def what_is_new(request: Request) -> Response:
    return PlainTextResponse(await run_in_threadpool(_marks, request), headers=HEADERS)


def _marks(request: Request) -> str:
    services = hearth()
    owner = owner_of(services, request)
    under_way = services.generations.under_way(owner)
    session = _session(services, owner, request.query_params.get("session", ""))
    sessions = services.store.sessions(owner, news.SESSIONS)
    of_others = news.of_others(sessions, session, under_way)
    return f"{news.of_open(session, under_way)} {of_others}"


def _session(services: Hearth, owner: int, session_id: str) -> Session | None:
    try:
        return services.store.session(owner, session_id) if session_id else None
    except SessionNotFound:
        return None
