"""Saved prompts at the composer: found and inserted by keyboard, by mouse and by touch."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from chatcore.store import open_store
from tests.browser.actions import message_menu, messages, ready, reply, send
from tests.browser.server import App
from tests.fake_ollama import PAUSE

HOSTILE = '<img src=x onerror="document.title=1">'
TEXTS = {
    "review": "Review this:\n\n- as a stranger",
    "Rewrite": "Say it again in other words.",
    "preview": HOSTILE,
}


@pytest.fixture
def app(fake, tmp_path):
    """With the saved prompts of the one person it has."""
    app = App(tmp_path, OLLAMA_HOST=fake.host, HEARTH_IDENTITY="single")
    with closing(open_store(Path(app.environ["HEARTH_DATABASE"]))) as store:
        for name, text in TEXTS.items():
            store.prompts.save(store.owner("local"), name, text)
    yield app.start()
    app.stop()


def box(page):
    return page.locator(".st-key-prompt textarea")


def options(page):
    return page.get_by_role("listbox", name="Saved prompts").get_by_role("option")


def names(page):
    return [text.split()[0] for text in options(page).all_inner_texts()]


def opened(page, app, typed="/"):
    page.goto(app.url)
    ready(page)
    box(page).press_sequentially(typed)
    expect(options(page).first).to_be_visible()


def shut(page):
    expect(page.get_by_role("listbox", name="Saved prompts")).to_have_count(0)


def marked(page):
    return options(page).and_(page.locator("[aria-selected=true]"))


@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_a_slash_and_a_name_insert_the_prompt(app, page, key):
    opened(page, app)
    assert names(page) == ["/preview", "/review", "/Rewrite"]
    box(page).press_sequentially("RE")
    expect(options(page).first).to_contain_text("/review")
    box(page).press("ArrowDown")
    expect(marked(page)).to_contain_text("/Rewrite")
    box(page).press("ArrowUp")
    box(page).press(key)
    expect(box(page)).to_have_value(TEXTS["review"])
    shut(page)
    box(page).press("Enter")
    reply(page, "You said: Review this:")


def test_the_box_names_the_marked_prompt_to_those_who_hear_it(app, page):
    opened(page, app)
    for _ in range(3):
        box(page).press("ArrowDown")
        option_id = box(page).get_attribute("aria-activedescendant")
        expect(page.locator(f"#{option_id}")).to_have_attribute("aria-selected", "true")
    box(page).press("Escape")
    expect(box(page)).not_to_have_attribute("aria-activedescendant", re.compile(""))


def test_escape_shuts_the_list_and_leaves_the_text(app, page):
    opened(page, app, "/rev")
    box(page).press("Escape")
    shut(page)
    expect(box(page)).to_have_value("/rev")
    box(page).press_sequentially("i")
    shut(page)
    box(page).fill("")
    box(page).press_sequentially("/")
    expect(options(page)).to_have_count(3)


def test_escape_in_the_list_stops_no_reply(app, page, fake):
    page.goto(app.url)
    ready(page)
    fake.reply("so far ", PAUSE, "never")
    send(page, "on and on")
    stop = page.locator(".st-key-stop button")
    expect(stop).to_be_visible()
    box(page).press_sequentially("/")
    expect(options(page)).to_have_count(3)
    box(page).press("Escape")
    shut(page)
    expect(stop).to_be_visible()
    box(page).press("Escape")
    expect(stop).to_have_count(0)


@pytest.mark.parametrize("text", ["/unknown", "/", "/usr/bin", "/review this"])
def test_what_is_no_name_is_sent_as_it_is(app, page, text):
    page.goto(app.url)
    ready(page)
    box(page).press_sequentially(text)
    if text == "/":
        expect(options(page)).to_have_count(3)
        box(page).press("Escape")
    shut(page)
    box(page).press("Enter")
    expect(messages(page).first).to_contain_text(text)


def test_the_button_and_the_mouse_insert_a_prompt(app, page):
    page.goto(app.url)
    ready(page)
    page.get_by_role("button", name="Saved prompts").click()
    options(page).filter(has_text="/Rewrite").click()
    expect(box(page)).to_have_value(TEXTS["Rewrite"])
    expect(box(page)).to_be_focused()
    shut(page)


def test_the_button_inserts_where_the_caret_is_in_a_text(app, page):
    page.goto(app.url)
    ready(page)
    box(page).fill("before after")
    for _ in range(5):
        box(page).press("ArrowLeft")
    page.get_by_role("button", name="Saved prompts").click()
    options(page).filter(has_text="/Rewrite").click()
    expect(box(page)).to_have_value(f"before {TEXTS['Rewrite']}after")


def test_the_button_is_reached_by_keyboard_and_leaves_no_slash_behind(app, page):
    page.goto(app.url)
    ready(page)
    button = page.get_by_role("button", name="Saved prompts")
    expect(button).to_be_visible()
    box(page).focus()
    box(page).press("Shift+Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(options(page)).to_have_count(3)
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    shut(page)
    expect(box(page)).to_have_value("")


def test_a_hostile_text_is_shown_and_inserted_as_text(app, page):
    opened(page, app, "/prev")
    expect(options(page)).to_contain_text(HOSTILE)
    box(page).press("Enter")
    expect(box(page)).to_have_value(HOSTILE)
    assert page.locator("#saved_prompts img").count() == 0
    assert page.title() != "1"


def test_a_prompt_that_was_saved_in_the_chat_is_offered_at_once(app, page):
    page.goto(app.url)
    ready(page)
    send(page, "Explain it to a child.")
    reply(page, "You said: Explain")
    message_menu(page, 0, "Save as prompt")
    page.get_by_label("Name of the prompt").fill("explain")
    page.get_by_label("Name of the prompt").press("Enter")
    expect(page.get_by_text("Saved as /explain")).to_be_visible()
    box(page).press_sequentially("/exp")
    expect(options(page)).to_have_count(1)
    box(page).press("Tab")
    expect(box(page)).to_have_value("Explain it to a child.")


def test_on_a_phone_list_and_button_are_within_the_page(app, page):
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto(app.url)
    ready(page)
    page.get_by_role("button", name="Saved prompts").click()
    expect(options(page)).to_have_count(3)
    for place in (page.locator("#saved_prompts"), page.get_by_role("button", name="Saved prompts")):
        at = place.bounding_box()
        assert at["x"] >= 0
        assert at["x"] + at["width"] <= 390
        assert at["y"] >= 0
        assert at["y"] + at["height"] <= 700
    options(page).first.click()
    expect(box(page)).to_have_value(HOSTILE)
