"""What page.js does: the clipboard, links to a message, scrolling, the keys."""

import re

import pytest
from playwright.sync_api import expect

from bench import seed
from tests.browser.actions import chats, in_address, message_menu, messages, ready, reply, send
from tests.fake_ollama import PAUSE

MARKDOWN = (
    "# Title\n\n- **a** `b`\n\n```python\nx = 1\n```\n\n\ttab, two spaces  \nand <b>ü</b> $x$"
)


@pytest.fixture
def page(new_page):
    page = new_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return page


@pytest.fixture
def long_chat(tmp_path):
    """The id of a chat of 30 messages, made before the app is started: name it before `app`."""
    return seed.fill(tmp_path / "hearth.db", messages=30, chats=2, model="llama3.2:3b")


def clipboard(page):
    return page.evaluate("navigator.clipboard.readText()")


def told(page):
    return page.get_by_role("status").filter(has_text="Copied")


def from_end(page):
    """How many pixels the page stands above its end."""
    return page.get_by_test_id("stMain").evaluate(
        "it => it.scrollHeight - it.clientHeight - it.scrollTop"
    )


def at_the_end(page):
    ready(page)  # all messages are there
    page.wait_for_function("""() => {
        const it = document.querySelector("[data-testid=stMain]");  // which may be made anew
        const rest = it && it.scrollHeight - it.clientHeight - it.scrollTop;
        return it && it.scrollHeight > it.clientHeight && rest < 2;
    }""")


def composer(page):
    return page.locator(".st-key-prompt textarea")


def linked(page):
    return page.locator("[data-linked]")


def answered(app, fake, page, text=MARKDOWN):
    fake.reply(text)
    page.goto(app.url)
    send(page, "hello *you*")
    expect(messages(page).last).to_contain_text("tokens/s")
    return in_address(page)


def link_to(page, n):
    message_menu(page, n, "Copy link")
    expect(told(page)).to_be_visible()
    return clipboard(page)


def test_copy_gives_the_stored_markdown(app, fake, page):
    answered(app, fake, page)
    message_menu(page, 1, "Copy")
    expect(told(page)).to_be_visible()
    assert clipboard(page) == MARKDOWN
    expect(told(page)).to_have_count(0)
    message_menu(page, 0, "Copy")
    expect(told(page)).to_be_visible()
    assert clipboard(page) == "hello *you*"
    message_menu(page, 1, "Copy")
    page.wait_for_function("navigator.clipboard.readText().then(it => it.includes('Title'))")


def test_without_the_clipboard_interface_the_old_command_copies(app, fake, page, new_page):
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    answered(app, fake, page)
    message_menu(page, 1, "Copy")
    expect(told(page)).to_be_visible()
    other = new_page()
    other.goto(f"{app.url}/healthz")
    assert clipboard(other) == MARKDOWN


def test_where_nothing_may_copy_the_text_is_shown_selected(app, fake, page):
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.add_init_script("document.execCommand = () => false")
    answered(app, fake, page)
    message_menu(page, 1, "Copy")
    expect(page.get_by_role("dialog")).to_contain_text("press Copy")
    box = page.get_by_role("dialog").get_by_role("textbox")
    expect(box).to_have_value(MARKDOWN)
    assert box.evaluate("it => it.selectionEnd - it.selectionStart") == len(MARKDOWN)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_link_to_a_message_shows_and_marks_it(long_chat, app, page, new_page):
    page.goto(f"{app.url}/?session={long_chat}")
    at_the_end(page)
    address = link_to(page, 8)
    assert re.fullmatch(rf"{app.url}/\?session={long_chat}&message=\d+", address)
    other = new_page()
    other.goto(address)
    reply(other, "SEEDEND")
    expect(linked(other)).to_contain_text("Question 5:")
    expect(linked(other)).to_be_in_viewport()
    expect(linked(other)).to_be_focused()
    assert from_end(other) > 1000
    other.mouse.click(5, 5)
    expect(linked(other)).to_have_count(0)


def test_a_link_is_done_with_when_the_chat_goes_on(long_chat, app, page):
    page.goto(f"{app.url}/?session={long_chat}")
    at_the_end(page)
    address = link_to(page, 8)
    page.goto(address)
    expect(linked(page)).to_be_visible()
    send(page, "more")
    reply(page, "You said: more")
    assert in_address(page) == long_chat
    expect(linked(page)).to_have_count(0)
    at_the_end(page)


@pytest.mark.parametrize("way", ["other chat", "new chat"])
def test_a_link_is_done_with_when_another_chat_is_opened(long_chat, app, page, way):
    page.goto(f"{app.url}/?session={long_chat}")
    at_the_end(page)
    page.goto(link_to(page, 8))
    expect(linked(page)).to_be_visible()
    if way == "new chat":
        page.locator(".st-key-new_chat button").click()
        expect(page).to_have_url(f"{app.url}/")
    else:
        chats(page).last.click()
        expect(messages(page)).to_have_count(2)
        assert in_address(page) != long_chat


def test_a_message_of_another_version_is_shown_on_demand(app, fake, page):
    answered(app, fake, page, "First answer.")
    address = link_to(page, 1)
    fake.reply("Second answer.")
    message_menu(page, 1, "Regenerate")
    reply(page, "2 / 2")
    page.goto(address)
    reply(page, "Second answer.")
    expect(page.get_by_text("in another version of this chat")).to_be_visible()
    page.get_by_role("button", name="Show it").click()
    expect(linked(page)).to_contain_text("First answer.")
    expect(page.get_by_text("in another version of this chat")).to_have_count(0)


def test_a_long_chat_opens_at_its_end(long_chat, app, page):
    page.goto(f"{app.url}/?session={long_chat}")
    at_the_end(page)
    at_the_end(page)
    chats(page).last.click()
    expect(messages(page)).to_have_count(2)
    chats(page).first.click()
    expect(messages(page)).to_have_count(30)
    at_the_end(page)


def test_a_long_chat_opens_at_its_end_before_page_js_is_there(long_chat, app, page):
    page.route("**/page.js", lambda route: None)
    page.goto(f"{app.url}/?session={long_chat}")
    at_the_end(page)
    expect(messages(page).last).to_be_in_viewport()


def test_the_end_of_a_reply_under_way_stays_in_view(long_chat, app, fake, page):
    fake.reply("first words\n\n", *(f"line {n}\n\n" for n in range(40)), PAUSE, "last words")
    page.goto(f"{app.url}/?session={long_chat}")
    at_the_end(page)
    send(page, "more")
    expect(messages(page).last.get_by_text("line 39")).to_be_in_viewport()
    at_the_end(page)
    fake.release()
    expect(messages(page).last.get_by_text("tokens/s")).to_be_in_viewport()
    at_the_end(page)


def test_who_scrolled_up_stays_there_while_a_reply_streams(long_chat, app, fake, page):
    fake.reply("first words\n\n", PAUSE, *(f"line {n}\n\n" for n in range(40)), PAUSE, "end")
    page.goto(f"{app.url}/?session={long_chat}")
    at_the_end(page)
    send(page, "more")
    reply(page, "first words")
    at_the_end(page)
    page.mouse.move(700, 300)
    page.mouse.wheel(0, -600)
    back = page.get_by_role("button", name="Jump to the end")
    expect(back).to_be_visible()
    seen = page.get_by_text("Question 15:").bounding_box()
    fake.release()
    reply(page, "line 39")
    assert page.get_by_text("Question 15:").bounding_box() == seen
    back.click()
    at_the_end(page)
    expect(back).to_have_count(0)
    fake.release()
    reply(page, "tokens/s")
    at_the_end(page)


def test_the_composer_has_the_focus_where_one_writes_next(app, page):
    page.goto(app.url)
    expect(composer(page)).to_be_focused()
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    reply(page, "You said: hello")
    page.locator(".st-key-new_chat button").click()
    expect(composer(page)).to_be_focused()
    page.locator(".st-key-new_chat button").click()
    expect(composer(page)).to_be_focused()
    chats(page).first.click()
    reply(page, "You said: hello")
    expect(composer(page)).to_be_focused()


def test_the_composer_takes_the_focus_from_no_field_that_is_typed_in(app, page):
    held = []
    page.route("**/page.js", lambda route: held.append(route))
    with page.expect_request("**/page.js"):
        page.goto(app.url)
        page.locator(".st-key-persona input").focus()
        page.keyboard.type("Trans")
    for _ in range(1000):  # the request is told of before its route is asked
        if not held:
            page.wait_for_timeout(10)
    held[0].continue_()
    expect(page.locator("#back")).to_be_attached()
    page.keyboard.type("lator")
    expect(page.get_by_role("option")).to_have_text(["Translator"])


def test_on_a_touch_screen_no_keyboard_comes_up_by_itself(app, browser):
    context = browser.new_context(has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(app.url)
    ready(page)
    page.get_by_role("heading", name="What is on your mind?").tap()
    expect(composer(page)).not_to_be_focused()
    context.close()


def test_on_a_phone_the_sidebar_makes_room_for_what_was_chosen_in_it(app, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(app.url)
    send(page, "hello")
    reply(page, "You said: hello")
    sidebar = page.get_by_test_id("stSidebar")
    for choice in (page.locator(".st-key-new_chat button"), chats(page).first):
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(sidebar).to_have_attribute("data-collapsed", "false")
        choice.click()
        expect(sidebar).to_have_attribute("data-collapsed", "true")
    expect(messages(page).last).to_contain_text("You said: hello")
    expect(messages(page).last).to_be_in_viewport()


def test_a_message_is_written_and_its_reply_copied_by_keyboard(app, fake, page):
    fake.reply(MARKDOWN)
    page.goto(app.url)
    expect(composer(page)).to_be_focused()
    page.keyboard.press("Tab")
    expect(composer(page)).not_to_be_focused()
    page.keyboard.press("/")
    expect(composer(page)).to_be_focused()
    page.keyboard.type("1/2")
    page.keyboard.press("Enter")
    expect(messages(page).first).to_contain_text("1/2")
    expect(messages(page).last).to_contain_text("tokens/s")
    page.keyboard.press("Control+Shift+;")
    expect(told(page)).to_be_visible()
    assert clipboard(page) == MARKDOWN
