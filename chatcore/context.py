"""What the model sees of a session. Pure: messages in, wire messages out."""

from collections.abc import Iterable

from chatcore.types import Message


def wire_messages(branch: Iterable[Message]) -> list[dict[str, str]]:
    """The messages of a branch as /api/chat takes them, oldest first.

    A reply that failed before its first word is left out; thinking is never sent back.
    """
    return [{"role": m.role, "content": m.body} for m in branch if m.body]


def window(asked: int, trained: int | None) -> int:
    """num_ctx: the window asked for, never above what the model was trained for."""
    return min(asked, trained) if trained else asked
