"""A chat as a file: readable, whole, and harmless."""

import base64
import json
import re
from html.parser import HTMLParser

import pytest

from chatcore.options import Choice, Options
from chatcore.transfer import FORMATS, file_name, html
from chatcore.types import Attachment, File, Message, Session, Usage
from tests.browser.test_rendering import GOOD, hostile
from tests.test_docs import ROOT

TIMES = (1_777_777_777_000, 1_777_777_778_000)
CHOICE = Choice(Options(temperature=0.5))
SESSION = Session(1, "a-chat", "Why <b>?", "m", 12, *TIMES, 2, choice=CHOICE)
PICTURE = File("cat <1>.png", "image/png", b"\x89PNG\0", None)
NOTES = File("notes [x].txt", "text/plain; charset=utf-8", b"hello", "hello")
HOSTILE = hostile("http://sink").replace("> " * 300, "> ").replace("- " * 300, "- ")
FILES = {1: PICTURE, 2: NOTES}
ATTACHED = tuple(
    Attachment(n, file.name, file.media_type, len(file.data), None if file is PICTURE else 5)
    for n, file in FILES.items()
)


def message(n, role, body, **values):
    parent = n - 1 if n > 11 else None
    return Message(n, 1, parent, role, "done", body, model=values.pop("model", ""), **values)


def talk(prompt="hello", reply="hi"):
    thoughts = {"thinking": "deep thoughts", "model": "m*1*", "usage": Usage(eval_count=3)}
    return [
        message(11, "user", prompt, thinking="", created_at=1, attachments=ATTACHED),
        message(12, "assistant", reply, created_at=2, **thoughts),
    ]


def written(form, *texts):
    return "".join(FORMATS[form].write(SESSION, talk(*texts), FILES.__getitem__))


class Tags(HTMLParser):
    """The elements of a page, and where its links and sources lead."""

    def __init__(self, page):
        super().__init__()
        self.names, self.addresses, self.handlers = set(), [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src", "action")]
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]


def test_html_shows_the_chat_and_its_files():
    page = written("html", "**hello**", "| a |\n|---|\n| b |\n\n`code` \\(x_1\\)")
    assert "<title>Why &lt;b&gt;?</title>" in page
    assert "<bdi>m*1*</bdi>" in page
    assert "<strong>hello</strong>" in page
    assert "<td>b</td>" in page
    assert r"\(x_1\)" in page
    assert "notes [x].txt" in page
    data = base64.b64encode(PICTURE.data).decode()
    assert f'<img src="data:image/png;base64,{data}" alt="cat &lt;1&gt;.png">' in page


def test_html_forbids_itself_all_but_its_style_and_images():
    assert (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'; img-src data:\">"
    ) in written("html")


@pytest.mark.parametrize("text", [GOOD, HOSTILE], ids=["good", "hostile"])
def test_hostile_text_makes_nothing_but_text_and_links_in_html(text):
    tags = Tags(html.text(text))
    allowed = (
        "a blockquote br code em h1 h2 h3 hr li ol p pre s strong table tbody td th thead tr ul"
    )
    assert tags.names <= set(allowed.split())
    assert all(re.match("https?://|mailto:", address) for address in tags.addresses)
    assert [name for name in tags.handlers if name != "style"] == []


@pytest.mark.parametrize(
    "target",
    ["javascript:x", "JaVaScript:x", "data:text/html,x", "file:///x", "//x", "/x", "vbscript:x"],
)
def test_other_links_than_to_the_web_and_mail_are_text(target):
    for text in (f"[a]({target})", f"![a]({target})", f"<{target}>", f"[a]\n\n[a]: {target}"):
        assert "a" not in Tags(html.text(text)).names


def test_an_image_in_a_link_is_that_link_alone():
    page = html.text("[![badge](https://a/b.svg)](https://ci) ![b](https://a/c.png)")
    assert Tags(page).addresses == ["https://ci", "https://a/c.png"]


def test_names_of_all_kinds_are_escaped_in_html():
    evil = '"><img src=x onerror=alert(1)>'
    session = Session(1, "a-chat", evil, "m", 12, 1, 1, 2)
    attachment = Attachment(1, evil, "image/png", 1, None)
    spoken = message(11, "assistant", "", thinking="", created_at=1, model=evil)
    prompt = message(12, "user", "", thinking="", created_at=1, attachments=(attachment,))
    page = "".join(html.write(session, [spoken, prompt], FILES.__getitem__))
    assert Tags(page).handlers == []
    assert evil not in page


def test_a_text_that_would_take_minutes_to_read_is_shown_as_it_is():
    assert html.text("<" + "[" * 100_000).startswith("<pre>&lt;[[[")


@pytest.mark.parametrize("depth", [1, 48, 49, 50, 51, 99, 100, 101, 3000])
@pytest.mark.parametrize("mark", ["> ", "- "])
def test_however_deep_a_text_is_none_of_it_is_lost(mark, depth):
    page = html.text(f"{mark * depth}deep\n\n[a](https://a)\n\nafter")
    assert "deep" in page
    assert "after" in page


def test_markdown_holds_what_was_said_as_it_was_written():
    page = written("md", "# prompt", "- a\n- $b$")
    assert page.startswith("# Why \\<b\\>\\?\n\n3 May 2026\n\n## You\n\n# prompt\n")
    assert "- notes \\[x\\]\\.txt\n" in page
    assert page.endswith("\n## m\\*1\\*\n\n- a\n- $b$\n")


@pytest.mark.parametrize("form", ["html", "md"])
def test_what_one_sends_to_others_holds_no_thoughts(form):
    assert "deep thoughts" not in written(form)


def test_json_holds_all_there_is():
    chat = json.loads(written("json", "hello", "h\u00ed \u2028"))
    messages = chat.pop("messages")
    assert chat == {
        "format": "hearth-chat",
        "version": 1,
        **{"id": "a-chat", "title": "Why <b>?", "model": "m", "leaf_id": "12"},
        "options": {"temperature": 0.5},
        **{"created_at": 1_777_777_777_000, "updated_at": 1_777_777_778_000},
    }
    assert [m["parent_id"] for m in messages] == [None, "11"]
    assert [m["content"] for m in messages] == ["hello", "h\u00ed \u2028"]
    assert (messages[1]["thinking"], messages[1]["keep"]) == ("deep thoughts", "")
    assert messages[1]["usage"]["eval_count"] == 3
    files = [(a["name"], a["media_type"], a["data"]) for a in messages[0]["attachments"]]
    assert files == [
        (f.name, f.media_type, base64.b64encode(f.data).decode()) for f in FILES.values()
    ]


def test_the_json_of_an_empty_chat_is_json():
    text = "".join(FORMATS["json"].write(SESSION, [], FILES.__getitem__))
    assert json.loads(text)["messages"] == []


def test_every_key_of_the_json_is_documented():
    documented = set(re.findall("`(\\w+)`", (ROOT / "docs" / "export.md").read_text("utf-8")))
    chat = json.loads(written("json"))
    [prompt, _] = chat["messages"]
    assert set(chat) | set(prompt) | set(prompt["attachments"][0]) <= documented


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Trip to Lisbon in März", "hearth-Trip-to-Lisbon-in-Marz.md"),
        ('../../etc/passwd\0\r\n"; x=', "hearth-etc-passwd-x.md"),
        ("日本語", "hearth.md"),
        ("a" * 99, f"hearth-{'a' * 53}.md"),
        ("CON", "hearth-CON.md"),
    ],
)
def test_a_file_is_named_by_harmless_characters(title, name):
    assert file_name(title, "md") == name
