"""Model text as Markdown that Streamlit shows as it was meant, whole or as it streams.

Streamlit reads a Markdown of its own: every pair of dollars is a formula, `\\(..\\)` is none,
`:red[..]` and `:smile:` are commands, and an image is fetched. Here formulas are written as
Streamlit reads them, images become links, and what would be a command is escaped. Code is never
touched.

What is decided is written so that Streamlit cannot decide otherwise: a backtick that closes
nothing is escaped, like a dollar that begins no formula. So the two readings agree from there on,
and a text that streams need wait only for a few hundred characters, never for its end.
"""

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from chatcore.blocks import BYTE_ORDER_MARK, BlockStream, Cut, joined
from chatcore.structure import Line

# How many characters may be held back, until it is decided what they are.
CODE, FORMULA, DISPLAY, LINK = 400, 200, 2000, 400
# Characters of a block: each is an element of the page, which costs more than to send this again.
LEAST = 400
# An empty span: it ends Streamlit's search for `:smile:` and the like, and shows nothing.
BREAK: Final = ":small[]"

_SPECIAL = re.compile(r"[\\`$!\[<:\n]")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_LINE_BREAK = re.compile(r"\n[ \t]*")
_BEFORE_TEXT = re.compile(rf"\A[\s{BYTE_ORDER_MARK}]+")
_INDENT = re.compile(r"[ \t]{0,200}")
# What may still be something else, when more of the line has come.
_UNDECIDED = re.compile(r"(?:\d{0,9}[.)]?|[-+*_=][-+*_= \t]*|`{1,2}|`{3,}[^`]*|~+|#{1,6})\Z")
_BACKTICKS, _DOLLARS = re.compile("`{1,99}"), re.compile(r"\${1,99}")
_CLOSING = re.compile("(?<!`)`+")

# Where at the latest a construct ends: with the paragraph, the line, the cell, before code.
_PARAGRAPH = re.compile(r"\n(?=[ \t]*(?![^\W\d_]|[\"'(,.;)])[^ \t])")
_LINE = re.compile(r"\n")
_CELL = re.compile(r"\n|(?<!\\)\|")
_BEFORE_CODE = re.compile(r"\n(?=[ \t]*(?:```|~~~))")
_BLANK = re.compile(r"\n(?=[ \t]*(?:\n|```|~~~))")
_TAG = re.compile(r"\s|(?<=>)")

_DOLLAR = re.compile(r"\$((?:[^$\\\n]++|\\[^\n])*+)\$(?=(.?))", re.DOTALL)
_ROUND = re.compile(r"\\\(((?:[^\\]++|\\[^)])*+)\\\)", re.DOTALL)
_DISPLAYS = {
    "$$": re.compile(r"\$\$((?:[^$\\]++|\\.|\$(?!\$))*+)\$\$", re.DOTALL),
    "\\[": re.compile(r"\\\[((?:[^\\]++|\\[^\]])*+)\\\]", re.DOTALL),
}
_ALT = r"\[((?:\\.|[^\[\]\\]++|\[[^\[\]]*+\])*+)\]"
_IMAGE = re.compile(rf"!{_ALT}(\(?)")
_TARGET = r"\((?:[^()\\\s]++|\\.|\([^()\s]*+\))*+(?:\s++(?:\"[^\"]*+\"|'[^']*+'))?\s*+\)"
_LINKED_IMAGE = re.compile(rf"\[!{_ALT}{_TARGET}(?=\])")
_AUTOLINK = re.compile(r"<(?:https?://(?:[^\s<>!]|!(?!\[))*+|(?:mailto:)?[\w.+-]++@[\w.-]++)>")
_MARKUP = re.compile(r"[A-Za-z/!?]")
_IN_URL = re.compile(r"[^\s<>()\[\]`!|\"\\]*")
_NAME = re.compile(r":([\w+-]{0,64})")
_SHORTCODE = re.compile(r"[+-]1|100|1234|\w*[^\W\d][\w+-]*")


class _MoreNeeded(Exception):
    """What comes here cannot be decided yet."""


@dataclass
class _Line:
    """The line under way: how the lines of its block begin, and where its paragraph may end."""

    prefix: str
    end: re.Pattern[str] = _PARAGRAPH
    code: bool = False
    begun: bool = False  # whether there is more of it than list markers


class MarkdownStream:
    """The blocks of `blocks` for a text that arrives in pieces, however it is cut."""

    def __init__(self) -> None:
        self._blocks = BlockStream()
        self._parts: list[str | Cut] = []
        self._text = ""  # what came and is not decided
        self._at = 0
        self._final = False
        self._line: _Line | None = None
        self._seen = ""  # the last few characters before
        self._size = 0  # of the block under way
        self._in_url = False

    def feed(self, text: str) -> list[str | Cut]:
        """What is certain now: text of the current block, `CUT` before that of the next."""
        self._text += text
        if not self._seen:
            self._text = _BEFORE_TEXT.sub("", self._text)  # as Streamlit does
        self._take_all()
        return self._handed_out()

    def end(self) -> list[str | Cut]:
        """What was held back, when no more will come."""
        self._final = True
        self._take_all()
        self._parts += self._blocks.end()
        return self._handed_out()

    def _take_all(self) -> None:
        half_an_end = self._text.endswith("\r") and not self._final
        text = self._text.removesuffix("\r") if half_an_end else self._text
        self._text = text.replace("\r\n", "\n").replace("\r", "\n")
        try:
            while self._at < len(self._text):
                self._take_one()
        except _MoreNeeded:
            pass
        self._text, self._at = self._text[self._at :] + "\r" * half_an_end, 0

    def _handed_out(self) -> list[str | Cut]:
        """The parts so far, with neighbouring text as one, and without cuts of small blocks."""
        parts: list[str | Cut] = []
        for is_text, group in groupby(filter(self._is_kept, self._parts), _is_text):
            same = list(group)
            parts += ["".join(map(str, same))] if is_text else same
        self._parts = []
        return parts

    def _is_kept(self, part: str | Cut) -> bool:
        if isinstance(part, str):
            self._size += len(part)
            return True
        large = self._size >= LEAST
        self._size = 0 if large else self._size
        return large

    def _take_one(self) -> None:
        if self._line is None:
            self._begin_line()
        elif self._line.code:
            self._take_code()
        elif self._in_url:
            end = self._end_of(_IN_URL)
            self._in_url = end == len(self._text)
            self._take(end)
        else:
            self._take_text()

    def _take(self, end: int, shown: str | None = None) -> None:
        """Hand out the text up to there, or what is shown in its place."""
        raw = self._text[self._at : end]
        shown = raw if shown is None else shown
        self._parts += self._blocks.feed(shown)
        self._seen = (self._seen + shown[-8:])[-8:]
        self._at = end

    def _known(self, at: int) -> str:
        """The character there, or nothing at the end of the text."""
        if at >= len(self._text) and not self._final:
            raise _MoreNeeded
        return self._text[at : at + 1]

    def _end_of(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        return match.end() if match else self._at

    # -- lines

    def _begin_line(self) -> None:
        """Read what stands before the text of a line, and whether the line is code."""
        head, line_break, _ = self._text[self._at : self._at + CODE].partition("\n")
        line = self._next_line(head)
        is_whole = line_break or (self._final and len(head) < CODE)
        is_open = not is_whole and _is_undecided(line, head)
        if is_open and len(head) < CODE:
            raise _MoreNeeded
        if is_open:
            line = self._next_line(head + "x")
        if line.is_code and (not is_open or line.is_fenced or line.indent >= 4):
            self._line = _Line(line.prefix, code=True)
        else:
            self._begin_text(line, is_open or line.looks_like_more)

    def _next_line(self, head: str) -> Line:
        return self._blocks.next_line(head.replace("$", "x"))  # what a dollar is comes later

    def _begin_text(self, line: Line, looks_like_more: bool) -> None:
        start = self._at + line.start
        shown = self._text[self._at : start]
        if line.is_lazy:
            shown = line.prefix + " " * line.indent
        shown += BREAK * looks_like_more
        ends = {"#": _LINE, "|": _CELL}
        end = ends.get(self._text[start : start + 1], _PARAGRAPH)
        self._line = _Line(line.prefix, end, begun=looks_like_more or line.indent >= 4)
        self._take(start, shown)

    def _take_code(self) -> None:
        end = self._text.find("\n", self._at) + 1 or len(self._text)
        if self._text[end - 1] == "\n":
            self._line = None
        self._take(end)

    # -- text in a line

    def _take_text(self) -> None:
        assert self._line is not None
        special = _SPECIAL.search(self._text, self._at)
        if special is None:
            self._line.begun = True
            self._take(len(self._text))
        elif special.start() > self._at:
            self._line.begun = True
            self._take(special.start())
        elif special[0] == "\n":
            self._line = None
            self._take(self._at + 1)
        else:
            shown, end = _READERS[special[0]](self, self._line)
            self._line.begun = True
            self._take(end, shown)

    def _within(self, limit: int, end: re.Pattern[str]) -> tuple[int, bool]:
        """Where what begins here must end, and whether all text up to there has come."""
        latest = self._at + limit
        if match := end.search(self._text, self._at + 1, latest):
            return match.start(), True
        return min(latest, len(self._text)), self._final or latest <= len(self._text)

    def _match(
        self, pattern: re.Pattern[str], limit: int, end: re.Pattern[str]
    ) -> re.Match[str] | None:
        latest, complete = self._within(limit, end)
        match = pattern.match(self._text, self._at, latest)
        if not complete and (match is None or match.end() == latest):
            raise _MoreNeeded
        return match

    def _backslash(self, line: _Line) -> tuple[str, int]:
        after = self._known(self._at + 1)
        if after == "(":
            return self._round_formula(line)
        if after == "[":
            return self._display("\\[", line)
        if after == ":":
            return self._colon(line)
        end = self._at + 2 if _PUNCTUATION.match(after) else self._at + 1
        return self._text[self._at : end], end

    def _code(self, line: _Line) -> tuple[str, int]:
        """A code span as it is, or backticks that are none."""
        run = self._end_of(_BACKTICKS) - self._at
        self._known(self._at + run)
        latest, complete = self._within(CODE, line.end)
        for closing in _CLOSING.finditer(self._text, self._at + run, latest + run + 1):
            if closing.end() > latest:
                break
            self._known(closing.end())
            if closing.end() - closing.start() == run:
                code = _LINE_BREAK.sub(" ", self._text[self._at : closing.end()])
                return code.replace("![", f"!{'`' * run}{BREAK}{'`' * run}["), closing.end()
        else:
            if not complete:
                raise _MoreNeeded
        return "&#96;" * run, self._at + run

    def _dollar(self, line: _Line) -> tuple[str, int]:
        run = self._end_of(_DOLLARS) - self._at
        after = self._known(self._at + run)
        if run == 2:
            return self._display("$$", line)
        if run == 1 and after and not after.isspace():
            end = _CELL if line.end is _CELL else _LINE
            match = self._match(_DOLLAR, FORMULA, end)
            if match and not match[1][-1].isspace() and not match[2].isdigit():
                return self._formula(match[1]), match.end()
        return "\\$" * run, self._at + run

    def _round_formula(self, line: _Line) -> tuple[str, int]:
        match = self._match(_ROUND, CODE, line.end)
        if match and match[1].strip() and "$$" not in match[1]:
            return self._formula(" ".join(match[1].split())), match.end()
        return "\\(", self._at + 2

    def _formula(self, tex: str) -> str:
        """A formula between words. Two dollars let it hold one, and stand before a digit."""
        before, after = (" " * (tex[at] == "$") for at in (0, -1))
        tex = f"$${before}{_without_image(tex)}{after}$$"
        return BREAK * self._seen.endswith("$") + tex

    def _display(self, opening: str, line: _Line) -> tuple[str, int]:
        """A formula on lines of its own, where it has its lines for itself."""
        alone = not line.begun and self._text[self._at + 2 : self._at + 3] == "\n"
        end_by = _BLANK if line.end is _PARAGRAPH else line.end
        match = self._match(
            _DISPLAYS[opening],
            CODE if line.begun else DISPLAY,
            _BEFORE_CODE if alone else end_by,
        )
        if not match or not match[1].strip() or "$$" in match[1]:
            return {"$$": "\\$\\$", "\\[": "&#91;"}[opening], self._at + 2
        tex, end = _without_image(match[1].strip()), match.end()
        rest = _INDENT.match(self._text, end)
        last = self._known(rest.end() if rest else end) in ("", "\n")
        if "\n" not in match[1] and (line.begun or not last):
            return self._formula(tex), end
        lines = [part.strip(" \t>" if ">" in line.prefix else None) for part in tex.split("\n")]
        lines = ["$$", *(part for part in lines if part), "$$"]
        lines = [""] * line.begun + lines + [""] * (not last)
        return f"\n{line.prefix}".join(lines), end

    def _exclamation(self, line: _Line) -> tuple[str, int]:
        """An image becomes a link to it."""
        after = self._known(self._at + 1)
        if after != "[":
            return "\\!" if after == "!" else "!", self._at + 1
        match = self._match(_IMAGE, LINK, line.end)
        if match is None or not match[2]:
            return "\\!", self._at + 1
        return "[" if match[1].strip() else "[image", self._at + 2

    def _bracket(self, line: _Line) -> tuple[str, int]:
        """An image that is a link already is that link. A footnote is shown as it is typed."""
        after = self._known(self._at + 1)
        if after == "^":
            return "\\[", self._at + 1
        image = after == "!" and self._known(self._at + 2) == "["
        match = self._match(_LINKED_IMAGE, LINK, line.end) if image else None
        if match is None:
            return "[", self._at + 1
        words = " ".join(match[1].split()) or "image"
        return "[" + _PUNCTUATION.sub(r"\\\g<0>", words), match.end()

    def _angle(self, _: _Line) -> tuple[str, int]:
        """Markup is shown as it is typed; only addresses are links."""
        if not _MARKUP.match(self._known(self._at + 1)) or self._seen.endswith("]("):
            return "<", self._at + 1
        match = self._match(_AUTOLINK, LINK, _TAG)
        return (match[0], match.end()) if match else ("&lt;", self._at + 1)

    def _colon(self, _: _Line) -> tuple[str, int]:
        """What might be a command of Streamlit's is shown as it is typed."""
        at = self._text.index(":", self._at)
        name = _NAME.match(self._text, at)
        assert name is not None
        after = self._known(name.end())
        if not name[1] and after == "/" and self._seen.endswith(("http", "https")):
            self._in_url = self._known(name.end() + 1) == "/"
            return ":", at + 1
        if not name[1].strip("+-") and (name[1] or after != ":"):
            return self._text[self._at : at + 1], at + 1
        shortcode = after == ":" and _SHORTCODE.fullmatch(name[1])
        icon = after == "/" and name[1] == "material"
        return "\\:" + BREAK * bool(shortcode or icon), at + 1


_READERS = {
    "\\": MarkdownStream._backslash,
    "`": MarkdownStream._code,
    "$": MarkdownStream._dollar,
    "!": MarkdownStream._exclamation,
    "[": MarkdownStream._bracket,
    "<": MarkdownStream._angle,
    ":": MarkdownStream._colon,
}


def _is_undecided(line: Line, head: str) -> bool:
    """Whether a line that begins like this may still be something else."""
    rest = head[line.start :]
    return not rest or not (line.is_fenced or line.indent >= 4 or not _UNDECIDED.match(rest))


def _without_image(tex: str) -> str:
    """A formula that is no image even to who takes it for text; a blank in it says nothing."""
    return tex.replace("![", "! [")


def _is_text(part: str | Cut) -> bool:
    return isinstance(part, str)


def blocks(text: str) -> list[str]:
    """A whole text as Markdown for Streamlit, in blocks that can be drawn one by one."""
    stream = MarkdownStream()
    return joined([*stream.feed(text), *stream.end()])
