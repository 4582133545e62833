"""Posts: what a program does with sessions, and a page does not."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from chatcore.types import Message, Said, Session, Turn


class Posted(NamedTuple):
    turn: Turn
    new: bool
    """False where the same had been asked before, under the same key."""


class Posts(Protocol):
    """Sessions whose ids programs choose.

    The id of a session in the trash is free, as that of one that never was: a new session may
    take it, and the one in the trash gets another.
    """

    def create(self, owner: int, session_id: str | None, title: str, model: str) -> Session:
        """An empty session. Without a title it is named by its first message.

        Raises SessionExists.
        """
        ...

    def begin(
        self,
        owner: int,
        session_id: str | None,
        messages: Sequence[Said],
        model: str,
        key: str | None = None,
    ) -> Posted:
        """Store the messages in their order and the empty reply to the last, in one commit.

        An unknown session is made. What was begun under `key` is not begun again: that turn comes
        back; without an id, the session is the key's own.

        Raises AlreadyGenerating while the session has a reply that streams, and KeyReused where
        the key is that of another prompt.
        """
        ...

    def begun(
        self, owner: int, session_id: str | None, messages: Sequence[Said], key: str
    ) -> Turn | None:
        """What begin would give back of these; None where it would begin a turn.

        Raises KeyReused.
        """
        ...

    def clear(self, owner: int, session_id: str) -> None:
        """Move all messages to a session of their own, in the trash; the session stays, empty.

        Raises SessionNotFound, and AlreadyGenerating while it has a reply that streams.
        """
        ...

    def message(self, owner: int, message_id: int) -> tuple[str, Message]:
        """With the id of its session. Raises MessageNotFound, for one in a deleted session too."""
        ...
