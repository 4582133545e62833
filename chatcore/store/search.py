"""Search: the messages of one owner by their words."""

from typing import Protocol

from chatcore.types import Hit


class Search(Protocol):
    def find(self, owner: int, query: str, limit: int = 50) -> list[Hit]:
        """The messages that hold every word of `query`, newest first, of every version.

        Plain words, in any of their endings, never the syntax of an index; without a word there
        is nothing to find. Without deleted sessions.
        """
        ...
