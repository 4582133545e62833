"""What models are asked for in the background, each in its place in the line: names, summaries."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from chatcore.asking import Asker
from chatcore.client import OllamaClient
from chatcore.errors import ChatError, ServerError, TooBusy
from chatcore.host import ModelHost
from chatcore.line import Line
from chatcore.options import Compact
from chatcore.store import Store

PER_OWNER = 2

log = logging.getLogger(__name__)


class Errands:
    """Its coroutines are for one event loop, and raise ChatError, and nothing else."""

    def __init__(
        self, store: Store, host: ModelHost, asker: Asker, line: Line, seconds: float
    ) -> None:
        """seconds: that one may take, once it is its turn."""
        self._store = store
        self._host = host
        self._asker = asker
        self._line = line
        self._seconds = seconds
        self._under_way: dict[asyncio.Task[None], int] = {}
        """Whose each is."""

    async def name(self, owner: int, session_id: str) -> None:
        """Let the session's model name it, unless it gets another name meanwhile.

        Raises TooBusy where the owner has enough under way.
        """
        async with self._errand(owner) as client:
            session = await asyncio.to_thread(self._store.session, owner, session_id)
            title = await self._asker.name(client, owner, session)
            rename = partial(self._store.rename_session, instead_of=session.title)
            await asyncio.to_thread(rename, owner, session_id, title, "model")

    async def sum_up(self, owner: int, session_id: str) -> None:
        """Let the session's model sum up all but its last turn; from then on it reads that.

        Raises as name.
        """
        async with self._errand(owner) as client:
            session = await asyncio.to_thread(self._store.session, owner, session_id)
            if not session.choice.compact:
                choose = self._store.memory.choose_compact
                await asyncio.to_thread(choose, owner, session_id, Compact.WHEN_ASKED)
                session = await asyncio.to_thread(self._store.session, owner, session_id)
            await self._asker.sum_up(client, owner, session)

    def cancel(self) -> None:
        for task in self._under_way:
            task.cancel()

    @asynccontextmanager
    async def _errand(self, owner: int) -> AsyncIterator[OllamaClient]:
        task = asyncio.current_task()
        assert task is not None
        if list(self._under_way.values()).count(owner) >= PER_OWNER:
            raise TooBusy(
                "Your models write names and summaries already: ask again when they are there."
            )
        self._under_way[task] = owner
        try:
            with self._line.place(owner, is_errand=True) as ticket:
                await ticket.wait()
                client = await asyncio.to_thread(self._host.client)
                self._line.advance()  # it is known by now how many may go at once
                async with asyncio.timeout(self._seconds):
                    yield client
        except ChatError:
            raise
        except TimeoutError as error:
            raise ServerError(
                f"The model was not ready with it after {self._seconds} s (HEARTH_REPLY_SECONDS):"
                " try again, or pick another model."
            ) from error
        # Whatever it is: whoever waits expects a ChatError, and tells it on the page.
        except Exception as error:
            log.exception("an errand failed for a mistake of our own")
            raise ServerError("Hearth made a mistake here: its log says more.") from error
        finally:
            del self._under_way[task]
