"""No text makes an image, and no error a link, to whoever reads it, whole or as it streams."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.blocks import joined
from chatcore.markdown import BREAK, MarkdownStream, blocks
from chatcore.ui import words
from tests.hostile import PAYLOADS, U, begins_an_image, images, links, readable

FRAGMENTS = [
    *(
        f"![x]({U})",
        f"![x]({U})",
        "![r]",
        f"[r]: {U}\n",
        f"`![x]({U})`",
        "!",
        "[",
        "](",
        ")",
        "[^a]:",
    ),
    *(
        "- ",
        "-",
        "+ ",
        "1. ",
        "2. ",
        "01. ",
        "-      ",
        "> ",
        ">",
        "# ",
        "---",
        "===",
        "| a |\n|---|\n",
    ),
    *("```", "~~~", "~~~", "`", "``", "$$", "$$\nx\n$$", "\\[\nx\n\\]", "\\(`$\\)", "$a$", "\\"),
    *(
        " ",
        "  ",
        "   ",
        "    ",
        "      ",
        "\t",
        "\n",
        "\n",
        "\n",
        "\n\n",
        "\r",
        "\x0b",
        "\ufeff",
        "\xa0",
    ),
    *("a", "a b", "<b>", "<https://a|`>", "[a](b`c)", ":a[", "::", "|", '"'),
]
markdown = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)
often = settings(derandomize=True, max_examples=400)


def assert_no_image_in(shown):
    assert [block for block in shown if images(block) or begins_an_image(block)] == []


@pytest.mark.parametrize("text", PAYLOADS)
def test_what_hides_an_image_holds_none(text):
    assert_no_image_in(blocks(text))


@often
@given(markdown)
def test_no_text_holds_an_image(text):
    assert_no_image_in(blocks(text))


@settings(often, max_examples=100)
@given(markdown)
def test_no_beginning_of_a_text_that_streams_holds_an_image(text):
    stream, parts = MarkdownStream(), []
    for character in text:
        parts += (new := stream.feed(character))
        if new:
            assert_no_image_in(joined(parts)[-2:])
    assert_no_image_in(joined(parts + stream.end()))


@often
@given(st.lists(st.sampled_from([*FRAGMENTS, f"[c]({U})", f"<{U}>"]), max_size=20).map("".join))
def test_what_an_error_quotes_is_shown_as_it_is_without_images_and_links(text):
    said = f"The server refused ({text}): run `ollama pull x`, *now*."
    shown = words.sentence(said)
    assert (images(shown), links(shown)) == ([], [])
    assert readable(shown.replace(BREAK, "")) == re.sub(r"[\s`]", "", said)
