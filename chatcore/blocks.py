"""Markdown cut into blocks that can be drawn one by one, while the text is still arriving.

A page that draws each block as an element of its own re-sends only the last one as a reply grows.
A cut falls after blank lines, where the next line starts at the margin, and never inside a code
fence, display math or a list; a block owns the blank lines after it. Where in doubt there is no
cut, which costs speed but never changes what is shown. A link whose target is defined in another
block is not resolved.
"""

import re
from typing import Final

from chatcore import structure
from chatcore.structure import CODE, MARKER, NOTHING, Line

_ITEM = re.compile(rf"{MARKER}\s")
_MAYBE_ITEM = re.compile(rf"\d{{1,9}}|{MARKER}")
BEFORE_TEXT: Final = Line((), NOTHING)
BYTE_ORDER_MARK: Final = "\ufeff"  # at the start of a text it is dropped by who reads it


class Cut:
    """The place between two blocks of a stream."""


CUT: Final = Cut()


class BlockStream:
    """The cuts of a text that arrives in pieces, the same however it is cut.

    Text is handed out at once, except for the few characters at the start of a line that may
    still become the marker of a list item.
    """

    def __init__(self) -> None:
        self._line: list[str] = []
        self._held: str | None = None  # the start of a line that may begin a block
        self._begin()

    def feed(self, text: str) -> list[str | Cut]:
        """What is certain now: text of the current block, `CUT` before that of the next."""
        parts: list[str | Cut] = []
        for piece in re.findall(r"[^\n]*\n|[^\n]+", text):
            self._take(piece, parts)
        return parts

    def end(self) -> list[str | Cut]:
        """What was held back, when no more will come."""
        if not self._held:
            return []
        rest, cut = self._held, not _ITEM.match(self._held + "\n")
        self._held = None
        return [CUT, rest] if cut else [rest]

    def next_line(self, line: str) -> Line:
        """What a line would be that came now, without its line break."""
        return structure.read(self._last, line)

    def _begin(self) -> None:
        self._last = BEFORE_TEXT
        self._has_text = False

    def _take(self, piece: str, parts: list[str | Cut]) -> None:
        if self._held is not None:
            self._held += piece
            cut = self._cuts_before(self._held)
            if cut is None:
                return
            if cut:
                parts.append(CUT)
                self._begin()
            piece, self._held = self._held, None
        parts.append(piece)
        self._line.append(piece)
        if piece.endswith("\n"):
            self._end_line("".join(self._line).removesuffix("\n"))
            self._line.clear()

    def _cuts_before(self, head: str) -> bool | None:
        """Whether a line after a blank one begins a block; None while its head leaves it open."""
        if head[0].isspace() or head[0] == BYTE_ORDER_MARK:
            return False
        if not self._last.containers:
            return True
        if _MAYBE_ITEM.fullmatch(head):
            return None
        return not _ITEM.match(head)

    def _end_line(self, line: str) -> None:
        self._last = self.next_line(line)
        is_blank = not line.strip(" \t")
        self._has_text = self._has_text or not is_blank
        in_fence = self._last.leaf not in (NOTHING, CODE) and not self._last.containers
        self._held = "" if is_blank and self._has_text and not in_fence else None


def joined(parts: list[str | Cut]) -> list[str]:
    """The blocks that a stream handed out in parts."""
    blocks: list[list[str]] = [[]]
    for part in parts:
        if isinstance(part, str):
            blocks[-1].append(part)
        else:
            blocks.append([])
    return ["".join(block) for block in blocks if block]
