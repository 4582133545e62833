"""The text of one message as /api/chat takes it: its files, and what was written. Pure."""

import json
import re
from collections.abc import Iterable


def content(body: str, files: Iterable[tuple[str, str | None]]) -> str:
    """files: the name of each, and its text; None for an image that is told by its name alone."""
    told = [_image(name) if text is None else _fenced(name, text) for name, text in files]
    return "\n\n".join([*told, body] if body else told)


def _image(name: str) -> str:
    return f"Image {_quoted(name)}: left out, as you cannot see images."


def _fenced(name: str, text: str) -> str:
    """Between fences longer than any in it, so that no file can end itself early."""
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall("`{3,}", text))])
    return f"File {_quoted(name)}:\n{fence}\n{text}\n{fence}"


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
