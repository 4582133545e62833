"""What a person decides of a chat's memory: pins, what is left out, summaries."""

import pytest
from playwright.sync_api import expect

from bench.seed import fill
from chatcore.summing import SUMMED_UP
from tests.browser.actions import message_menu, messages, ready, reply, send
from tests.browser.server import App


@pytest.fixture
def full(fake, tmp_path):
    """The address of a chat of ten turns, of which the window holds the last."""
    app = App(tmp_path, OLLAMA_HOST=fake.host, HEARTH_NUM_CTX="1024")
    session = fill(tmp_path / "hearth.db", 20, 1, "llama3.2:3b")
    app.start()
    yield f"{app.url}/?session={session}"
    app.stop()


def place(page, n):
    return page.locator("[class*='st-key-message_']:has(> div > [data-testid=stChatMessage])").nth(
        n
    )


def asked(page, fake, prompt):
    """The prompts of the request that this one makes."""
    send(page, prompt)
    reply(page, f"You said: {prompt}")
    return [m["content"] for m in fake.requests[-1]["messages"] if m["role"] == "user"]


def question(n):
    return f"Question {n}: how does step {n} of the plan work, in short?"


def test_a_pinned_message_is_sent_and_a_left_out_one_is_grey_and_is_not(full, fake, page):
    page.goto(full)
    ready(page)
    message_menu(page, 0, "Pin: always send it")
    expect(messages(page).nth(0)).to_contain_text("pinned")
    message_menu(page, 18, "Leave out: never send it")
    expect(messages(page).nth(18)).to_contain_text("left out")
    expect(place(page, 18)).to_have_css("opacity", "0.6")
    prompts = asked(page, fake, "and now?")
    assert question(1) in prompts
    assert not {question(2), question(10)} & set(prompts)
    page.reload()
    expect(place(page, 18)).to_have_css("opacity", "0.6")
    message_menu(page, 18, "Send it while there is room")
    expect(place(page, 18)).to_have_css("opacity", "1")
    assert question(10) in asked(page, fake, "and again?")


def when_full(page, what):
    page.get_by_role("button", name="Options", exact=True).click()
    # A list that is open closes when the panel scrolls: no more fields are to come above it.
    expect(page.get_by_label("temperature", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sum up now").hover()  # scrolled into view, it stays there
    page.get_by_role("combobox", name="When the window is full").click()
    page.get_by_role("option", name=what).click()


def test_a_chat_is_set_to_sum_up_its_oldest_and_back(full, fake, page):
    page.goto(full)
    ready(page)
    when_full(page, "Sum up the oldest")
    expect(page.get_by_text("or more will be summed up first")).to_be_visible()
    page.keyboard.press("Escape")
    prompts = asked(page, fake, "and now?")
    assert fake.requests[0]["messages"][0]["content"] == question(1)
    summary, *_ = fake.requests[-1]["messages"]
    assert summary["content"].startswith(SUMMED_UP)
    assert question(1) not in prompts
    expect(page.locator(".st-key-summary")).to_be_visible()
    when_full(page, "Leave out the oldest")
    expect(page.get_by_text("older messages will be left out, above the line")).to_be_visible()
    expect(page.locator(".st-key-summary")).to_have_count(0)
    page.keyboard.press("Escape")
    asked(page, fake, "and then?")
    assert SUMMED_UP not in fake.requests[-1]["messages"][0]["content"]


def test_a_summary_is_asked_for_read_corrected_and_sent(app, fake, page):
    page.goto(app.url)
    for prompt in ("My name is Ada.", "And I like ships."):
        asked(page, fake, prompt)
    page.get_by_role("button", name="Options", exact=True).click()
    fake.reply("They are called Eda.")
    page.get_by_role("button", name="Sum up now").click()
    summary = page.locator(".st-key-summary")
    expect(summary).to_be_visible()
    page.keyboard.press("Escape")
    # Until the popover is gone, a click beside it would do no more than close it.
    expect(page.get_by_role("button", name="Sum up now")).to_have_count(0)
    expect(place(page, 1).locator(summary)).to_be_visible()
    summary.get_by_text("Summary: the model reads this").click()
    expect(summary).to_contain_text("They are called Eda.")
    summary.get_by_role("button", name="Edit summary").click()
    summary.get_by_label("Summary", exact=True).fill("They are called Ada.")
    summary.get_by_role("button", name="Save").click()
    expect(summary).to_contain_text("They are called Ada.")
    assert asked(page, fake, "who am I?") == ["And I like ships.", "who am I?"]
    assert fake.requests[-1]["messages"][0]["content"].endswith("They are called Ada.")
    expect(messages(page).first).to_contain_text("My name is Ada.")
