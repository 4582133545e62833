"""Lets in only requests that a program on this machine makes to this machine.

A web page whose name was made to point at 127.0.0.1 sends that name as Host; a page that calls
the port directly sends its own address as Origin. Both are refused.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class LoopbackOnly:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_local(Headers(scope=scope)):
            refusal = JSONResponse({"error": "this engine answers only its own machine"}, 403)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_local(headers: Headers) -> bool:
    origin = headers.get("origin")
    return _names_loopback("//" + headers.get("host", "")) and (
        origin is None or _names_loopback(origin)
    )


def _names_loopback(address: str) -> bool:
    try:
        return urlsplit(address).hostname in _LOOPBACK
    except ValueError:
        return False
