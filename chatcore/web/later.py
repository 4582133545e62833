"""That a run of a page has begun, told to its browser when the words of a reply are there.

For each thing that it is told of a run, React draws the whole page anew: for this one, to fade what
the run has not drawn again yet. After a prompt that is most of what the first word waits for.
"""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatcore.asked import Told

LATER = 0.2  # seconds; news.js waits for longer before it takes a page for idle


class Later:
    """ASGI middleware for the websockets of pages."""

    def __init__(
        self,
        app: ASGIApp,
        is_prompt: Callable[[bytes], bool],
        told: Callable[[bytes], Told | None],
    ) -> None:
        """is_prompt: of a frame from the browser; told: what one to it says of a run."""
        self._app = app
        self._is_prompt = is_prompt
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        page = _Page(send, self._told)

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
    def __init__(self, send: Send, told: Callable[[bytes], Told | None]) -> None:
        self.awaits = False
        """To be told that the run of a prompt begins."""
        self._send = send
        self._told = told
        self._begun: Message | None = None
        self._in_time: asyncio.Task[None] | None = None
        self._in_order = asyncio.Lock()

    async def send(self, message: Message) -> None:
        if self.awaits or self._begun:
            told = self._told(message.get("bytes") or b"")
            if self.awaits and told == "begins":
                self.awaits, self._begun = False, message
                self._in_time = asyncio.create_task(self._tell_in_time())
                return
            if told:
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
