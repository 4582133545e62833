"""The controls people expect around a reply, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.actions import (
    chat,
    chats,
    in_address,
    link_to,
    message_menu,
    messages,
    reply,
    replying,
    send,
)
from tests.fake_ollama import PAUSE, Done, Thinking


def test_stop_keeps_the_text_and_continue_goes_on(app, fake, page):
    replying(app, fake, page, "half ", "never")
    page.locator(".st-key-stop button").click()
    fake.wait_until_idle()
    expect(page.locator(".st-key-stop button")).to_have_count(0)
    fake.reply("whole")
    page.get_by_role("button", name="Continue").click()
    reply(page, "half whole")
    assert fake.requests[-1]["messages"][-1]["content"] == "half "


def test_a_reply_that_was_cut_at_its_limit_goes_on(app, fake, page):
    fake.reply("half ", Done("length"))
    page.goto(app.url)
    send(page, "hello")
    reply(page, "cut at the length limit")
    fake.reply("whole")
    page.get_by_role("button", name="Continue").click()
    reply(page, "half whole")
    expect(page.get_by_role("button", name="Continue")).to_have_count(0)
    assert fake.requests[-1]["messages"][-1]["content"] == "half "


def test_stop_works_where_the_browser_is_not_let_through_to_the_api(app, fake, page):
    page.route("**/api/**", lambda route: route.abort())
    replying(app, fake, page, "half ", "never")
    page.locator(".st-key-stop button").click()
    fake.wait_until_idle()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()


def test_escape_stops_before_the_first_word(app, fake, page):
    fake.reply(PAUSE, "never")
    page.goto(app.url)
    send(page, "hello")
    reply(page, "prompt")
    expect(page.locator(".st-key-stop button")).to_be_visible()
    page.keyboard.press("Escape")
    fake.wait_until_idle()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()


@pytest.mark.parametrize(
    "opens",
    [
        ".st-key-model button",
        "[data-chat] [aria-haspopup]",
        "[class*='st-key-message_menu_'] button",
    ],
)
def test_escape_closes_what_is_open_and_stops_no_reply(app, fake, page, opens):
    replying(app, fake, page, "half ", "more ", PAUSE, "and ", PAUSE, "never")
    expect(page.locator(".st-key-stop button")).to_be_visible()
    page.locator(opens).first.click()
    opened = page.locator("[role=listbox], [role=menu]")
    expect(opened).to_be_visible()
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    for words in ("half more", "half more and"):
        fake.release()
        expect(messages(page).last).to_contain_text(words)
    assert fake.disconnects == []
    page.keyboard.press("Escape")
    fake.wait_until_idle()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    expect(messages(page).last).not_to_contain_text("never")


def test_what_a_stopped_reply_cost_is_unknown(app, fake, page):
    replying(app, fake, page, "half ", "never")
    page.locator(".st-key-stop button").click()
    cost = re.compile(
        r"llama3\.2:3b · tokens unknown · speed unknown · first after [\d.]+ m?s · stopped$"
    )
    for _ in range(2):
        expect(messages(page).last.locator("p").filter(has_text="unknown")).to_have_text(cost)
        page.reload()


def test_a_reply_is_regenerated_and_the_old_one_is_an_arrow_away(app, fake, page):
    page.goto(app.url)
    send(page, "hello")
    reply(page, "You said: hello")
    fake.reply("Another answer.")
    message_menu(page, 1, "Regenerate")
    expect(messages(page).last).to_contain_text("Another answer.")
    expect(messages(page).last).to_contain_text("2 / 2")
    page.get_by_role("button", name="Previous version").click()
    expect(messages(page).last).to_contain_text("You said: hello")
    page.reload()
    expect(messages(page).last).to_contain_text("You said: hello")
    page.get_by_role("button", name="Next version").click()
    expect(messages(page).last).to_contain_text("Another answer.")
    expect(messages(page)).to_have_count(2)


def test_an_edited_prompt_begins_a_branch_that_can_be_left_and_reentered(app, page):
    page.goto(app.url)
    send(page, "one")
    reply(page, "You said: one")
    send(page, "two")
    reply(page, "You said: two")
    message_menu(page, 0, "Edit")
    box = page.locator("[class*='st-key-edit_'] textarea")
    expect(box).to_be_focused()
    box.fill("uno")
    box.press("Control+Enter")
    reply(page, "You said: uno")
    expect(messages(page)).to_have_count(2)
    page.get_by_role("button", name="Previous version").click()
    expect(messages(page)).to_have_count(4)
    reply(page, "You said: two")


def test_a_fork_is_a_chat_of_its_own(app, page):
    first = chat(app, page, "one")
    message_menu(page, 1, "Fork from here")
    expect(chats(page)).to_have_count(2)
    assert in_address(page) != first
    send(page, "two")
    reply(page, "You said: two")
    link_to(page, first).click()
    expect(messages(page)).to_have_count(2)


def test_the_clock_tells_what_a_reply_is_at(app, fake, page):
    fake.reply(PAUSE, Thinking("hm"), PAUSE, "text", PAUSE)
    page.goto(app.url)
    send(page, "hello")
    for doing in ("reading the prompt", "thinking", "writing"):
        expect(messages(page).last).to_contain_text(doing)
        fake.release()
    expect(messages(page).last).to_contain_text("tokens/s")


def test_a_rating_is_still_there_after_a_reload(app, page):
    page.goto(app.url)
    send(page, "hello")
    reply(page, "You said: hello")
    page.locator("[class*='st-key-rating_'] button").first.click()
    page.reload()
    pressed = page.locator("[class*='st-key-rating_'] button").first
    expect(pressed).to_have_attribute("aria-checked", "true")


def test_thoughts_stream_into_a_folded_block_and_stay_there(app, fake, page):
    fake.reply(Thinking("let me see, "), PAUSE, Thinking("yes"), "42")
    page.goto(app.url)
    send(page, "what is it?")
    thoughts = page.locator("[data-testid=stExpander]")
    expect(thoughts.locator("summary")).to_contain_text("Thinking")
    thoughts.locator("summary").click()
    expect(thoughts).to_contain_text("let me see")
    fake.release()
    reply(page, "42")
    expect(thoughts.locator("summary")).to_contain_text("Thought for")
    page.reload()
    reply(page, "42")
    thoughts.locator("summary").click()
    expect(thoughts).to_contain_text("let me see, yes")
    expect(thoughts).to_have_count(1)


def test_thoughts_that_come_after_the_text_are_shown_with_the_others(app, fake, page):
    fake.reply(Thinking("let me see, "), "4", PAUSE, Thinking("yes"), "2")
    page.goto(app.url)
    send(page, "what is it?")
    reply(page, "4")
    fake.release()
    thoughts = page.locator("[data-testid=stExpander]")
    for _ in range(2):
        reply(page, re.compile("42.*tokens/s"))
        thoughts.locator("summary").click()
        expect(thoughts).to_contain_text("let me see, yes")
        expect(thoughts).to_have_count(1)
        page.reload()
