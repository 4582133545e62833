"""A chat as Markdown: what was said, as it was written, under headings of who said it."""

import re
from collections.abc import Callable, Iterator, Sequence

from chatcore.transfer import words
from chatcore.types import File, Message, Session

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def write(
    session: Session, messages: Sequence[Message], _read: Callable[[int], File]
) -> Iterator[str]:
    """Of attachments their names."""
    yield f"# {_label(session.title)}\n\n{words.day(session.created_at)}\n"
    for message in messages:
        yield f"\n## {_label(words.who(message))}\n"
        if message.body:
            yield f"\n{message.body.strip()}\n"
        if message.attachments:
            names = (f"- {_label(attachment.name)}\n" for attachment in message.attachments)
            yield f"\nFiles:\n\n{''.join(names)}"


def _label(text: str) -> str:
    """On one line, and as Markdown that shows exactly it."""
    return PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
