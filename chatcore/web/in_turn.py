"""What a page is asked for, one after the other.

Streamlit ends the run of a page for the next frame from its browser, and when the page is closed.
Frames that come together, after a network that stood still, would end runs that had yet to take
what they brought: a prompt would be lost, or a later one stored before it.
"""

import asyncio
import logging
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatcore import service
from chatcore.asked import Asked, Stamped

log = logging.getLogger(__name__)


class InTurn:
    """ASGI middleware for the websockets of pages: what comes waits until what came before it was
    taken; the end of the connection, too."""

    def __init__(self, app: ASGIApp, stamp: Callable[[bytes], Stamped | None]) -> None:
        """stamp: None for a frame that nothing need wait for."""
        self._app = app
        self._stamp = stamp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        before: _Frame | None = None

        async def in_turn() -> Message:
            nonlocal before
            message = await receive()
            if before:
                await before.taken()
                before = None
            services = service.running()  # None: the page tells why, and takes nothing
            if services and (stamped := self._stamp(message.get("bytes") or b"")):
                message["bytes"] = stamped.frame
                before = _Frame(services.asked, stamped)
            return message

        try:
            await self._app(scope, in_turn, send)
        finally:
            if before:
                before.forget()


class _Frame:
    """That was handed on."""

    def __init__(self, asked: Asked, stamped: Stamped) -> None:
        self._asked = asked
        self._stamped = stamped
        self._taken = asyncio.Event()
        loop = asyncio.get_running_loop()
        asked.note(stamped.token, lambda: loop.call_soon_threadsafe(self._taken.set))

    async def taken(self) -> None:
        """Wait for it, but not for ever: a run may end for a mistake."""
        try:
            async with asyncio.timeout(self._stamped.patience):
                await self._taken.wait()
        except TimeoutError:
            log.warning("a page did not take what it was asked for: the next goes on")
        finally:
            self.forget()

    def forget(self) -> None:
        self._asked.forget(self._stamped.token)
