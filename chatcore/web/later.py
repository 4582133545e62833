"""That a run of a page has begun, told to its browser a moment late, where a prompt began it.

For each thing that it is told of a run, React draws the whole page anew: for this one, to fade what
the run has not drawn again yet. The first word of a reply would wait for that.
"""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LATER = 0.4  # seconds; news.js waits for longer before it takes a page for idle


class Later:
    """ASGI middleware for the websockets of pages."""

    def __init__(
        self,
        app: ASGIApp,
        is_prompt: Callable[[bytes], bool],
        begins: Callable[[bytes], bool],
        ends: Callable[[bytes], bool],
    ) -> None:
        """is_prompt: of a frame from the browser; begins, ends: whether one to it says so."""
        self._app = app
        self._is_prompt = is_prompt
        self._begins = begins
        self._ends = ends

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        page = _Page(send, self._begins, self._ends)

        async def receive_prompt() -> Message:
            message = await receive()
            if self._is_prompt(message.get("bytes") or b""):
                page.awaits = True
            return message

        try:
            await self._app(scope, receive_prompt, page.send)
        finally:
            page.leave()


class _Page:
    def __init__(
        self, send: Send, begins: Callable[[bytes], bool], ends: Callable[[bytes], bool]
    ) -> None:
        self.awaits = False
        """To be told that the run of a prompt begins."""
        self._send = send
        self._begins = begins
        self._ends = ends
        self._begun: Message | None = None
        self._in_time: asyncio.Task[None] | None = None
        self._in_order = asyncio.Lock()

    async def send(self, message: Message) -> None:
        frame = message.get("bytes") or b""
        if self.awaits and self._begins(frame):
            self.awaits, self._begun = False, message
            self._in_time = asyncio.create_task(self._tell_in_time())
            return
        if message["type"] == "websocket.close":
            self.leave()
        elif self._begun and self._ends(frame):
            await self._tell()
        async with self._in_order:
            await self._send(message)

    async def _tell_in_time(self) -> None:
        await asyncio.sleep(LATER)
        await self._tell()

    async def _tell(self) -> None:
        async with self._in_order:
            begun, self._begun = self._begun, None
            if begun:
                await self._send(begun)

    def leave(self) -> None:
        if self._in_time:
            self._in_time.cancel()
