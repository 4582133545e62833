"""A request as /api/chat takes it: the text of each message with its files, and none twice in a
row of the same role. Pure."""

import json
import re
from collections.abc import Iterable
from typing import Any

from chatcore.types import ChatRequest


def content(body: str, files: Iterable[tuple[str, str | None]]) -> str:
    """files: the name of each, and its text; None for an image that is told by its name alone."""
    told = [_image(name) if text is None else _fenced(name, text) for name, text in files]
    return "\n\n".join([*told, body] if body else told)


def request(
    model: str,
    messages: Iterable[dict[str, Any]],
    options: dict[str, Any],
    think: bool | str | None = None,
    keep_alive: int | str | None = None,
) -> ChatRequest:
    """With messages of one role that follow each other as one: the templates of some models refuse
    a second system message, and prompts that no reply parts."""
    return ChatRequest(model, _joined(messages), options, think, keep_alive)


def _joined(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for message in messages:
        if told and told[-1]["role"] == message["role"]:
            told[-1] = _both(told[-1], message)
        else:
            told.append(message)
    return told


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    images = [*one.get("images", ()), *other.get("images", ())]
    text = "\n\n".join(filter(None, (one["content"], other["content"])))
    return one | {"content": text} | ({"images": images} if images else {})


def _image(name: str) -> str:
    return f"Image {_quoted(name)}: left out, as you cannot see images."


def _fenced(name: str, text: str) -> str:
    """Between fences longer than any in it, so that no file can end itself early."""
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall("`{3,}", text))])
    return f"File {_quoted(name)}:\n{fence}\n{text}\n{fence}"


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
