"""Replies under way. The server owns a reply; pages only follow it, and may vanish at any moment.

Every reply is an asyncio task on one background loop, where cancelling closes the model's
connection at once, even before its first word. Nothing here knows Streamlit.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any

from chatcore.context import window, wire_messages
from chatcore.errors import ChatError, ModelNotFound, StoreError
from chatcore.host import ModelHost
from chatcore.store import Store
from chatcore.types import ChatRequest, Chunk, Message, State, Turn, Usage

log = logging.getLogger(__name__)

DRAFT_EVERY = 0.25  # seconds
SAVE_AGAIN_AFTER = 5.0  # seconds, when the disk was full
HEARTBEAT = 0.25  # seconds a follower waits before it looks whether its page is still there


class Generation:
    """One reply: all its text so far, for as many followers as come, from the first word."""

    def __init__(self, owner: int, turn: Turn) -> None:
        self.owner = owner
        self.turn = turn
        self.thinking = ""
        self.usage: Usage | None = None
        self.error: str | None = None
        self.unsaved: str | None = None
        """Why the finished reply is not on disk yet."""
        self._parts: list[str] = []
        self._first_token: int | None = None
        self._started = time.perf_counter_ns()
        self._ended = False
        self._changed = threading.Condition()

    @property
    def body(self) -> str:
        return "".join(self._parts)

    @property
    def rev(self) -> int:
        """Grows with the text."""
        return len(self._parts) + len(self.thinking)

    def add(self, chunk: Chunk) -> None:
        with self._changed:
            if self._first_token is None and (chunk.content or chunk.thinking):
                self._first_token = time.perf_counter_ns() - self._started
            if chunk.content:
                self._parts.append(chunk.content)
            self.thinking += chunk.thinking
            if chunk.usage:
                self.usage = replace(chunk.usage, first_token_duration=self._first_token)
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing more will come: followers finish with what there is."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def follow(self, rate: float, heartbeat: Callable[[], object]) -> Iterator[str]:
        """The text from its first word to its last, in at most `rate` pieces a second.

        `heartbeat` is called while waiting: it may raise to leave.
        """
        taken, last = 0, -1.0
        while True:
            self._wait_for_more(taken, heartbeat)
            if not self._ended:
                time.sleep(max(0.0, last + 1 / rate - time.monotonic()))
            with self._changed:
                new, ended = "".join(self._parts[taken:]), self._ended
                taken = len(self._parts)
            last = time.monotonic()
            if new:
                yield new
            if ended:
                return

    def _wait_for_more(self, taken: int, heartbeat: Callable[[], object]) -> None:
        while True:
            with self._changed:
                if self._ended or len(self._parts) > taken:
                    return
                self._changed.wait(HEARTBEAT)
            heartbeat()


class Generations:
    """Every reply under way in this process, by its session's primary key."""

    def __init__(self, store: Store, host: ModelHost, num_ctx: int) -> None:
        self._store = store
        self._host = host
        self._num_ctx = num_ctx
        self._running: dict[int, Generation] = {}
        self._registered = threading.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="hearth-replies", daemon=True
        )
        self._thread.start()

    def start(self, owner: int, session_id: str | None, prompt: str, model: str) -> Generation:
        """Store the prompt, then let the model answer it.

        Raises what Store.begin_turn raises; then nothing was sent.
        """
        turn = self._store.begin_turn(owner, session_id, prompt, model)
        generation = Generation(owner, turn)
        with self._registered:
            self._running[turn.session.pk] = generation
            self._registered.notify_all()
        self._loop.call_soon_threadsafe(self._spawn, self._run(generation))
        return generation

    def of(self, owner: int, message: Message) -> Generation | None:
        """The generation of a `streaming` message; None if it ended since it was read."""
        with self._registered:
            while message.state == "streaming":
                generation = self._running.get(message.session_pk)
                if generation is not None and generation.turn.reply.id == message.id:
                    return generation
                # Committed by another page, which registers it within a moment.
                self._registered.wait(HEARTBEAT)
                message = self._store.message(owner, message.id)
        return None

    def close(self) -> None:
        """End every reply where it is, as `interrupted`, and stop the loop. Idempotent."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._interrupt_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _interrupt_all(self) -> None:
        self._closing = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    async def _run(self, generation: Generation) -> None:
        drafts = self._loop.create_task(self._save_drafts(generation))
        state: State = "done"
        try:
            await self._answer(generation)
        except ChatError as error:
            state, generation.error = "error", str(error)
        except asyncio.CancelledError:
            state = "interrupted"
        except Exception:
            log.exception("a reply failed in our own code")
            state, generation.error = "error", "Hearth made a mistake here: its log says more."
        drafts.cancel()
        try:
            await self._finish(generation, state)
        finally:
            self._forget(generation)
            generation.end()

    def _forget(self, generation: Generation) -> None:
        """Once stored, the session is free, and its next reply may be registered already."""
        with self._registered:
            pk = generation.turn.session.pk
            if self._running.get(pk) is generation:
                del self._running[pk]

    async def _answer(self, generation: Generation) -> None:
        client = await asyncio.to_thread(self._host.client)
        if not generation.turn.reply.model:
            await asyncio.to_thread(client.version)  # a dead server is the better reason
            raise ModelNotFound(
                f"No model is installed on {client.host}: get one, e.g. `ollama pull qwen3:8b`."
            )
        request = await asyncio.to_thread(self._request, generation, client.context_length)
        async for chunk in client.chat(request):
            generation.add(chunk)

    def _request(
        self, generation: Generation, context_length: Callable[[str], int | None]
    ) -> ChatRequest:
        session, model = generation.turn.session, generation.turn.reply.model
        branch = self._store.messages(generation.owner, session.id)
        num_ctx = window(self._num_ctx, context_length(model))
        return ChatRequest(model, wire_messages(branch), {"num_ctx": num_ctx})

    async def _save_drafts(self, generation: Generation) -> None:
        saved = 0
        while True:
            await asyncio.sleep(DRAFT_EVERY)
            if (rev := generation.rev) > saved:
                saved = rev
                self._store.save_draft(
                    generation.owner,
                    generation.turn.reply.id,
                    rev,
                    generation.body,
                    generation.thinking,
                )

    async def _finish(self, generation: Generation, state: State) -> None:
        """Save until it is saved: the text stays here, and on every page, until it is on disk."""
        while not await asyncio.to_thread(self._save, generation, state):
            generation.end()
            if self._closing:
                return
            await asyncio.sleep(SAVE_AGAIN_AFTER)

    def _save(self, generation: Generation, state: State) -> bool:
        try:
            self._store.finish_reply(
                generation.owner,
                generation.turn.reply.id,
                state,
                generation.body,
                generation.thinking,
                generation.usage,
                generation.error,
            )
        except StoreError as error:
            log.warning("a reply is not saved yet: %s", error)
            generation.unsaved = str(error)
            return False
        generation.unsaved = None
        return True
