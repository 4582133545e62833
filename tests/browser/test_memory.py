"""The gauge, the line and what the model saw, as they stand on the page."""

import json
import re
from contextlib import closing

import ollama
import pytest
from playwright.sync_api import expect

from bench.seed import fill
from chatcore.counting import ENOUGH
from chatcore.engine import BUNDLED_NAME, EngineProcess
from chatcore.identity import LOCAL
from chatcore.options import Options
from chatcore.store import open_store
from tests.browser.actions import message_menu, messages, ready, send
from tests.browser.server import App
from tests.browser.test_attachments import attach
from tests.recorder import Recorder

GAUGE = re.compile(r"(\d+) messages?, ([\d,]+) of [\d,]+ tokens")
SHORT = 16  # tokens of a reply
STANDS_OUT = "told => getComputedStyle(told).color != getComputedStyle(told.closest('p')).color"
LATER = re.compile(r"(\d+) older messages will be left out, above the line")


@pytest.fixture
def small(fake, tmp_path):
    """An app with a chat of sixty turns, of which the window holds some."""
    app = App(tmp_path, OLLAMA_HOST=fake.host, HEARTH_NUM_CTX="1024")
    session = fill(tmp_path / "hearth.db", 120, 1, "llama3.2:3b")
    app.start()
    yield f"{app.url}/?session={session}"
    app.stop()


@pytest.fixture
def recorder():
    """Before the embedded engine."""
    engine = EngineProcess()
    recorder = Recorder(engine.url())
    yield recorder
    recorder.close()
    engine.stop()


@pytest.fixture
def real(recorder, tmp_path):
    """Such an app on the demo model, with short replies, in a window of 512 tokens."""
    app = App(tmp_path, OLLAMA_HOST=recorder.host, HEARTH_NUM_CTX="512")
    session = fill(tmp_path / "hearth.db", 120, 1, BUNDLED_NAME)
    with closing(open_store(tmp_path / "hearth.db")) as store:
        store.memory.choose_options(store.owner(LOCAL), session, Options(num_predict=SHORT))
    app.start()
    yield f"{app.url}/?session={session}"
    app.stop()


def gauge(page):
    caption = page.get_by_text(GAUGE)
    expect(caption).to_have_count(1)
    return caption


def line(page, n):
    """What stands above the n-th message of the page."""
    return messages(page).nth(n).evaluate("place => getComputedStyle(place, '::before').content")


def marked(page):
    """The one message of the page above which the line stands."""
    found = [n for n in range(messages(page).count()) if "memory begins" in line(page, n)]
    assert len(found) == 1
    return messages(page).nth(found[0])


def sent_as_told(page, prompt, server, messages_before):
    """Ask, and hold what the page said of the request against the one that was made. Returns the
    tokens that were told before, and the model's own count of them."""
    told = gauge(page).inner_text()
    number, later = (int(pattern.search(told)[1]) for pattern in (GAUGE, LATER))
    assert number + later == messages_before + 1
    begins = marked(page).inner_text()
    send(page, prompt)
    expect(messages(page)).to_have_count(32)
    usage = messages(page).last.get_by_text("tokens/s")
    expect(usage).to_be_visible()
    body = server.requests[-1]
    assert (len(body["messages"]), body["messages"][-1]["content"]) == (number, prompt)
    assert body["messages"][0]["content"] in begins
    message_menu(page, messages(page).count() - 1, "What the model saw")
    shown = page.locator("[class*='st-key-seen_'] code")
    expect(shown).to_contain_text("num_ctx")
    seen = json.loads(shown.text_content())
    assert (seen["messages"], seen["options"]) == (body["messages"], body["options"])
    count = re.search(r"([\d,]+) tokens in", usage.inner_text())[1]
    return [int(figure.replace(",", "")) for figure in (GAUGE.search(told)[2], count)]


def test_gauge_line_and_what_the_model_saw_agree_with_the_request(small, fake, page):
    page.goto(small)
    ready(page)
    assert gauge(page).evaluate(STANDS_OUT)
    sent_as_told(page, "and now?", fake, 120)
    seed = fake.requests[-1]["options"]["seed"]
    assert fake.requests[-1]["options"] == {"num_ctx": 1024, "seed": seed}


def test_a_real_model_is_sent_what_is_told_and_counts_about_as_many_tokens(real, recorder, page):
    told = []
    for asked in range(ENOUGH):
        page.goto(real)
        ready(page)
        told.append(sent_as_told(page, f"And {asked}?", recorder, 120 + 2 * asked))
    whole = [whole_count(recorder.host, body["messages"]) for body in list(recorder.requests)]
    assert [count for _, count in told] == whole
    assert max(whole) <= 512 - SHORT
    assert all(abs(tokens / count - 1) < 0.10 for tokens, count in told[1:])


def whole_count(host, messages):
    """In a window where nothing is cut."""
    options = {"num_ctx": 2048, "num_predict": 1}
    client = ollama.Client(host=host, trust_env=False, timeout=60)
    return client.chat(BUNDLED_NAME, messages, options=options).prompt_eval_count


def test_a_long_prompt_and_a_file_are_told_to_leave_out_more_before_they_are_sent(small, page):
    page.goto(small)
    ready(page)
    box, word = page.locator(".st-key-prompt textarea"), page.get_by_text("may leave out more")
    box.fill("and now?")
    expect(word).to_be_hidden()
    box.fill("word " * 400)
    expect(word).to_be_visible()
    box.fill("")
    expect(word).to_be_hidden()
    attach(page, "notes.txt", b"some notes", "text/plain")
    expect(word).to_be_visible()
    send(page, "and now?")
    expect(word).to_be_hidden()


def test_the_gauge_goes_on_when_a_reply_has_ended(app, page):
    page.goto(app.url)
    send(page, "hello")
    expect(page.get_by_text("3 messages, ")).to_be_visible()
    send(page, "more")
    expect(page.get_by_text("5 messages, ")).to_be_visible()
