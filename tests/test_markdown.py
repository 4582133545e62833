"""Markdown: what Streamlit would misread is written so that it cannot; code is left alone."""

from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chatcore.blocks import joined
from chatcore.markdown import BREAK, CODE, DISPLAY, LEAST, MarkdownStream, blocks
from tests.test_blocks import split_blocks

FRAGMENTS = [
    *(
        "word ",
        "a",
        " ",
        "5",
        "\n",
        "\n\n",
        "\r\n",
        "\r",
        "  ",
        "    ",
        "\t",
        "- ",
        "1. ",
        "> ",
        "# ",
    ),
    *("$", "$$", "\\", "\\(", "\\)", "\\[", "\\]", "`", "``", "```", "~~~", "```py\n", "|", "\\$"),
    *("!", "[", "]", "(", ")", "![a](b)", "![a][b]", "[![a](b)](c)", "![", "](", "<", ">", "<b>"),
    *(
        ":",
        "::",
        ":red[",
        ":smile:",
        ":material/home:",
        "http",
        "https://",
        "https://a/b:c",
        "/",
        "é",
    ),
    *(
        "$x$",
        "$$\nx\n$$",
        "\\[\nx\n\\]",
        "| a | b |\n|---|:-:|\n",
        "---\n",
        "&",
        "_",
        "*",
        "x" * 90,
    ),
]
markdown = st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join)
code_text = st.text(st.sampled_from("ab $\\![]<:\n#-~|>"), max_size=60)


def shown(text):
    return "".join(blocks(text))


def streamed(pieces):
    stream = MarkdownStream()
    parts = [part for piece in pieces for part in stream.feed(piece)]
    return joined(parts + stream.end())


@given(markdown, st.data())
def test_the_result_is_the_same_however_the_text_arrives(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert streamed(pieces) == streamed(text) == blocks(text)


@given(markdown)
def test_the_blocks_are_those_of_what_is_shown(text):
    """But for those that would be too small to be worth an element."""
    cuts, all_cuts = (
        set(accumulate(map(len, each))) for each in (blocks(text), split_blocks(shown(text)))
    )
    assert "".join(blocks(text)) == shown(text)
    assert cuts <= all_cuts
    assert all(len(block) >= LEAST for block in blocks(text)[:-1])


@given(st.text(st.sampled_from("ab *_#->|~.,;()]{}&1é"), max_size=20))
def test_a_line_without_special_characters_is_unchanged(text):
    assert shown(text) == text.lstrip()


@given(st.text(st.sampled_from("ab *+#>|~.,;()]{}&\n1é")))
def test_lines_without_special_characters_read_the_same(text):
    read = MarkdownIt("commonmark").render
    assert read(shown(text).replace(BREAK, "")) == read(text.lstrip())


@given(code_text, st.sampled_from(["```", "~~~~"]), st.sampled_from(["", "py", "mermaid"]))
def test_fenced_code_is_never_changed(code, fence, language):
    text = f"Text:\n\n{fence}{language}\n{code.replace('~~~', '')}\n{fence}\n"
    assert shown(f"{text}costs $5") == f"{text}costs \\$5"


@given(st.text(st.sampled_from("ab $\\![]<:#-~>"), min_size=1))
def test_inline_code_is_never_changed_but_for_a_seam_in_what_could_be_an_image(code):
    same = code.replace("![", f"!`{BREAK}`[")
    assert shown(f"It is `{code}` here") == f"It is `{same}` here"


@given(st.lists(st.text(st.sampled_from("ab $\\![]<:`"), min_size=1), min_size=1))
def test_indented_code_is_never_changed(lines):
    code = "".join(f"    x{line}\n" for line in lines)
    assert shown(f"Text\n\n{code}\nText") == f"Text\n\n{code}\nText"


@given(markdown)
@example("`\r\r![a](b) `")
@example("x\n    ```\n![a](b)")
@example("a ` | b\n--|--\n ![a](b) ` | c")
def test_little_is_held_back(text):
    stream = MarkdownStream()
    for character in text:
        stream.feed(character)
        assert len(stream._text) <= DISPLAY
    assert len(stream._text) <= DISPLAY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so $x^2$ is", "so $$x^2$$ is"),
        ("so \\(x^2\\) is", "so $$x^2$$ is"),
        ("so \\( x^2 \\)5", "so $$x^2$$5"),
        ("so $$x^2$$ is", "so $$x^2$$ is"),
        ("so \\[x^2\\] is", "so $$x^2$$ is"),
        ("$$x$$", "$$\nx\n$$"),
        ("\\[ x \\]\nwith", "$$\nx\n$$\nwith"),
        ("\\[\nx\n\n\\\\[2pt] y\n\\]", "$$\nx\n\\\\[2pt] y\n$$"),
        ("$$ x\n+ y $$", "$$\nx\n+ y\n$$"),
        ("so $$\nx\n$$.", "so \n$$\nx\n$$\n."),
        ("1. \\[\nx\n\\]\n2. b", "1. $$\n   x\n   $$\n2. b"),
        ("> $$\n> x\n> $$", "> $$\n> x\n> $$"),
        ("$a \\$ b$", "$$a \\$ b$$"),
        ("\\(a\\)\\(b\\)", "$$a$$:small[]$$b$$"),
    ],
)
def test_a_formula_is_written_as_streamlit_reads_it(text, expected):
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("costs $5 and $6", "costs \\$5 and \\$6"),
        ("from $5-$10", "from \\$5-\\$10"),
        ("a $ b$", "a \\$ b\\$"),
        ("$a\nb$", "\\$a\nb\\$"),
        ("| $5|6$ |", "| \\$5|6\\$ |"),
        ("already \\$5", "already \\$5"),
        ("$$ is a PID\n\nnext $$", "\\$\\$ is a PID\n\nnext \\$\\$"),
        ("$$\n```\necho $$\n```", "\\$\\$\n```\necho $$\n```"),
        ("$$$x$$$", "\\$\\$\\$x\\$\\$\\$"),
        ("regex \\( and \\[ alone", "regex \\( and &#91; alone"),
    ],
)
def test_what_is_no_formula_stays_text(text, expected):
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![alt](http://u)", "[alt](http://u)"),
        ("![](http://u)", "[image](http://u)"),
        ("![a [b] c](<u> 'title')", "[a [b] c](<u> 'title')"),
        ("![a](data:image/png;base64,xx==)", "[a](data\\:image/png;base64,xx==)"),
        ('[![alt](http://u "t")](http://v)', "[alt](http://v)"),
        ("[![](u)](v)", "[image](v)"),
        ("![alt][x]", "\\![alt][x]"),
        ("vec![1, 2]", "vec\\![1, 2]"),
        ("\\![alt](u)", "\\![alt](u)"),
        ("`![a](b)` ![a](b)", f"`!`{BREAK}`[a](b)` [a](b)"),
        ("!![a](b)", "\\![a](b)"),
        ("Wow!!", "Wow\\!!"),
        ("lone ` ![a](b)", "lone &#96; [a](b)"),
        ("`\n\n![a](b) `", "&#96;\n\n[a](b) &#96;"),
        ("Wow![", "Wow\\!["),
    ],
)
def test_an_image_is_a_link_to_it(text, expected):
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":red[x]", "\\:red[x]"),
        (":blue-badge[x]", "\\:blue-badge[x]"),
        (":::note", "\\:\\:\\:note"),
        (":smile:", f"\\:{BREAK}smile:"),
        (":+1: :100:", f"\\:{BREAK}+1: \\:{BREAK}100:"),
        ("\\:smile:", f"\\:{BREAK}smile:"),
        (":material/home:", f"\\:{BREAK}material/home:"),
        ("at 10:30:15", "at 10\\:30\\:15"),
        ("Note: this", "Note: this"),
        ("| a |\n|:-:|\n| b |", "| a |\n|:-:|\n| b |"),
        ("https://a.b:80/c:d$e", "https://a.b:80/c:d$e"),
        ("<https://a:80/b> <b:c>", "<https://a:80/b> &lt;b\\:c>"),
        ("a < b <- c", "a < b <- c"),
    ],
)
def test_a_command_of_streamlits_is_shown_as_typed(text, expected):
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1. Do:\n\n   ```sh\n   echo $A :red[x]\n   ```\n\n2. Then",
        "> ```\n> echo $A $B\n> ```\n> done",
        "Run ``a ` $b`` and `one two $x`",
        '```mermaid\ngraph TD; A["$x$"]-->B\n```',
        "| `a\\|$b` | c |",
        "```\nunfinished $a :red[x] ![a](b)",
    ],
)
def test_code_anywhere_is_untouched(text):
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> a\nb", "> a\n> b"),
        ("1. a\nb\n2. c", "1. a\n   b\n2. c"),
        ("- > a\n      ~~~", "- > a\n  >     ~~~"),
        ("run `a\n  b` now", "run `a b` now"),
        ("in\n2024. Then", f"in\n{BREAK}2024. Then"),
        ("a\n-", f"a\n{BREAK}-"),
        ("> " * 21 + "a", "> " * 20 + f"{BREAK}> a"),
        ("~" * 500, BREAK + "~" * 500),
        (" " * 500 + "a", "a"),
        ("a\n" + " " * 500 + "b", f"a\n{' ' * 400}{BREAK}{' ' * 100}b"),
        ("a[^1]\n\n[^1]: b", "a\\[^1]\n\n\\[^1]: b"),
        ("\ufeff~~~\na", "~~~\na"),
    ],
)
def test_what_two_readers_might_read_differently_is_made_plain(text, expected):
    assert shown(text) == expected


def test_a_stream_waits_only_for_what_is_undecided():
    stream = MarkdownStream()
    assert stream.feed("Costs $5 and") == ["Costs "]
    assert stream.feed(" $6, or `co") == ["\\$5 and "]
    assert stream.feed("de` then.\n") == ["\\$6, or `code` then.\n"]


@pytest.mark.parametrize("start", ["`", "$", "\\(", "![", "[![a](", "<a", ":", "$$", "a $$"])
def test_what_never_ends_is_held_back_for_a_while_only(start):
    stream = MarkdownStream()
    stream.feed("First " + start)
    assert stream.feed("x" * (CODE + 1))


@pytest.mark.parametrize(
    "piece",
    [
        "`",
        "` ",
        "$a ",
        "$",
        "![",
        "[![a](",
        "<a",
        ":a",
        "\\[\n",
        "$$\n",
        "\\(",
        "``` `",
        "> ",
        "- ",
        "\\",
    ],
)
def test_the_work_grows_with_the_text_and_not_its_square(piece):
    small, large = (steps(piece * n) for n in (2000, 8000))
    assert large < 5 * small + 1000


def steps(text):
    """How many characters the reader looked at anew: what it had held back, at each piece."""
    stream, looked_at = MarkdownStream(), 0
    for start in range(0, len(text), 50):
        looked_at += len(stream._text) + 50
        stream.feed(text[start : start + 50])
    return looked_at
