"""What the lines of a Markdown text are, one after the other: text, or code. Pure.

CommonMark's rules for blocks, with Streamlit's `$$`. What is text here and might be more than that
to a reader is told, so that it can be written as text beyond doubt: where it is not known whether a
paragraph is open (after a table, an underlined heading), this takes it for open.
"""

import re
from typing import Final, NamedTuple

MARKER: Final = r"(?:[-+*]|\d{1,9}[.)])"
DEEPEST = 20  # containers in each other; what would be more is text

_FENCE = re.compile(r"(?P<mark>`{3,})[^`]*$|(?P<tildes>~{3,})|(?P<dollars>\${2,})[^$]*$")
_RULE = re.compile(r"([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_UNDERLINE = re.compile(r"(?:=+|--+)[ \t]*$")
_HEADING = re.compile(r"#{1,6}(?:[ \t]|$)")
_ITEM = re.compile(rf"{MARKER}(?=[ \t]|$)")
_INTERRUPTS = re.compile(r"(?:[-+*]|1[.)])[ \t]+[^ \t]")

# A container is the columns by which the text of a list item is indented, or a quotation.
QUOTATION: Final = 0
# What stands in the innermost container: one of these, or the mark of a fence.
NOTHING, PARAGRAPH, CODE, NEW_ITEM = "", "paragraph", "code", "item"


class Line(NamedTuple):
    """A line, and what is open after it."""

    containers: tuple[int, ...]
    leaf: str
    start: int = 0  # where its text begins, behind indentation and markers
    indent: int = 0  # columns before its text, in its containers
    is_code: bool = False
    is_fenced: bool = False  # whether it is in a fence that was open before
    is_lazy: bool = False  # whether it goes on with a paragraph from outside its containers
    looks_like_more: bool = False

    @property
    def prefix(self) -> str:
        """What a line in these containers begins with."""
        return "".join(" " * width if width else "> " for width in self.containers)


class _Cursor:
    """A place in a line, which may be inside of a tab."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.at = self.column = 0

    def indent(self) -> int:
        column = self.column
        for character in self.line[self.at : self.text()]:
            column += 1 if character == " " else 4 - column % 4
        return column - self.column

    def text(self) -> int:
        """Where the next text is."""
        return len(self.line) - len(self.line[self.at :].lstrip(" \t"))

    def rest(self) -> str:
        return self.line[self.text() :]

    def skip(self, columns: int) -> None:
        """Pass blanks."""
        end = self.column + columns
        while self.column < end:
            width = 1 if self.line[self.at] == " " else 4 - self.column % 4
            self.at += self.column + width <= end
            self.column = min(end, self.column + width)

    def pass_text(self, characters: int) -> None:
        self.skip(self.indent())
        self.at += characters
        self.column += characters

    def pass_quote(self) -> None:
        self.pass_text(1)
        self.skip(min(1, self.indent()))

    def enter(self, containers: tuple[int, ...]) -> int:
        """Go on to the text, as far as the line is in these; in how many it is."""
        for depth, width in enumerate(containers):
            indent, rest = self.indent(), self.rest()
            if width == QUOTATION:
                if indent > 3 or not rest.startswith(">"):
                    return depth
                self.pass_quote()
            elif indent >= width:
                self.skip(width)
            elif rest:
                return depth
        return len(containers)


def read(before: Line, line: str) -> Line:
    """The line that comes after another one; it has no line break."""
    cursor = _Cursor(line)
    depth = cursor.enter(before.containers)
    inside = depth == len(before.containers)
    if inside and before.leaf[:1] in ("`", "~", "$"):
        return _fenced(before, cursor)
    if not cursor.rest():
        empty = inside and before.leaf == NEW_ITEM
        return Line(before.containers[: depth - empty], _after_blank(before, inside), len(line))
    return _opened(before, cursor, depth)


def _after_blank(before: Line, inside: bool) -> str:
    return CODE if inside and before.leaf == CODE else NOTHING


def _fenced(before: Line, cursor: _Cursor) -> Line:
    indent, rest, mark = cursor.indent(), cursor.rest().rstrip(" \t"), before.leaf
    closes = indent < 4 and len(rest) >= len(mark) and set(rest) == {mark[0]}
    return Line(
        before.containers,
        NOTHING if closes else mark,
        cursor.text(),
        indent,
        is_code=mark[0] != "$",
        is_fenced=True,
    )


def _opened(before: Line, cursor: _Cursor, depth: int) -> Line:
    """A line that is not blank: the containers that it opens, and what it is in them."""
    inside, in_paragraph = depth == len(before.containers), before.leaf == PARAGRAPH
    containers, opened = before.containers[:depth], False
    while cursor.indent() < 4:
        rest, item = cursor.rest(), _ITEM.match(cursor.rest())
        text = Line(containers, PARAGRAPH, cursor.text(), cursor.indent())
        if fence := _FENCE.match(rest):
            mark = fence["mark"] or fence["tildes"] or fence["dollars"]
            return text._replace(leaf=mark, is_code=mark[0] != "$")
        if in_paragraph and inside and not opened and _UNDERLINE.match(rest):
            return text
        if _RULE.match(rest) or _HEADING.match(rest):
            return text._replace(leaf=NOTHING)
        if not item and not rest.startswith(">"):
            break
        interrupts = before.leaf not in (PARAGRAPH, CODE) or not inside or rest.startswith(">")
        if len(containers) == DEEPEST or not (interrupts or _INTERRUPTS.match(rest)):
            return text._replace(looks_like_more=True)
        containers, opened = (*containers, _entered(cursor, item)), True
        if not cursor.rest():
            leaf = NEW_ITEM if item else NOTHING
            return Line(containers, leaf, len(cursor.line))
    start, indent = cursor.text(), cursor.indent()
    if in_paragraph and not opened:
        return Line(before.containers, PARAGRAPH, start, indent, is_lazy=not inside)
    is_code = indent >= 4
    return Line(containers, CODE if is_code else PARAGRAPH, start, indent, is_code)


def _entered(cursor: _Cursor, item: re.Match[str] | None) -> int:
    """Go into the container that begins here."""
    if item is None:
        cursor.pass_quote()
        return QUOTATION
    indent = cursor.indent()
    cursor.pass_text(item.end())
    blanks = cursor.indent() if cursor.rest() else 0
    blanks = blanks if 1 <= blanks <= 4 else 1
    cursor.skip(min(blanks, cursor.indent()))
    return indent + item.end() + blanks
