"""Markdown cut into blocks that can be drawn one by one, while the text is still arriving.

A page that draws each block as an element of its own re-sends only the last one as a reply grows.
A cut falls after blank lines, where the next line starts at the margin, and never inside a code
fence, display math or a list; a block owns the blank lines after it. Where in doubt there is no
cut, which costs speed but never changes what is shown. A link whose target is defined in another
block is not resolved.
"""

import re
from typing import Final, NamedTuple

MARKER: Final = r"(?:[-+*]|\d{1,9}[.)])"
_ITEM = re.compile(rf"{MARKER}\s")
_MAYBE_ITEM = re.compile(rf"\d{{1,9}}|{MARKER}")
_MARKERS = re.compile(rf"(?:{MARKER}\s+)+")
_AT_MARGIN = re.compile(rf"{MARKER}\s+(?=\S)")
_FENCE = re.compile(r"(`{3,})[^`]*$|(~{3,})")


class Cut:
    """The place between two blocks of a stream."""


CUT: Final = Cut()


class _Fence(NamedTuple):
    """Code or display math under way, and the column at which its list item's text starts."""

    mark: str
    margin: int

    @property
    def is_code(self) -> bool:
        return self.mark[0] in "`~"

    def ends_before(self, indent: int) -> bool:
        """Where a list item ends, so does the fence in it."""
        return indent < self.margin

    def ends_with(self, text: str, indent: int) -> bool:
        if not self.is_code:
            return text.endswith(self.mark)
        closes = len(text) >= len(self.mark) and set(text) == {self.mark[0]}
        return closes and (indent < 4 or self.margin > 0)


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

    def is_code(self, indent: int) -> bool:
        """Whether a line whose text starts at this column would now be code."""
        if self._fence:
            return self._fence.is_code and not self._fence.ends_before(indent)
        return indent >= 4 and not self._list and (self._blank or self._indented)

    def _begin(self) -> None:
        self._has_text = self._blank = self._list = self._indented = False
        self._item_margin = 2
        self._fence: _Fence | None = None

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
            self._end_line("".join(self._line))
            self._line.clear()

    def _cuts_before(self, head: str) -> bool | None:
        """Whether a line after a blank one begins a block; None while its head leaves it open."""
        if head[0].isspace():
            return False
        if not self._list:
            return True
        if _MAYBE_ITEM.fullmatch(head):
            return None
        return not _ITEM.match(head)

    def _end_line(self, line: str) -> None:
        text = line.strip()
        indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        if self._fence and text and self._fence.ends_before(indent):
            self._fence = None
        if self._fence:
            if self._fence.ends_with(text, indent):
                self._fence = None
        elif text:
            self._indented = self.is_code(indent)
            self._has_text, self._blank = True, False
            self._read(line, text, indent)
        else:
            self._blank = self._has_text
        self._held = "" if self._blank and not self._fence else None

    def _read(self, line: str, text: str, indent: int) -> None:
        """Whether the line opens a list item or a fence."""
        if item := _AT_MARGIN.match(line):
            self._item_margin = item.end()
        self._list = self._list or bool(_ITEM.match(text + "\n"))
        inner = _MARKERS.sub("", text, count=1)
        nested = self._list and (inner != text or indent >= self._item_margin)
        if (nested or indent < 4) and (mark := fence_mark(inner)):
            self._fence = _Fence(mark, max(1, min(indent, self._item_margin)) if nested else 0)


def fence_mark(text: str) -> str | None:
    """What closes the fence that a line opens; None where it opens none."""
    if fence := _FENCE.match(text):
        return fence[1] or fence[2]
    if text.startswith("$$") and text.count("$$") == 1:
        return "$$"
    return "\\]" if text.startswith("\\[") and "\\]" not in text else None


def joined(parts: list[str | Cut]) -> list[str]:
    """The blocks that a stream handed out in parts."""
    blocks: list[list[str]] = [[]]
    for part in parts:
        if isinstance(part, str):
            blocks[-1].append(part)
        else:
            blocks.append([])
    return ["".join(block) for block in blocks if block]
