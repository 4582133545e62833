"""Who is let in at all: under a name of this server, and to the page from the page itself."""

import logging
import re
from collections.abc import Callable, Collection

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from chatcore.web.origin import is_same_origin

log = logging.getLogger(__name__)

OTHER_HOST = "This server is not known by that name: server.allowedHosts says which it has."
OTHER_PAGE = (
    "Only a page of this server may do that: let your proxy pass the Host header on,"
    " or name the page's origin in server.corsAllowedOrigins."
)
NOT_HERE = "Nobody is told that here."
# Streamlit tells anybody how many pages are open and how many bytes wait on them to be sent, and
# has a second way to drive a page, which no page uses.
UNUSED = re.compile(r"/_stcore/(metrics|agent)(/|$)")


class Gate:
    """ASGI middleware, before anybody is told apart: who is refused is noted nowhere."""

    def __init__(
        self, app: ASGIApp, is_host_allowed: Callable[[str | None], bool], origins: Collection[str]
    ) -> None:
        """origins: of pages elsewhere that may open a websocket, e.g. "https://chat.example"."""
        self._app = app
        self._is_host_allowed = is_host_allowed
        self._origins = frozenset(origin.strip().rstrip("/").lower() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if refusal := self._refusal(scope):
            log.info("refused: %s", refusal)
            await PlainTextResponse(refusal, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> str:
        """Why not; "" where nothing is against it."""
        if scope["type"] not in ("http", "websocket"):
            return ""
        connection = HTTPConnection(scope)
        hosts = connection.headers.getlist("host")
        if not self._is_host_allowed(hosts[0] if len(hosts) == 1 else None):
            return OTHER_HOST
        if UNUSED.search(scope["path"]):
            return NOT_HERE
        if scope["type"] == "websocket" and not self._may_open(connection):
            return OTHER_PAGE
        return ""

    def _may_open(self, connection: HTTPConnection) -> bool:
        """Every browser tells the origin of the page; what tells none is no browser."""
        origins = connection.headers.getlist("origin")
        listed = len(origins) == 1 and origins[0].lower() in self._origins
        return not origins or listed or is_same_origin(connection)
