"""What is kept of what models see: the contract beside that of the chats themselves."""

from typing import Protocol

from chatcore.options import Compact, Options
from chatcore.types import Build, Keep, Part, Sample, Seen, Summary


class MemoryStore(Protocol):
    """Raises as Store does: SessionNotFound, MessageNotFound, StoreError."""

    def keep(self, owner: int, message_id: int, keep: Keep) -> None:
        """Pin a message, leave it out, or neither. It is apart until a summary tells of it."""
        ...

    def choose_options(self, owner: int, session_id: str, options: Options) -> None:
        """Those of the session's next replies, in place of what was chosen before."""
        ...

    def choose_compact(self, owner: int, session_id: str, compact: Compact) -> None:
        """Whether the session's messages are summarised when they find no room."""
        ...

    def summarise(
        self, owner: int, message_id: int, body: str, told_to: int | None = None
    ) -> Summary:
        """Let it stand for the messages down to this one. Older summaries stay as they are.

        told_to: down to this one it tells of those that were apart, and are now neither pinned nor
        left out."""
        ...

    def summary(self, owner: int, message_id: int | None) -> Summary | None:
        """The latest of the messages down to this one."""
        ...

    def summary_text(self, owner: int, summary_id: int) -> str:
        """Of this one, however old. Raises MessageNotFound."""
        ...

    def parts(self, owner: int, message_id: int | None) -> list[Part]:
        """The messages down to this one that hold anything, as they are counted."""
        ...

    def samples(self, owner: int, model: str, limit: int = 40) -> list[Sample]:
        """The owner's last requests to a model whose count is known, the latest first."""
        ...

    def saw(self, owner: int, message_id: int, seen: Seen) -> None:
        """Keep with a streaming reply what its request holds.

        Returns at once; on disk before whatever is written later. A failure is logged.
        """
        ...

    def built(self, owner: int, message_id: int, seen: Seen, build: Build) -> None:
        """Keep with what a reply saw which model it was, also of one that has ended; of none whose
        request is another by now. In the same way."""
        ...
