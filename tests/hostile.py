"""Texts that would reach another host, run a script or break the page, if they could.

What is an image to one reader of Markdown hides in what another takes for code.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

U = "http://127.0.0.2/leak.png"

IMAGE = re.compile(r"(?<!\\)!\[")

PAYLOADS = (
    f"!![x]({U}) !!![x]({U}) ![![x]({U})]({U})",
    f"[!![x]({U})](http://a)",
    f"x\n    ~~~a ![o]({U})",
    f"x\n     ```a ![x]({U})",
    f"a\n\x0b~~~\n\n![r]({U})",
    f"a\n\x0c~~~\n\n![r]({U})",
    f"- a\n\n      ~~~\n  ![x]({U})",
    f"- a\n  ~~~\n ![x]({U})",
    f"> ~~~\n![x]({U})\n> ~~~",
    f"a\n- 2. ~~~\n     ![x]({U})",
    f"a\n01. ~~~\n    ![x]({U})",
    f"a\n- -\nb\n\n    ![x]({U})",
    f"a\n\n    code\n\n  2. ~~~\n     ![x]({U})",
    f"> | a |\n> |---|\nb\n2. ~~~\n   ![x]({U})",
    f"- a\n  ===\nb\n2. ~~~\n   ![x]({U})",
    f"[a](b`c) ![i]({U}) `",
    f'[a](b "t`x") ![i]({U}) `',
    f"[s]: u 'ti`tle'\nb ![i]({U}) `",
    f"`x | y` `![i]({U})`\n--|--",
    f"<https://a|`> `![i]({U})`\n--|--",
    f"<https://a|![i]({U})>\n--|--",
    f"\\(`$\\) `![x]({U})`",
    f"$`a\\$$ `![x]({U})`",
    f"$![x]({U})$ \\(a|![x]({U})\\)\n--|--",
    f"x[^a]\n\n[^a]: y\n\n    ![x]({U})",
    f"a\n\ufeff~~~\n![x]({U})",
    f"a\n      $$\nx\n$$\n~~~\n~~~\n![x]({U})",
)


def hostile(sink: str) -> str:
    """What would reach another host, run a script or break the page, if it could."""
    deep = "> " * 300 + "deep\n\n" + "- " * 300 + "deeper\n\n" + "[" * 500 + "x" + "](u)" * 500
    payloads = "\n\n".join(PAYLOADS).replace(U, f"{sink}/payload.png")
    return f"""![inline]({sink}/a.png) ![ref][r] ![r] ![](<{sink}/b.png>)
![t]({sink}/c "![u]({sink}/d)")

[r]: {sink}/e.png

[![nested]({sink}/f.png)]({sink}/g) [text ![label]({sink}/h.png)]({sink}/i) ![v]({sink}/v.mp4)

| a | ` | ![cell]({sink}/j.png) | ` |
|---|---|---|---|
| ` | ![row]({sink}/k.png) | ` | ![a]({sink}/l.mp3) |

` open ![m]({sink}/m.png)

not ` in | a
--- | ---
row ![n]({sink}/n.png) ` | b

text
    ```
![o]({sink}/o.png)

> ```
> code
![p]({sink}/p.png)

<img src={sink}/q.png onerror=window.pwned=1> <video src={sink}/r.mp4 autoplay></video>
<audio src={sink}/s.mp3></audio> <iframe src={sink}/t></iframe> <script>window.pwned = 1</script>
<style>body {{ background: url({sink}/u.png) }}</style> <link rel=stylesheet href={sink}/v.css>
<svg onload=window.pwned=1> <form action={sink}/w><input autofocus onfocus=window.pwned=1></form>

[js](javascript:window.pwned=1) [data](data:text/html,<script>window.pwned=1</script>)
[file](file:///etc/passwd) <javascript:window.pwned=1>
![d](data:image/svg+xml,<svg/onload=window.pwned=1>)

:color[x]{{foreground="red" background="url({sink}/x.png)"}} :material/{sink}: \u202egnp.exe\u202c

$\\href{{javascript:window.pwned=1}}{{x}}$ $\\includegraphics{{{sink}/y.png}}$
\\(\\url{{{sink}/y}}\\)
\\[ \\htmlStyle{{background:url({sink}/z.png)}}{{x}} \\] $\\def\\a{{\\a\\a}}\\a$

```mermaid
graph TD
  A[<img src='{sink}/1.png' onerror='window.pwned=1'>] --> B
  click A "javascript:window.pwned=1"
  click B call alert("pwned")
  style B fill:url({sink}/2.png)
```

{payloads}

{deep}

END
"""


def readable(markdown: str) -> str:
    """All that a reader finds to be read, without blanks and backticks."""
    tokens = _found(markdown)
    return re.sub(r"[\s`]", "", "".join(token.content for token in tokens if not token.children))


def images(markdown: str) -> list[str]:
    return [token.content for token in _found(markdown) if token.type == "image"]


def begins_an_image(markdown: str) -> bool:
    """Whether there is, outside of blocks of code, what another reader may take for an image."""
    in_code = (
        len(IMAGE.findall(token.info + "\n" + token.content))
        for token in _found(markdown)
        if token.type in ("fence", "code_block")
    )
    return len(IMAGE.findall(markdown)) != sum(in_code)


def links(markdown: str) -> list[str]:
    return [str(token.attrs["href"]) for token in _found(markdown) if token.type == "link_open"]


def _found(markdown: str) -> list[Token]:
    tokens = READER.parse(markdown)
    return [inner for token in tokens for inner in (token, *(token.children or []))]


def _math(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """Lines between lines of dollars, as Streamlit reads them."""
    opening = re.fullmatch(r"(\${2,})[^$]*", _line(state, first))
    if state.is_code_block(first) or not opening:
        return False
    if silent:
        return True
    last = first + 1
    while last < end and not _closes(state, last, len(opening[1])) and not _is_left(state, last):
        last += 1
    is_closed = last < end and _closes(state, last, len(opening[1]))
    state.push("math", "math", 0).content = state.getLines(first + 1, last, 0, False)
    state.line = last + is_closed
    return True


def _line(state: StateBlock, n: int) -> str:
    return state.src[state.bMarks[n] + state.tShift[n] : state.eMarks[n]]


def _closes(state: StateBlock, n: int, dollars: int) -> bool:
    is_end = re.fullmatch(rf"\${{{dollars},}}[ \t]*", _line(state, n))
    return bool(is_end) and not state.is_code_block(n) and not _is_left(state, n)


def _is_left(state: StateBlock, n: int) -> bool:
    return bool(_line(state, n)) and state.sCount[n] < state.blkIndent


READER = MarkdownIt("commonmark").enable("table")
READER.block.ruler.before("fence", "math", _math, {"alt": ["paragraph", "blockquote", "list"]})
