"""Who may ask the model now, and who waits: one fair line for all. For one event loop."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from chatcore.errors import TooBusy

WAITING_PER_OWNER = 6


@dataclass(eq=False)
class Ticket:
    """A place in the line; `turn` is set when it may go."""

    owner: int
    is_errand: bool = False
    """Asked for beside the prompts, which are refused for none."""
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Line:
    """At most `parallel()` at once, and `per_owner` of one owner; the others wait.

    Owners take turns: the next to go is of the owner with the fewest running, the longest
    waiting first, so that nobody's flood delays another's single prompt.
    """

    def __init__(self, parallel: Callable[[], int], per_owner: int | None = None) -> None:
        """per_owner: None where one person owns the server."""
        self._parallel = parallel
        self._per_owner = per_owner
        self._waiting: list[Ticket] = []
        self._running: Counter[int] = Counter()

    def check(self, owner: int) -> None:
        """Raises TooBusy where this owner has enough prompts waiting. From any thread."""
        mine = sum(t.owner == owner and not t.is_errand for t in list(self._waiting))
        if mine >= WAITING_PER_OWNER:
            raise TooBusy(
                f"{mine} prompts of yours wait already: send this one when one of them is answered."
            )

    def ahead_of(self, ticket: Ticket) -> int:
        """How many wait before it. From any thread; 0 when it is its turn."""
        waiting = list(self._waiting)
        return waiting.index(ticket) if ticket in waiting else 0

    @asynccontextmanager
    async def place(self, ticket: Ticket) -> AsyncIterator[None]:
        """Wait for the ticket's turn, and hold it. Cancelling leaves the line."""
        self._waiting.append(ticket)
        self._advance()
        try:
            await ticket.turn.wait()
            yield
        finally:
            if ticket.turn.is_set():
                self._running[ticket.owner] -= 1
            else:
                self._waiting.remove(ticket)
            self._advance()

    def _advance(self) -> None:
        while self._running.total() < self._parallel() and (ticket := self._next()):
            self._waiting.remove(ticket)
            self._running[ticket.owner] += 1
            ticket.turn.set()

    def _next(self) -> Ticket | None:
        limit = self._per_owner
        ready = [t for t in self._waiting if limit is None or self._running[t.owner] < limit]
        return min(ready, key=lambda ticket: self._running[ticket.owner], default=None)
