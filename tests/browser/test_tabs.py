"""Two tabs on one server: what happens in one is seen in the other without a click there."""

from playwright.sync_api import expect

from tests.browser.actions import chats, in_address, messages, ready, reply, send
from tests.fake_ollama import PAUSE


def first_turn(app, page):
    page.goto(app.url)
    send(page, "one")
    reply(page, "You said: one")
    in_address(page)


def test_an_idle_tab_follows_a_reply_begun_in_another(app, fake, page, new_page):
    first_turn(app, page)
    second = new_page()
    second.goto(page.url)
    reply(second, "You said: one")
    fake.reply("first words ", PAUSE, "last words")
    send(page, "two")
    for tab in (page, second):
        reply(tab, "first words")
    fake.release()
    for tab in (page, second):
        reply(tab, "first words last words")
        expect(messages(tab)).to_have_count(4)


def test_an_empty_tab_lists_a_chat_begun_in_another(app, page, new_page):
    second = new_page()
    second.goto(app.url)
    ready(second)
    expect(chats(second)).to_have_count(0)
    first_turn(app, page)
    expect(chats(second)).to_have_text(["one"])
    expect(messages(second)).to_have_count(0)


def test_what_is_being_written_stays_when_another_tab_goes_on(app, page, new_page):
    first_turn(app, page)
    second = new_page()
    second.goto(page.url)
    reply(second, "You said: one")
    box = second.locator(".st-key-prompt textarea")
    box.fill("half a thought")
    send(page, "two")
    reply(second, "You said: two")
    expect(box).to_have_value("half a thought")
