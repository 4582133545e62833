"""A summary of older messages by the chat's own model: what is asked, and how it is sent. Pure."""

from collections.abc import Sequence
from typing import Any

TOKENS = 512  # it is given, and of a small window a sixth
WORDS = 200  # that a summary shall have at most
SUMMED_UP = "What was said earlier in this conversation, summed up:"
ASK = (
    f"Sum up the conversation above in at most {WORDS} words, in its own language, so that it can"
    " go on without it. Keep every name, number, fact, wish and decision, and what is still open."
    " Answer with the summary alone."
)


def wire_message(summary: str) -> dict[str, Any]:
    """A summary as it stands before the messages that it does not cover."""
    return {"role": "system", "content": f"{SUMMED_UP}\n\n{summary}"}


def wire_messages(before: str, messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The question for one: of the summary `before`, where there is one, and of what followed."""
    known = [wire_message(before)] if before else []
    return [*known, *messages, {"role": "user", "content": ASK}]
