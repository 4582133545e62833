"""Headers on every response, so that a page can neither leak nor be framed.

Model text is hostile input: an image in it would carry what it likes to another host. Under this
policy the browser fetches nothing from anywhere but this server.
"""

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatcore.web import index

STARTS = ("http.response.start", "websocket.http.response.start")
MISTAKE = "Something went wrong here; the server's log says what."


class SecurityHeaders:
    """ASGI middleware. What a route says itself is stricter, and stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = {
            "content-security-policy": content_security_policy(),
            "cross-origin-resource-policy": "same-origin",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "x-robots-tag": "noindex",
            "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "websocket.close" and not begun:
                # Refused: the server's own answer would have no headers.
                await Response(status_code=403)(scope, receive, send_with_headers)
                return
            begun = True
            if message["type"] in STARTS:
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            if scope["type"] == "http" and not begun:
                await PlainTextResponse(MISTAKE, 500)(scope, receive, send_with_headers)
            raise  # into the log


def content_security_policy() -> str:
    """`blob:` is what Streamlit loads inline components from; only a script can make one."""
    scripts = " ".join(["'self'", "blob:", *_inline_scripts()])
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "frame-src 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "object-src 'none'",
        ]
    )


def _inline_scripts() -> list[str]:
    """The hashes of the inline scripts in the page that Streamlit serves."""
    scripts = re.findall(r"<script>(.*?)</script>", index.streamlits(), re.DOTALL)
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
