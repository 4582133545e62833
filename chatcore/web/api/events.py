"""A reply as server-sent events: `session`, `phase`, `delta`, then `done` or `error`.

The id of an event is a place in the reply, `<characters of thinking>-<characters of text>`, so a
client that lost its connection goes on from there: in the reply under way, in one that was
continued since, or in what is stored. Followers wait on the event loop and hold no thread.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool

from chatcore.errors import ChatError, StoreError
from chatcore.generation import Generation, Phase
from chatcore.service import Hearth
from chatcore.types import Message
from chatcore.web import closing
from chatcore.web.api import bodies
from chatcore.web.refusals import told

EVENTS_PER_SECOND = 20.0
LOOK_EVERY = 1.0  # seconds, for what nobody tells: a place in the line, the server's end
SIGN_OF_LIFE = 15.0  # seconds; proxies close what is silent for longer


class Place:
    """How far a follower has read. A place beyond the end, as after a crash, is the end."""

    def __init__(self, last_event_id: str | None) -> None:
        known = re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", last_event_id or "")
        self.thinking, self.text = (int(known[1]), int(known[2])) if known else (0, 0)

    def __str__(self) -> str:
        return f"{self.thinking}-{self.text}"

    def deltas(self, thinking: str, text: str) -> Iterator[bytes]:
        """What comes next."""
        if thinking:
            self.thinking += len(thinking)
            yield event("delta", {"thinking": thinking}, str(self))
        if text:
            self.text += len(text)
            yield event("delta", {"content": text}, str(self))


def event(name: str, data: dict[str, Any], at: str = "") -> bytes:
    place = f"id: {at}\n" if at else ""
    content = json.dumps(data, ensure_ascii=False)
    return f"event: {name}\n{place}data: {content}\n\n".encode("utf-8", "replace")


async def follow(
    services: Hearth, owner: int, session_id: str, reply: Message, last_event_id: str | None
) -> AsyncIterator[bytes]:
    """To the reply's end, or until the server is told to stop."""
    place = Place(last_event_id)
    yield event("session", {"session_id": session_id, "message_id": str(reply.id)})
    try:
        generation = await run_in_threadpool(services.generations.of, owner, reply)
        if generation is not None:
            async for sent in _live(generation, place):
                yield sent
        if not closing.begun():
            reply = await run_in_threadpool(services.store.message, owner, reply.id)
            for sent in _stored(reply, generation, place):
                yield sent
    except ChatError as error:
        yield event("error", told(error))


async def _live(generation: Generation, place: Place) -> AsyncIterator[bytes]:
    changed, loop = asyncio.Event(), asyncio.get_running_loop()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop has ended with the server
            loop.call_soon_threadsafe(changed.set)

    with generation.watched(wake):
        phase: dict[str, Any] = {}
        added = generation.added()
        thinking, text = added.thinking[place.thinking :], added.body[place.text :]
        sent_at = time.monotonic()
        while not closing.begun():
            if (entered := _phase(generation.phase)) != phase:
                phase = entered
                yield event("phase", phase)
            for delta in place.deltas(thinking, text):
                sent_at = time.monotonic()
                yield delta
            if added.over:
                return
            if time.monotonic() - sent_at > SIGN_OF_LIFE:
                sent_at = time.monotonic()
                yield b": still here\n\n"
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), LOOK_EVERY)
            await asyncio.sleep(max(0.0, sent_at + 1 / EVENTS_PER_SECOND - time.monotonic()))
            changed.clear()
            added = generation.added(added.pieces)
            thinking, text = added.thinking, added.body


def _stored(reply: Message, generation: Generation | None, place: Place) -> Iterator[bytes]:
    if reply.state == "streaming":
        unsaved = generation.unsaved if generation else None
        raise StoreError(unsaved or "The reply was cut short: follow it again in a moment.")
    yield from place.deltas(reply.thinking[place.thinking :], reply.body[place.text :])
    if reply.state == "error":
        hint = "Its text so far is kept: send the message again, or continue it on the page."
        failure = {"code": "reply_failed", "message": reply.error or "", "hint": hint}
        yield event("error", failure, str(place))
    else:
        message = bodies.Message.of(reply).model_dump()
        yield event("done", {"message": message}, str(place))


def _phase(phase: Phase) -> dict[str, Any]:
    match phase.doing:
        case "queued":
            return {"phase": "queued", "ahead": phase.tokens}
        case "reading":
            return {"phase": "reading", "tokens": phase.tokens}
    return {"phase": phase.doing}
