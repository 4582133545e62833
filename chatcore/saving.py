"""A reply on its way to the disk: drafts while it comes, and at its end until it is saved."""

import asyncio
import logging
from concurrent.futures import Executor
from contextlib import suppress

from chatcore.errors import StoreError
from chatcore.generation import Generation
from chatcore.store import Store
from chatcore.types import State

log = logging.getLogger(__name__)

DRAFT_EVERY = 0.25  # seconds
SAVE_AGAIN_AFTER = 5.0  # seconds, when the disk was full


class Saver:
    """Its coroutines are for one event loop."""

    def __init__(self, store: Store, closing: asyncio.Event, disk: Executor) -> None:
        """closing: nothing is tried again once that is set. disk: where it waits for that."""
        self._store = store
        self._closing = closing
        self._disk = disk

    async def save_drafts(self, generation: Generation) -> None:
        """Until it is cancelled."""
        saved = generation.rev
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

    async def finish(self, generation: Generation, state: State) -> None:
        """Save until it is saved: the text stays here, and on every page, until it is on disk."""
        loop = asyncio.get_running_loop()
        while not await loop.run_in_executor(self._disk, self._save, generation, state):
            generation.end()
            if self._closing.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), SAVE_AGAIN_AFTER)

    def _save(self, generation: Generation, state: State) -> bool:
        generation.unread = not generation.followers
        try:
            self._store.finish_reply(
                generation.owner,
                generation.turn.reply.id,
                state,
                generation.body,
                generation.thinking,
                generation.figures(),
                generation.error,
                generation.unread,
            )
        except StoreError as error:
            log.warning("a reply is not saved yet: %s", error)
            generation.unsaved = str(error)
            return False
        # Whatever it is: the text is in this process alone, so it is told, and tried again.
        except Exception:
            log.exception("a reply could not be saved for a mistake of our own")
            generation.unsaved = "Hearth could not save this reply: its log says more."
            return False
        generation.unsaved = None
        return True
