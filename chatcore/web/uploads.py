"""What files may wait on pages for the message that takes them: Streamlit limits each, not all."""

import re
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from chatcore import service
from chatcore.identity import INTERNAL

PAGE = 100 << 20  # bytes
ALL = 1 << 30
UPLOAD = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+/?")


class Uploads:
    """ASGI middleware behind Visitors. Streamlit frees a page's files when they are sent, and some
    minutes after the page was closed."""

    def __init__(self, app: ASGIApp, held: Callable[[], Mapping[str, int]]) -> None:
        """held: the bytes that wait now, by the session of Streamlit."""
        self._app = app
        self._held = held
        self._coming: list[tuple[str, int]] = []
        """Session and bytes of what is on its way."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        to = UPLOAD.search(scope["path"]) if scope["type"] == "http" else None
        if to is None or scope["method"] not in ("PUT", "DELETE"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        brings = scope["method"] == "PUT"
        tab, length = to[1], request.headers.get("content-length", "") if brings else "0"
        if refusal := self._refusal(request, tab, length):
            await refusal(scope, receive, send)
            return
        coming = (tab, int(length))
        self._coming.append(coming)
        try:
            await self._app(scope, receive, send)
        finally:
            self._coming.remove(coming)

    def _refusal(self, request: Request, tab: str, length: str) -> PlainTextResponse | None:
        services = service.running()
        if services is None or not services.tabs.is_of(tab, request.headers.get(INTERNAL)):
            return PlainTextResponse("This is not a page of yours: reload it.", 403)
        if not re.fullmatch("[0-9]{1,12}", length):
            return PlainTextResponse("Say in Content-Length how long the file is.", 411)
        waiting = [*self._held().items(), *self._coming, (tab, int(length))]
        if sum(size for each, size in waiting if each == tab) > PAGE:
            return PlainTextResponse("Too many files wait on this page: send some first.", 413)
        if sum(size for _, size in waiting) > ALL:
            return PlainTextResponse("Too many files wait here: try again in a minute.", 507)
        return None
