"""The one slot: who may use the model, with which window it is loaded, and when it is unloaded.

Knows nothing of prompts or of HTTP.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import anyio
import anyio.to_thread

from chatcore.engine.durations import FOREVER
from chatcore.engine.llama import Llama
from chatcore.engine.served import ServedModel

# What Ollama reports for "never": the longest duration Go can count.
_LONGEST_SECONDS = 2**63 / 10**9


class Model:
    def __init__(self, served: ServedModel) -> None:
        self.served = served
        self._llama: Llama | None = None
        # First come, first served; a waiter that is cancelled leaves the queue.
        self._slot = anyio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._expires_at = datetime.now(UTC)

    def running(self) -> list[dict[str, object]]:
        if self._llama is None or not self._llama.alive:
            return []
        return [self.served.running(self._expires_at, self._llama.num_ctx)]

    @asynccontextmanager
    async def slot(self, num_ctx: int, keep_alive: float) -> AsyncIterator[Llama]:
        """Wait for the slot and hold it, with the model loaded for a window of `num_ctx`."""
        async with self._slot:
            self._cancel_timer()
            self._expires_at = _after(keep_alive)
            try:
                yield await self._loaded(min(num_ctx, self.served.trained_context))
            finally:
                self._expire_in(keep_alive)

    async def release(self) -> None:
        """Unload once the requests before this one are done."""
        async with self._slot:
            self.unload()

    def unload(self) -> None:
        self._cancel_timer()
        if self._llama is not None:
            self._llama.stop()
            self._llama = None

    async def _loaded(self, num_ctx: int) -> Llama:
        llama = self._llama
        if llama is not None and llama.alive and llama.num_ctx == num_ctx:
            return llama
        self.unload()
        # Not abandoned when the client leaves: the next one then finds the model loaded.
        return await anyio.to_thread.run_sync(self._load, num_ctx)

    def _load(self, num_ctx: int) -> Llama:
        self.served.check()
        # Kept before it is ready, so that the end of the engine also ends a load under way.
        self._llama = llama = Llama(self.served.path, num_ctx)
        llama.load()
        return llama

    def _expire_in(self, seconds: float) -> None:
        self._expires_at = _after(seconds)
        if seconds <= 0:
            self.unload()
        elif seconds != FOREVER:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._expire)

    def _expire(self) -> None:
        # Whoever holds the slot by now sets a new time when done.
        if not self._slot.locked():
            self.unload()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _after(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=min(seconds, _LONGEST_SECONDS))
