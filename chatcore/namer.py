"""Names for chats, by their models, in the background: each waits for its place in the line."""

import asyncio
import logging

from chatcore.asking import Asker
from chatcore.errors import ChatError, ServerError
from chatcore.host import ModelHost
from chatcore.line import Line, Ticket
from chatcore.store import Store

log = logging.getLogger(__name__)


class Namer:
    """Its coroutines are for one event loop."""

    def __init__(self, store: Store, host: ModelHost, asker: Asker, line: Line) -> None:
        self._store = store
        self._host = host
        self._asker = asker
        self._line = line
        self._under_way: set[asyncio.Task[None]] = set()

    async def name(self, owner: int, session_id: str) -> None:
        """Raises ChatError, and nothing else."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            session = await asyncio.to_thread(self._store.session, owner, session_id)
            client = await asyncio.to_thread(self._host.client)
            async with self._line.place(Ticket(owner)):
                title = await self._asker.name(client, owner, session)
            await asyncio.to_thread(self._store.rename_session, owner, session_id, title, "model")
        except ChatError:
            raise
        # Whatever it is: whoever waits expects a ChatError, and tells it on the page.
        except Exception as error:
            log.exception("a chat could not be named for a mistake of our own")
            raise ServerError("Hearth made a mistake here: its log says more.") from error
        finally:
            self._under_way.discard(task)

    def cancel(self) -> None:
        for task in self._under_way:
            task.cancel()
