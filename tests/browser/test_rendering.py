"""Model text on the page, live and after a reload: good looks right, hostile does nothing."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.actions import messages, reply, send
from tests.browser.watched import Watched
from tests.fake_ollama import PAUSE, ErrorLine
from tests.hostile import hostile

GOOD = r"""## Step 1:foo

| a | b |
|:--|:-:|
| $x^2$ | `cell` |

```python
price = "$5 and $6"  # :smile:
```

Inline $a^2$, round \(b^2\), a pair \(c\)\(d\), twice $$e$$ in a line.

$$f = 1$$

\[
g = \frac{1}{2}
\]

1. \[ h = 2 \]

Costs $5 and $6 at 10:30:15, :red[red] :small[s] :blue-badge[b] :material/home:
:streamlit: arr:x[0].

Only :smile: beside `a:b:c`, lone ` and <b>bold</b> <br>, ![alt](/none.png) [![badge](/b.svg)](/ci).

```mermaid
graph TD
  A[Start] --> B[End]
```

END
"""

# A label's markup, in a document of Mermaid's own; what it draws is an image.
PARSED_BY_MERMAID = "Executing inline event handler"


def in_bits(text):
    """As tokens come."""
    return [text[start : start + 5] for start in range(0, len(text), 5)]


def live_and_reloaded(page, app, prompt):
    """The last message as it was streamed, and again as it is drawn from the store."""
    page.goto(app.url)
    send(page, prompt)
    for shown in ("live", "reloaded"):
        reply(page, re.compile(r"END.*tokens/s", re.DOTALL))
        yield messages(page).last
        if shown == "live":
            page.reload()


def test_good_markdown_looks_right(app, fake, page):
    fake.reply(*in_bits(GOOD))
    for message in live_and_reloaded(page, app, "hello"):
        expect(message.locator("table td")).to_have_count(2)
        expect(message.locator("pre")).to_contain_text('price = "$5 and $6"  # :smile:')
        expect(message.locator(".katex")).to_have_count(9)
        expect(message.locator(".katex-display")).to_have_count(3)
        expect(message.locator(".katex-error")).to_have_count(0)
        expect(message.locator("li .katex-display")).to_have_count(1)
        expect(message.locator("img")).to_have_attribute("src", re.compile("^blob:"))
        # The diagram, which has such a button, too, moves the code away from under the pointer.
        code = message.get_by_test_id("stCode")
        code.hover()
        expect(code.get_by_role("button", name="Copy to clipboard")).to_have_count(1)


def test_what_streamlit_would_take_for_itself_is_shown_as_typed(app, fake, page):
    fake.reply(*in_bits(GOOD))
    for message in live_and_reloaded(page, app, "hello"):
        expect(message).to_contain_text(
            "Costs $5 and $6 at 10:30:15, :red[red] :small[s] :blue-badge[b] :material/home: "
            ":streamlit: arr:x[0]."
        )
        expect(message).to_contain_text(
            "Only :smile: beside a:b:c, lone ` and <b>bold</b> <br>, alt badge."
        )
        expect(message.get_by_role("link", name="badge")).to_have_attribute("href", "/ci")


def assert_harmless(message, watched):
    """Nothing of it was asked for, runs, or had to be stopped by the policy."""
    assert watched.got_through() == []
    assert [said for said in watched.refused if not said.startswith(PARSED_BY_MERMAID)] == []
    expect(message.locator("video, audio, iframe, form, script, svg[onload]")).to_have_count(0)
    expect(message.locator("img:not([src^='blob:'])")).to_have_count(0)
    expect(message.page.locator("[data-testid=stException]")).to_have_count(0)
    expect(message.locator("a[href^='javascript:']")).to_have_count(0)


def test_hostile_markdown_reaches_nobody_and_runs_nothing(app, fake, page, sink):
    watched = Watched(page, app)
    fake.reply(*in_bits(hostile(sink.url)))
    prompt = f"![title]({sink.url}/title.png) <img src={sink.url}/x> $\\href{{javascript:1}}{{x}}$"
    for message in live_and_reloaded(page, app, prompt):
        assert_harmless(message, watched)
    assert sink.requests == []


def test_hostile_words_of_a_person_are_as_harmless(app, page, sink):
    watched = Watched(page, app)
    page.goto(app.url)
    send(page, hostile(sink.url))
    reply(page, "tokens/s")
    page.reload()
    reply(page, "tokens/s")
    for message in (messages(page).first, messages(page).last):
        expect(message).to_contain_text("END")
        assert_harmless(message, watched)
    assert sink.requests == []


def test_what_an_error_quotes_is_shown_as_it_is(app, fake, page, sink):
    watched = Watched(page, app)
    said = f"``` ![i]({sink.url}/i.png) [c](https://evil) `"
    fake.reply("half ", ErrorLine(said))
    page.goto(app.url)
    send(page, "hello")
    alert = messages(page).last.get_by_role("alert")
    expect(alert).to_contain_text(said)
    expect(alert.locator("img, a")).to_have_count(0)
    assert watched.breaches() == []


def test_half_a_construct_looks_right_while_it_streams(app, fake, page):
    fake.reply(
        *("Half\n\n```py\nprint(1)\n", PAUSE, "```\n\nthen $x", PAUSE, "^2$ and [li", PAUSE),
        *("nk](/there)\n\n\\[ y = ", PAUSE, "1 \\]\n\nand `co", PAUSE, "de`."),
    )
    page.goto(app.url)
    send(page, "hello")
    message = messages(page).last
    expect(message.locator("pre")).to_contain_text("print(1)")
    for text, formulas in (("then", 0), ("and li", 1), ("and link", 1), ("and", 2)):
        fake.release()
        expect(message.locator(".katex")).to_have_count(formulas)
        words = message.locator(":not([data-testid=stCaptionContainer]) > p").last
        expect(words).to_have_text(re.compile(f"{text}$"))
        expect(message).not_to_contain_text("$")
    fake.release()
    expect(message.locator("code").last).to_have_text("code")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_diagram_is_code_until_it_is_whole_and_then_drawn(app, fake, page, scheme):
    page.emulate_media(color_scheme=scheme)
    fake.reply("See:\n\n```mermaid\ngraph TD\n  A[St", PAUSE, "art] --> B{End: $5?}\n```\n\nEND")
    page.goto(app.url)
    send(page, "hello")
    expect(messages(page).last.locator("pre")).to_contain_text("A[St")
    fake.release()
    for _ in range(2):
        reply(page, re.compile(r"END.*tokens/s", re.DOTALL))
        diagram = messages(page).last.get_by_role("img", name="Mermaid flowchart")
        expect(diagram).to_be_visible()
        assert diagram.evaluate("image => image.decode().then(() => image.naturalHeight)") > 100
        expect(messages(page).last.locator("pre")).to_have_count(0)
        page.reload()


def test_a_prompt_keeps_its_lines_and_is_stored_as_typed(app, fake, page):
    page.goto(app.url)
    prompt = "costs $5\nor $6 :red[x]\n\\(z\\)"
    send(page, prompt)
    reply(page, "tokens/s")
    assert fake.requests[-1]["messages"][-1]["content"] == prompt
    first = messages(page).first
    expect(first).to_contain_text("costs $5\nor $6 :red[x]", use_inner_text=True)
    expect(first.locator(".katex")).to_have_count(1)
