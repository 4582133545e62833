"""A chat as JSON, whole: every version of every message, its figures, the bytes of its files.

docs/export.md is its description. Ids are strings, since they pass 2^53.
"""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from chatcore.types import Attachment, File, Message, Session

FORMAT, VERSION = "hearth-chat", 1


def write(
    session: Session, messages: Sequence[Message], read: Callable[[int], File]
) -> Iterator[str]:
    head = json.dumps(_session(session), ensure_ascii=False, indent=1)
    yield head.removesuffix("\n}") + ',\n "messages": ['
    for n, message in enumerate(messages):
        yield ",\n" if n else "\n"
        yield json.dumps(_message(message, read), ensure_ascii=False)
    yield "\n ]\n}\n"


def _session(session: Session) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "id": session.id,
        "title": session.title,
        "model": session.model,
        "options": session.choice.options.set(),
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "leaf_id": _id(session.leaf_id),
    }


def _message(message: Message, read: Callable[[int], File]) -> dict[str, Any]:
    return {
        "id": _id(message.id),
        "parent_id": _id(message.parent_id),
        "role": message.role,
        "state": message.state,
        "content": message.body,
        "thinking": message.thinking,
        "model": message.model,
        "created_at": message.created_at,
        "usage": message.usage and asdict(message.usage),
        "error": message.error,
        "rating": message.rating,
        "keep": message.keep,
        "attachments": [_attachment(attachment, read) for attachment in message.attachments],
    }


def _attachment(attachment: Attachment, read: Callable[[int], File]) -> dict[str, str]:
    return {
        "name": attachment.name,
        "media_type": attachment.media_type,
        "data": base64.b64encode(read(attachment.id).data).decode(),
    }


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)
