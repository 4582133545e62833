"""What the model sees of a session. Pure: messages in, wire messages out."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from chatcore.types import Message


def wire_messages(
    branch: Iterable[Message], contents: Mapping[int, str | bytes], sees: bool = True
) -> list[dict[str, Any]]:
    """The messages of a branch as /api/chat takes them, oldest first.

    `contents` are those of the attachments, by id; a model that does not see is told of images by
    name. A reply that failed before its first word is left out; thinking is never sent back.
    """
    return [
        _wire(message, contents, sees) for message in branch if message.body or message.attachments
    ]


def _wire(message: Message, contents: Mapping[int, str | bytes], sees: bool) -> dict[str, Any]:
    parts: list[str] = []
    images: list[bytes] = []
    for attachment in message.attachments:
        content = contents[attachment.id]
        if isinstance(content, str):
            parts.append(_fenced(attachment.name, content))
        elif sees:
            images.append(content)
        else:
            parts.append(f"Image {_quoted(attachment.name)}: left out, as you cannot see images.")
    parts += [message.body] * bool(message.body)
    wire: dict[str, Any] = {"role": message.role, "content": "\n\n".join(parts)}
    return wire | {"images": images} if images else wire


def _fenced(name: str, text: str) -> str:
    """Between fences longer than any in it, so that no file can end itself early."""
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall("`{3,}", text))])
    return f"File {_quoted(name)}:\n{fence}\n{text}\n{fence}"


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def window(asked: int, trained: int | None) -> int:
    """num_ctx: the window asked for, never above what the model was trained for."""
    return min(asked, trained) if trained else asked
