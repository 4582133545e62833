"""The gauge, the line and what the model saw, as they stand on the page."""

import json
import re

import pytest
from playwright.sync_api import expect

from bench.seed import fill
from tests.browser.actions import message_menu, messages, ready, reply, send
from tests.browser.server import App

GAUGE = re.compile(r"(\d+) messages, ([\d,]+) of 1,024 tokens")
LATER = re.compile(r"(\d+) older messages will be left out, above the line")


@pytest.fixture
def small(fake, tmp_path):
    """An app with a chat of sixty turns, of which the window holds some."""
    app = App(tmp_path, OLLAMA_HOST=fake.host, HEARTH_NUM_CTX="1024")
    session = fill(tmp_path / "hearth.db", 120, 1, "llama3.2:3b")
    app.start()
    yield f"{app.url}/?session={session}"
    app.stop()


def gauge(page):
    caption = page.get_by_text(GAUGE)
    expect(caption).to_have_count(1)
    return caption


def line(page, n):
    """What stands above the n-th message of the page."""
    place = page.locator("[class*='st-key-message_']:has(> div > [data-testid=stChatMessage])").nth(
        n
    )
    return place.evaluate("place => getComputedStyle(place, '::before').content")


def marked(page):
    """The one message of the page above which the line stands."""
    found = [n for n in range(messages(page).count()) if "memory begins" in line(page, n)]
    assert len(found) == 1
    return messages(page).nth(found[0])


def test_gauge_line_and_what_the_model_saw_agree_with_the_request(small, fake, page):
    page.goto(small)
    ready(page)
    told = gauge(page).inner_text()
    number, later = (int(pattern.search(told)[1]) for pattern in (GAUGE, LATER))
    assert number + later == 121
    begins = marked(page).inner_text()
    send(page, "and now?")
    reply(page, "You said: and now?")
    sent = fake.requests[-1]["messages"]
    assert len(sent) == number
    assert sent[0]["content"] in begins
    message_menu(page, messages(page).count() - 1, "What the model saw")
    shown = page.locator("[class*='st-key-seen_'] code")
    expect(shown).to_contain_text("num_ctx")
    body = json.loads(shown.text_content())
    assert body["messages"] == sent
    seed = body["options"]["seed"]
    assert body["options"] == fake.requests[-1]["options"] == {"num_ctx": 1024, "seed": seed}


def test_the_gauge_goes_on_when_a_reply_has_ended(app, page):
    page.goto(app.url)
    send(page, "hello")
    expect(page.get_by_text("3 messages, ")).to_be_visible()
    send(page, "more")
    expect(page.get_by_text("5 messages, ")).to_be_visible()
