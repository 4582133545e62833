"""Blocks: cut where nothing can go wrong, and the same however the text arrives."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.blocks import BlockStream, Cut

FRAGMENTS = [
    *("word ", "a", "1", "10", ". ", ") ", "- ", "-", "* ", "+ ", "\n", "\n\n", " \n", "\r\n"),
    *("  ", "    ", "\t", "```", "````", "~~~", "`", "py", "$$", "$", "\\[", "\\]", "# ", "> "),
    *("| a | b |\n|---|---|\n", "---\n", "<details>\n", "é", "\u2028", "\x0b", "***"),
]
markdown = st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join)


def streamed(pieces):
    """The blocks as a page builds them from what the stream hands out."""
    stream, blocks = BlockStream(), [""]
    parts = [part for piece in pieces for part in stream.feed(piece)]
    for part in parts + stream.end():
        if isinstance(part, Cut):
            blocks.append("")
        else:
            blocks[-1] += part
    return [block for block in blocks if block]


def split_blocks(text):
    """The blocks of a text that comes whole."""
    return streamed([text])


@given(markdown)
def test_nothing_is_added_or_lost(text):
    blocks = split_blocks(text)
    assert "".join(blocks) == text
    assert all(blocks)


@given(markdown, st.data())
def test_the_blocks_are_the_same_however_the_text_arrives(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert streamed(pieces) == streamed(text) == split_blocks(text)


@given(markdown)
def test_a_block_begins_at_the_margin_after_a_blank_line(text):
    blocks = split_blocks(text)
    for before, block in pairwise(blocks):
        assert not block[0].isspace()
        assert before.endswith("\n")
        assert before.split("\n")[-2].strip() == ""


@given(markdown)
def test_a_block_alone_is_one_block(text):
    for block in split_blocks(text):
        assert split_blocks(block) == [block]


@pytest.mark.parametrize(
    "blocks",
    [
        ["One.\n\n", "Two.\n\n\n", "Three."],
        ["# Title\n\n", "Text\nand more.\n"],
        ["- a\n# b\n\n", "- c"],
        ["> ~~~\n> a\n\n", "b"],
        ["One.\n \t\n", "Two."],
        ["\n\nOne.\n\n", "Two."],
        ["- a\n- b\n\n", "After the list."],
        ["| a |\n|---|\n| 1 |\n\n", "After the table."],
        ["> said\n\n", "> said again"],
        ["```\na\n```\n\n", "After the code."],
        ["$$\na\n$$\n\n", "After the formula."],
        ["- ```\n  code\nAfter\n\n", "```\nb\n\nc\n```"],
        ["Title\n---\n\n", "***\n\n", "Text"],
        ["1st\n\n", "2nd"],
        ["- a\n\n", "1"],
        ["`````\n```\n\nstill code\n`````\n\n", "Text"],
        ["Costs $5\n\n", "and $6"],
        ["$$x$$\n\n", "Text"],
        ["$$x$$ is nice\n\n", "Text"],
        ["```\n1. Do:\n\n    ```bash\n    ls\n    ```\n\nend\n```\n\n", "Next."],
        ["1. a\n  ```\ncode\n\nmore\n  ```\n\n", "end\n"],
        ["- ```\n  a\n  ```\n\n", "Text"],
    ],
)
def test_a_cut_falls_between_blocks(blocks):
    assert split_blocks("".join(blocks)) == blocks


@pytest.mark.parametrize(
    "block",
    [
        "```py\na\n\nb\n```",
        "~~~\na\n\nb",
        "```\na\n\n~~~\n\nb\n```",
        "$$\na\n\nb\n$$",
        "a\n\n\ufeffb",
        "1. one\n\n2. two\n\n10. ten",
        "- a\n\n  more of a\n\n- b",
        "Words:\n- a\n\n- b",
        "1. one\n\n   ```\n   a\n\n   b\n   ```\n\n2. two",
        "- ```\n  a\n\n  b\n  ```\n\n- b",
        "Text\n\n    indented code",
        "One very long paragraph\n" * 50,
        "* a\n\n+ b",
        "- a\n\n-",
    ],
)
def test_what_belongs_together_is_never_cut(block):
    assert split_blocks(block) == [block]


def test_ordinary_text_is_handed_out_at_once():
    stream = BlockStream()
    for word in ("One ", "two", "\n", "three", "\n\n"):
        assert stream.feed(word) == (["\n", "\n"] if word == "\n\n" else [word])
    first, second = stream.feed("Four")
    assert isinstance(first, Cut)
    assert second == "Four"


def test_only_a_possible_list_marker_is_held_back():
    stream = BlockStream()
    stream.feed("- a\n\n")
    assert stream.feed("1") == []
    assert stream.feed("2") == []
    assert stream.feed(". ") == ["12. "]


def test_what_was_held_back_comes_at_the_end():
    stream = BlockStream()
    stream.feed("- a\n\n")
    assert stream.feed("12") == []
    cut, rest = stream.end()
    assert isinstance(cut, Cut)
    assert rest == "12"
