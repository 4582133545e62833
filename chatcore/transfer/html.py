"""A chat as one HTML file that needs no other: to read, to print, to send to somebody.

Model text and names of files are hostile input. All text is escaped, the Markdown is read with HTML
off, only links to the web and to mail are links, an image in the text is a link to it; and the
file's own policy forbids it to fetch or run anything.
"""

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from chatcore.transfer import words
from chatcore.types import Attachment, File, Message, Session

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
# Of one paragraph: the time to read them grows with their square.
MOST_BRACKETS = 2000
# Of lists and quotations in each other: deeper, the library drops the rest of a text.
DEEPEST = 100
FORMULA_MARKS = (r"\(", r"\)", r"\[", r"\]")
PICTURES = ("image/png", "image/jpeg", "image/webp")
HEAD = """<!doctype html>
<html lang="">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta http-equiv="x-dns-prefetch-control" content="off">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1 dir="auto">{title}</h1>
<p>{day}</p>
</header>
<main>
"""
TAIL = "</main>\n</body>\n</html>\n"


def write(
    session: Session, messages: Sequence[Message], read: Callable[[int], File]
) -> Iterator[str]:
    yield HEAD.format(
        policy=POLICY,
        style=STYLE,
        title=escape(session.title),
        day=words.day(session.created_at),
    )
    for message in messages:
        yield f'<article class="{message.role}">\n<h2><bdi>{escape(words.who(message))}</bdi></h2>'
        yield f'\n<div dir="auto">\n{text(message.body)}</div>\n'
        for attachment in message.attachments:
            yield _attached(attachment, read)
        yield "</article>\n"
    yield TAIL


def text(markdown: str) -> str:
    """Markdown as HTML that is safe to be part of a page; as it is, where that is beyond reason."""
    if all(paragraph.count("[") <= MOST_BRACKETS for paragraph in markdown.split("\n\n")):
        env: dict[str, Any] = {}
        tokens = _MARKDOWN.parse(markdown, env)
        if all(token.level < DEEPEST - 1 for token in tokens):
            rendered: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, env)
            return rendered
    return f"<pre>{escape(markdown)}</pre>\n"


def _attached(attachment: Attachment, read: Callable[[int], File]) -> str:
    name = f"<bdi>{escape(attachment.name)}</bdi>"
    if attachment.media_type not in PICTURES:
        return f"<p class=file>{name}</p>\n"
    data = base64.b64encode(read(attachment.id).data).decode()
    source = f"data:{attachment.media_type};base64,{data}"
    alt = escape(attachment.name)
    return f'<figure><img src="{source}" alt="{alt}"><figcaption>{name}</figcaption></figure>\n'


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return re.match("https?://|mailto:", url, re.IGNORECASE) is not None


def _link(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    tokens[at].attrSet("rel", "noopener noreferrer")
    return renderer.renderToken(tokens, at, options, env)


def _image(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """A link to it; its words, where it is part of a link or leads nowhere."""
    image = tokens[at]
    label = escape(renderer.renderInlineAsText(image.children or [], options, env)) or "image"
    address = escape(str(image.attrs.get("src", "")))
    if not address or image.meta.get("linked"):
        return label
    return f'<a href="{address}" rel="noopener noreferrer">{label}</a>'


def _settle(state: StateCore) -> None:
    r"""Mark the images that are links, and let \( \) and \[ \] of formulas stay as written."""
    for block in state.tokens:
        links = 0
        for token in block.children or []:
            if token.type in ("link_open", "link_close"):
                links += token.nesting
            elif token.type == "image":
                token.meta["linked"] = links > 0
            elif token.type == "text_special" and token.markup in FORMULA_MARKS:
                token.content = token.markup


def _reader() -> MarkdownIt:
    reader = _Markdown("js-default", {"html": False, "maxNesting": DEEPEST})
    reader.add_render_rule("link_open", _link)
    reader.add_render_rule("image", _image)
    reader.core.ruler.before("text_join", "settle", _settle)
    return reader


_MARKDOWN = _reader()
