"""A name for a chat by its own model: what is asked, and what of the answer is the name. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from chatcore.types import Message

EXCERPT = 1500  # characters of a message, where the window holds so many
LONGEST = 60  # characters of a name
ASK = (
    "Give the conversation above a title of at most six words, in its own language."
    " Answer with the title alone."
)


def wire_messages(branch: Sequence[Message], excerpt: int = EXCERPT) -> list[dict[str, Any]]:
    """The first messages with text and the last, as /api/chat takes them, and the question;
    nothing where none is to be sent. excerpt: so many characters of each."""
    written = [message for message in branch if message.body and message.keep != "left_out"]
    if not written:
        return []
    told = [*written[:2], *written[2:][-2:]]
    return [
        *({"role": message.role, "content": message.body[:excerpt]} for message in told),
        {"role": "user", "content": ASK},
    ]


def title(answer: str) -> str:
    """Its first line with words, bare and short; "" where there is none."""
    for line in answer.splitlines():
        bare = re.sub(r"^\W*title\s*:", "", line, flags=re.IGNORECASE).strip(" \t#*_`\"'“”«».")
        if bare:
            words = " ".join(bare.split())
            return words if len(words) <= LONGEST else words[:LONGEST].rsplit(" ", 1)[0] + "…"
    return ""
