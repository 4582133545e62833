"""All that an owner has: how much it is, taken along, deleted."""

from collections.abc import Iterator
from typing import Any, Protocol

from chatcore.types import Extent


class Belongings(Protocol):
    """What is in the trash is the owner's, too, and part of each of these."""

    def extent(self, owner: int) -> Extent: ...

    def chats(self, owner: int) -> Iterator[dict[str, Any]]:
        """Each chat as JSON, with all that is chosen for it, oldest first, without its messages.

        Ids are strings, since they pass 2^53; times are milliseconds since 1970, files base64.
        """
        ...

    def messages(self, owner: int, session_id: str) -> Iterator[dict[str, Any]]:
        """Every version of every message of a chat, with its files and the summaries that stand
        for the chat down to it, read one by one."""
        ...

    def prompts(self, owner: int) -> Iterator[dict[str, Any]]:
        """Each saved prompt as JSON: its name, its text, and when it was changed last."""
        ...

    def links(self, owner: int) -> Iterator[dict[str, Any]]:
        """Each link to a chat as JSON, to one in the trash, too; never what opens it."""
        ...

    def tokens(self, owner: int) -> Iterator[dict[str, Any]]:
        """Each token as JSON: its name and when it was used; never the token."""
        ...

    def erase(self, owner: int) -> None:
        """Delete all of it for good, and sign out every browser; the number names nobody else.

        Raises AlreadyGenerating while a reply is under way.
        """
        ...
