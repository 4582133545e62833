"""A chat as a file to take along: one module a format, from its messages to text, piece by piece.

Pure. HTML and Markdown hold what was said on one branch, JSON all there is: docs/export.md.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from chatcore.transfer import html, json, markdown
from chatcore.types import File, Message, Session

NAME_CHARACTERS = 60


@dataclass(frozen=True)
class Format:
    media_type: str
    whole: bool
    """Whether it takes every version of every message, or the active branch."""
    write: Callable[[Session, Sequence[Message], Callable[[int], File]], Iterator[str]]
    """The last argument reads an attachment by its id."""


FORMATS = {
    "html": Format("text/html", False, html.write),
    "md": Format("text/markdown", False, markdown.write),
    "json": Format("application/json", True, json.write),
}


def file_name(title: str, ending: str) -> str:
    """Of letters without accents, digits, hyphens, and its one dot: safe on every system."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.findall("[A-Za-z0-9]+", plain)
    return f"{'-'.join(['hearth', *words])[:NAME_CHARACTERS].rstrip('-')}.{ending}"
