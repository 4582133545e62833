"""The list of chats in the sidebar, by mouse, by keyboard and by touch."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.actions import (
    chat,
    chats,
    choose,
    in_address,
    link_to,
    menu_of,
    messages,
    rename,
    reply,
    replying,
    send,
)
from tests.fake_ollama import PAUSE


@pytest.fixture
def three(app, page):
    """Three chats, the last one open: their ids, from the top of the list."""
    ids = [chat(app, page, text) for text in ("one", "two", "three")]
    expect(chats(page)).to_have_text(["three", "two", "one"])
    return ids[::-1]


def focused(page):
    return page.locator("*:focus")


def entry(page, name):
    return page.get_by_role("menuitem", name=name, exact=True)


@pytest.mark.parametrize("key", ["Enter", "Space", "ArrowDown"])
def test_the_menu_opens_by_key_at_its_first_entry(page, three, key):
    menu_of(page, three[1]).focus()
    page.keyboard.press(key)
    expect(page.get_by_role("menu", name="Rename or delete two")).to_be_visible()
    expect(entry(page, "Rename")).to_be_focused()


def test_the_menu_is_walked_and_left_by_keyboard(page, three):
    button = menu_of(page, three[1])
    button.focus()
    page.keyboard.press("ArrowUp")
    for key, name in (
        ("", "Delete"),
        ("ArrowDown", "Rename"),
        ("ArrowUp", "Delete"),
        ("Home", "Rename"),
        ("ArrowDown", "Name it with the model"),
        ("End", "Delete"),
    ):
        if key:
            page.keyboard.press(key)
        expect(entry(page, name)).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_tab_leaves_the_menu_for_the_next_chat(page, three):
    menu_of(page, three[1]).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(link_to(page, three[2])).to_be_focused()


def test_an_entry_is_chosen_by_keyboard(page, three):
    menu_of(page, three[1]).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(chats(page)).to_have_text(["three", "one"])
    expect(link_to(page, three[2])).to_be_focused()


def test_a_press_beside_the_menu_and_on_its_button_close_it(page, three):
    menu = page.get_by_role("menu")
    for close in (menu_of(page, three[1]), page.get_by_test_id("stMain")):
        menu_of(page, three[1]).click()
        expect(menu).to_have_count(1)
        close.click()
        expect(menu).to_have_count(0)
    menu_of(page, three[1]).click()
    menu_of(page, three[0]).click()
    expect(menu).to_have_accessible_name("Rename or delete three")


@pytest.mark.parametrize("size", [(1280, 800), (390, 844), (390, 420)])
def test_the_menu_is_whole_within_the_window(page, three, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.reload()
    if size[0] < 768:
        page.get_by_test_id("stExpandSidebarButton").click()
    button = menu_of(page, three[2])
    button.evaluate("it => it.scrollIntoView({ block: 'end' })")
    button.click()
    expect(entry(page, "Delete")).to_be_in_viewport(ratio=1)
    box = page.get_by_role("menu").bounding_box()
    assert 0 <= box["x"] <= size[0] - box["width"]
    assert 0 <= box["y"] <= size[1] - box["height"]


def test_the_menu_is_used_by_touch(app, browser):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    session = chat(app, page, "hello")
    page.get_by_test_id("stExpandSidebarButton").tap()
    menu_of(page, session).tap()
    entry(page, "Delete").tap()
    expect(chats(page)).to_have_count(0)
    context.close()


@pytest.mark.parametrize("elsewhere", ["", "Dashboard"])
def test_a_chat_opens_in_a_new_tab_by_ctrl_and_click(page, three, elsewhere):
    if elsewhere:
        page.get_by_role("link", name=elsewhere).click()
        expect(page).to_have_url(re.compile("/insights"))
    before = page.url
    with page.context.expect_page() as opened:
        link_to(page, three[2]).click(modifiers=["Control"])
    reply(opened.value, "You said: one")
    assert in_address(opened.value) == three[2]
    assert page.url == before


def test_a_chat_opens_without_loading_the_page_anew(page, three):
    page.goto(f"{page.url}&message=1")
    reply(page, "You said: three")
    page.evaluate("window.kept = true")
    link_to(page, three[2]).click()
    reply(page, "You said: one")
    assert in_address(page) == three[2]
    expect(page.locator("[data-chat]:has([aria-current=page]) a")).to_have_text("one")
    page.go_back()
    reply(page, "You said: three")
    assert page.evaluate("window.kept")


def test_a_chat_opens_from_settings_and_back_leads_there(page, three):
    page.get_by_role("link", name="Settings").click()
    heading = page.get_by_role("heading", name="Settings")
    expect(heading).to_be_visible()
    link_to(page, three[2]).click()
    reply(page, "You said: one")
    assert in_address(page) == three[2]
    page.go_back()
    expect(heading).to_be_visible()
    page.go_back()
    reply(page, "You said: three")


@pytest.mark.parametrize("place", ["link", "menu"])
def test_the_focus_stays_through_a_change_of_the_list(app, page, three, new_page, place):
    kept = {"link": link_to, "menu": menu_of}[place](page, three[1])
    other = new_page()
    chat(app, other, "four")
    kept.focus()
    expect(chats(page)).to_have_text(["four", "three", "two", "one"])
    expect(kept).to_be_focused()
    other.goto(f"{app.url}/?session={three[1]}")
    send(other, "again")
    expect(chats(page)).to_have_text(["two", "four", "three", "one"])
    expect(kept).to_be_focused()


def test_an_open_menu_stays_with_its_chat_when_the_list_moves(app, page, three, new_page):
    menu_of(page, three[1]).click()
    chat(app, new_page(), "four")
    expect(chats(page)).to_have_text(["four", "three", "two", "one"])
    entry(page, "Delete").click()
    expect(chats(page)).to_have_text(["four", "three", "one"])


def test_a_name_that_is_being_typed_outlives_a_change_of_the_list(app, page, three, new_page):
    choose(page, three[1], "Rename")
    box = page.get_by_label("Name of the chat")
    box.fill("half a na")
    chat(app, new_page(), "four")
    expect(chats(page).first).to_have_text("four")
    expect(box).to_be_focused()
    page.keyboard.type("me")
    page.get_by_role("button", name="Done").click()
    expect(chats(page)).to_have_text(["four", "three", "half a name", "one"])
    expect(menu_of(page, three[1])).to_be_focused()


def test_escape_leaves_the_name_as_it_was_and_stops_no_reply(app, fake, page):
    session = replying(app, fake, page, "half ", "and ", PAUSE, "never")
    choose(page, session, "Rename")
    box = page.get_by_label("Name of the chat")
    box.fill("another")
    box.press("Escape")
    expect(box).to_have_count(0)
    expect(chats(page)).to_have_text(["hello"])
    expect(menu_of(page, session)).to_be_focused()
    fake.release()
    reply(page, "half and")
    assert fake.disconnects == []


def test_what_is_done_to_several_chats_at_once_is_done_to_all(page, three):
    page.evaluate(
        "for (const it of [...document.querySelectorAll('[data-chat] [aria-haspopup]')]) {"
        " it.click(); [...document.querySelectorAll('[role=menuitem]')].at(-1).click() }"
    )
    expect(chats(page)).to_have_count(0)


def test_a_name_that_could_not_be_kept_is_not_shown(page, three, new_page):
    page.route("**/news?*", lambda asked: asked.abort())  # of the deletion
    other = new_page()
    other.goto(page.url)
    choose(other, three[1], "Delete")
    expect(chats(other)).to_have_text(["three", "one"])
    rename(page, three[1], "mine")
    expect(chats(page)).to_have_text(["three", "one"])
    expect(page.get_by_text("There is no such chat")).to_be_visible()
    expect(messages(page).last).to_contain_text("You said: three")
