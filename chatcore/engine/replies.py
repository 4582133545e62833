"""Sends the chunks of a reply: as NDJSON lines, or put together as one JSON object.

The client's leaving cancels the work at once: in the queue, while loading, reading or writing.
"""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import anyio
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from chatcore.engine.generation import Chunk
from chatcore.engine.refusals import Refused

Wrap = Callable[[str], Chunk]


class Reply:
    """An ASGI response. `wrap` says where a route keeps the text of a chunk."""

    def __init__(self, chunks: AsyncGenerator[Chunk, None], wrap: Wrap, stream: bool) -> None:
        self._chunks = chunks
        self._wrap = wrap
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(_cancel_when_gone, receive, group.cancel_scope)
            if self._stream:
                await self._send_lines(send)
            else:
                response = await self._whole()
                await response(scope, receive, send)
            group.cancel_scope.cancel()

    async def _send_lines(self, send: Send) -> None:
        begun = False
        async with aclosing(self._guarded()) as chunks:
            async for status, chunk in chunks:
                # Only now: an error before the first chunk still has its own status.
                if not begun:
                    await send(_head(status))
                    begun = True
                # ASCII only: clients split lines at U+2028 and U+0085 too.
                line = json.dumps(chunk).encode() + b"\n"
                await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _whole(self) -> JSONResponse:
        texts: list[str] = []
        last: Chunk = {}
        async with aclosing(self._chunks) as chunks:
            try:
                async for last in chunks:
                    texts.append(str(last.pop("text")))
            except Refused as exc:
                return JSONResponse({"error": exc.message}, exc.status)
        return JSONResponse(last | self._wrap("".join(texts)))

    async def _guarded(self) -> AsyncGenerator[tuple[int, Chunk], None]:
        """The chunks as the route words them; an error is the last one."""
        async with aclosing(self._chunks) as chunks:
            try:
                async for chunk in chunks:
                    yield 200, chunk | self._wrap(str(chunk.pop("text")))
            except Refused as exc:
                yield exc.status, {"error": exc.message}


def _head(status: int) -> Message:
    kind = b"application/x-ndjson" if status == 200 else b"application/json"
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [(b"content-type", kind)],
    }


async def _cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
