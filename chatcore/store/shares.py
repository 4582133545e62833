"""Links to chats: who holds a key reads one branch of one chat, as it was, and nothing else."""

from typing import Protocol

from chatcore.sharing import Share, SharedChat
from chatcore.types import File, Session


class Shares(Protocol):
    """The links of every owner.

    - Of a key only its hash is known here. Session ids are unique per owner only, so the key
      decides whose chat is meant.
    - A link is pinned: it shows the chat's name and active branch of the moment when it was made
      or updated. What is written later, also into the same reply, is not part of it.
    - A link that is unknown, revoked or out of date, one with another session's id, and one to a
      deleted session are answered alike. Restoring the session opens its links again.
    - A link goes on to open where joining owners gave its session another id.
    - Another owner's link is changed as an unknown one is: ShareNotFound.
    """

    def create(
        self,
        owner: int,
        session_id: str,
        key_hash: str,
        expires_at: int | None = None,
        thinking: bool = False,
    ) -> Share:
        """thinking: whether it shows the thoughts of the replies, too.

        Raises SessionNotFound, MessageNotFound where the session has no message, and
        AlreadyGenerating while it has a reply that streams.
        """
        ...

    def of(self, owner: int, session_id: str | None = None) -> list[Share]:
        """The owner's links, to this session or to all, newest first, also those out of date."""
        ...

    def update(self, owner: int, key_hash: str) -> None:
        """Pin it to what its session is now. Raises ShareNotFound, and else as create."""
        ...

    def revoke(self, owner: int, key_hash: str) -> None:
        """For good. Raises ShareNotFound."""
        ...

    def read(self, session_id: str, key_hash: str) -> SharedChat:
        """What the link shows. Raises SessionNotFound.

        That it was opened is noted, to the minute.
        """
        ...

    def file(self, session_id: str, key_hash: str, attachment_id: int) -> File:
        """An attachment of a message that the link shows. Raises MessageNotFound."""
        ...

    def digest(self, session_id: str, key_hash: str, attachment_id: int) -> str:
        """As Store.digest, of the same. Raises as file."""
        ...

    def copy(self, owner: int, session_id: str, key_hash: str) -> Session:
        """A new session of this owner with what the link shows. Raises SessionNotFound."""
        ...
