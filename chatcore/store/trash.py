"""The trash, store.trash: what a person deleted, until they take it back; the contract."""

from dataclasses import dataclass
from typing import Protocol

from chatcore.types import Message


@dataclass(frozen=True, slots=True)
class Trashed:
    """A deleted session, as it is listed."""

    pk: int
    id: str
    title: str
    n_messages: int
    deleted_at: int


class Trash(Protocol):
    """Raises SessionNotFound. What is in it stays: only Belongings.erase empties it."""

    def sessions(self, owner: int, limit: int = 50) -> list[Trashed]:
        """Those with messages, the last deleted first."""
        ...

    def put(self, owner: int, session_id: str) -> Message | None:
        """A session is deleted; its messages stay as they are.

        Returns the reply that is under way in it, which Generations.delete ends.
        """
        ...

    def restore(self, owner: int, session_id: str, pk: int | None = None) -> str:
        """Take it out, as it was. Of a session that was not deleted: nothing to do.

        With `pk` it is that one, whose id a new session may have by now. Returns its id.
        """
        ...
