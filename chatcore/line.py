"""Who may ask the model now, and who waits: one fair line for all."""

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from chatcore.errors import TooBusy

WAITING_PER_OWNER = 6


@dataclass(eq=False)
class Ticket:
    """A place in the line; `turn` is done when it may go."""

    owner: int
    is_errand: bool = False
    """Asked for beside the prompts, which are refused for none."""
    turn: "Future[None]" = field(default_factory=Future)
    kept: bool = False
    """By a reply that has begun, and leaves when it has ended."""

    async def wait(self) -> None:
        # Shielded: whoever stops waiting must not cancel what the line is about to set.
        await asyncio.shield(asyncio.wrap_future(self.turn))


class Line:
    """At most `parallel()` at once, and `per_owner` of one owner; the others wait.

    Owners take turns: the next to go is the longest waiting of the owner who was served longest
    ago, so that nobody's flood delays another's single prompt. Every method from any thread.
    """

    def __init__(self, parallel: Callable[[], int], per_owner: int | None = None) -> None:
        """per_owner: None where one person owns the server."""
        self._parallel = parallel
        self._per_owner = per_owner
        self._lock = threading.Lock()
        self._waiting: list[Ticket] = []
        self._running: Counter[int] = Counter()
        self._served: dict[int, int] = {}
        """When each owner was served last. Kept of those who left, too: else whoever comes back
        at once would go before all who wait."""
        self._clock = itertools.count(1)

    @contextmanager
    def place(
        self, owner: int, *, is_errand: bool = False, accepted: bool = False
    ) -> Iterator[Ticket]:
        """A place as `enter` gives it, left at the end of the block unless it is kept."""
        ticket = self.enter(owner, is_errand=is_errand, accepted=accepted)
        try:
            yield ticket
        finally:
            if not ticket.kept:
                self.leave(ticket)

    def enter(self, owner: int, *, is_errand: bool = False, accepted: bool = False) -> Ticket:
        """A place at the end of the line, to be left in any case.

        Raises TooBusy where this owner has enough prompts waiting, unless it was accepted before.
        """
        ticket = Ticket(owner, is_errand)
        with self._lock:
            if not (is_errand or accepted):
                self._refuse_flood(owner)
            self._waiting.append(ticket)
            self._advance()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Its place is free: it has ended, or waits no longer."""
        with self._lock:
            if ticket.turn.done():
                self._running[ticket.owner] -= 1
            else:
                self._waiting.remove(ticket)
            self._advance()

    def advance(self) -> None:
        """Where more may go than before."""
        with self._lock:
            self._advance()

    def ahead_of(self, ticket: Ticket) -> int:
        """How many go before it, if nobody else comes; 0 when it is its turn."""
        with self._lock:
            order = self._order()
        return order.index(ticket) if ticket in order else 0

    def _refuse_flood(self, owner: int) -> None:
        mine = sum(t.owner == owner and not t.is_errand for t in self._waiting)
        if mine >= WAITING_PER_OWNER:
            raise TooBusy(
                f"{mine} prompts of yours wait already: send this one when one of them is answered."
            )

    def _advance(self) -> None:
        while self._running.total() < self._parallel() and (ticket := self._next()):
            self._waiting.remove(ticket)
            self._running[ticket.owner] += 1
            self._served[ticket.owner] = next(self._clock)
            ticket.turn.set_result(None)

    def _next(self) -> Ticket | None:
        limit = self._per_owner
        return next(
            (t for t in self._order() if limit is None or self._running[t.owner] < limit), None
        )

    def _order(self) -> list[Ticket]:
        """All who wait: the first of each owner, then the second of each, and so on."""
        came: dict[int, int] = {}
        nth: Counter[int] = Counter()
        places: dict[Ticket, tuple[int, int, int]] = {}
        for at, ticket in enumerate(self._waiting):
            owner = ticket.owner
            first = came.setdefault(owner, at)
            places[ticket] = (nth[owner], self._served.get(owner, 0), first)
            nth[owner] += 1
        return sorted(places, key=places.__getitem__)
