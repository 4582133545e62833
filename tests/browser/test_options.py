"""The options of a chat in their panel, by pointer and by keyboard, and a reply run again."""

import pytest
from playwright.sync_api import expect

from tests.browser.actions import message_menu, messages, ready, reply, send
from tests.fake_ollama import PAUSE


def open_panel(page):
    page.get_by_role("button", name="Options", exact=True).click()
    expect(field(page, "temperature")).to_be_visible()


def field(page, name):
    return page.get_by_role("dialog", name="Options").get_by_label(name, exact=True)


def choose(page, name, value):
    field(page, name).fill(value)
    field(page, name).press("Tab")


def told(page):
    return page.locator(".st-key-differing p").first


def test_what_is_chosen_before_a_chat_begins_is_sent_told_and_reset(app, fake, page):
    page.goto(app.url)
    ready(page)
    open_panel(page)
    choose(page, "temperature", "0.33")
    expect(told(page)).to_contain_text("temperature 0.33")
    choose(page, "seed", "2147483647")
    expect(told(page)).to_contain_text("seed 2147483647")
    page.keyboard.press("Escape")
    send(page, "hello")
    reply(page, "You said: hello.")
    options = fake.requests[0]["options"]
    assert (options["temperature"], options["seed"]) == (0.33, 2147483647)
    page.reload()
    expect(told(page)).to_contain_text("temperature 0.33 · seed 2147483647")
    page.get_by_role("button", name="Reset options").click()
    expect(told(page)).to_have_count(0)
    send(page, "more")
    reply(page, "You said: more.")
    assert "temperature" not in fake.requests[1]["options"]


def test_the_panel_is_used_by_keyboard_alone(app, page):
    page.goto(app.url)
    expect(page.locator(".st-key-prompt textarea")).to_be_focused()  # which page.js sees to
    page.get_by_role("button", name="Options", exact=True).focus()
    page.keyboard.press("Enter")
    expect(field(page, "temperature")).to_be_visible()
    field(page, "top_k").focus()
    page.keyboard.type("40")
    page.keyboard.press("Enter")
    expect(told(page)).to_contain_text("top_k 40")
    expect(field(page, "top_k")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(told(page)).to_contain_text("top_k 41")


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("temperature", "3", "temperature: Input should be less than or equal to 2."),
        ("keep_alive", "soon", "keep_alive: Input should be a time such as 5m or 2h"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_mended(app, page, name, value, refusal):
    page.goto(app.url)
    ready(page)
    open_panel(page)
    choose(page, name, value)
    expect(page.get_by_text(refusal)).to_be_visible()
    expect(told(page)).to_have_count(0)
    choose(page, name, "1")
    expect(page.get_by_text(refusal)).to_have_count(0)
    expect(told(page)).to_contain_text(f"{name} 1")


def test_an_option_is_chosen_while_a_reply_comes_and_the_reply_goes_on(app, fake, page):
    fake.reply("one ", PAUSE, "two")
    page.goto(app.url)
    send(page, "hello")
    reply(page, "one")
    open_panel(page)
    choose(page, "seed", "7")
    expect(told(page)).to_contain_text("seed 7")
    fake.release()
    reply(page, "one two")
    assert fake.requests[0]["options"]["seed"] != 7


def test_a_reply_of_the_built_in_engine_run_again_exactly_says_the_same(demo, page):
    page.goto(demo.url)
    ready(page)
    open_panel(page)
    choose(page, "num_predict", "30")
    expect(told(page)).to_contain_text("num_predict 30")
    page.keyboard.press("Escape")
    send(page, "Tell me of a fox.")
    reply(page, "tokens in")
    before = text(page)
    assert len("".join(before)) > 20
    message_menu(page, 1, "Run again exactly")
    reply(page, "2 / 2")
    reply(page, "tokens in")
    assert text(page) == before


def text(page):
    """The words of the last reply, without what stands below them."""
    words = "[data-testid=stMarkdown] p:not([data-testid=stCaptionContainer] p)"
    return messages(page).last.locator(words).all_inner_texts()
