"""A network that stands still for a moment: all that was done meanwhile arrives together."""

import pytest
from playwright.sync_api import expect

from tests import files
from tests.browser.actions import (
    chat,
    chats,
    in_address,
    link_to,
    messages,
    ready,
    reply,
    replying,
    send,
)
from tests.browser.test_attachments import attach
from tests.browser.test_next import card
from tests.fake_ollama import PAUSE


class Stall:
    """Of what the browser sends; what it is sent goes through."""

    def __init__(self, page):
        self._held = None
        page.route_web_socket("**/_stcore/stream", self._connect)

    def _connect(self, wire):
        server = wire.connect_to_server()
        self._send = server.send
        wire.on_message(lambda frame: self._pass(server, frame))

    def _pass(self, server, frame):
        if self._held is None:
            server.send(frame)
        else:
            self._held.append(frame)

    def __enter__(self):
        self._held = []

    def __exit__(self, *failed):
        for frame in self._held:
            self._send(frame)
        self._held = None


@pytest.fixture
def stall(page):
    return Stall(page)


def said(page):
    """What was sent, in order, as the chat shows it."""
    return messages(page).filter(has_not_text="You said").filter(has_not_text="and all")


def test_prompts_that_arrive_together_are_stored_in_order(app, fake, page, stall):
    chat(app, page, "one")
    fake.reply("first words ", PAUSE, "and all")
    with stall:
        send(page, "two")
        send(page, "three")
        send(page, "four")
    expect(page.locator(".st-key-unsent_0")).to_contain_text("four")
    expect(card(page)).to_contain_text("three")
    fake.release()
    reply(page, "You said: three")
    expect(said(page)).to_contain_text(["one", "two", "three"])


def test_of_prompts_sent_while_replying_one_waits_and_none_is_lost(app, fake, page, stall):
    replying(app, fake, page, "first ", "and all")
    with stall:
        for text in ("two", "three", "four", "five"):
            send(page, text)
    expect(card(page)).to_contain_text("two")
    for n, text in enumerate(("three", "four", "five")):
        expect(page.locator(f".st-key-unsent_{n}")).to_contain_text(text)
    fake.release()
    reply(page, "You said: two")


def test_a_prompt_is_stored_before_a_click_that_follows_it(app, page, stall):
    chat(app, page, "one")
    with stall:
        send(page, "two")
        page.locator(".st-key-new_chat button").click()
    expect(messages(page)).to_have_count(0)
    chats(page).first.click()
    reply(page, "You said: two")


def test_prompts_of_a_new_chat_that_arrive_together_are_one_chat(app, page, stall):
    page.goto(app.url)
    ready(page)
    with stall:
        send(page, "one")
        send(page, "two")
    reply(page, "You said: two")
    expect(said(page)).to_contain_text(["one", "two"])
    expect(chats(page)).to_have_count(1)
    page.locator(".st-key-new_chat button").click()
    expect(messages(page)).to_have_count(0)
    send(page, "three")
    reply(page, "You said: three")
    expect(chats(page)).to_have_count(2)


def test_a_prompt_that_follows_new_chat_begins_one(app, page, stall):
    first = chat(app, page, "one")
    with stall:
        page.locator(".st-key-new_chat button").click()
        send(page, "two")
        send(page, "three")
    reply(page, "You said: three")
    expect(said(page)).to_contain_text(["two", "three"])
    assert in_address(page) != first
    link_to(page, first).click()
    expect(said(page)).to_contain_text(["one"])
    expect(chats(page)).to_have_count(2)


def test_a_prompt_that_follows_new_chat_and_the_way_back_is_said_there(app, page, stall):
    first = chat(app, page, "one")
    with stall:
        page.locator(".st-key-new_chat button").click()
        link_to(page, first).click()
        send(page, "two")
    reply(page, "You said: two")
    expect(said(page)).to_contain_text(["one", "two"])
    assert in_address(page) == first


def test_after_a_step_back_to_the_new_chat_another_one_is_begun(app, page):
    first = chat(app, page, "one")
    page.go_back()
    expect(messages(page)).to_have_count(0)
    send(page, "two")
    reply(page, "You said: two")
    assert in_address(page) != first
    expect(chats(page)).to_have_count(2)


def test_a_prompt_that_takes_long_to_read_is_still_the_first(app, page, stall):
    chat(app, page, "one")
    attach(page, "book.pdf", files.pdf(*["x"] * 300), "application/pdf")
    with stall:
        send(page, "two")
        send(page, "three")
    reply(page, "You said: three")
    expect(said(page).nth(1)).to_contain_text("two")
    expect(said(page).nth(1)).to_contain_text("book.pdf")


def test_stop_waits_for_nothing_that_was_sent_before(app, fake, page, stall):
    replying(app, fake, page, "half ", "never")
    expect(page.locator(".st-key-stop button")).to_be_visible()
    with stall:
        send(page, "two")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Continue")).to_be_visible()
        fake.wait_until_idle()
    reply(page, "You said: two")
    expect(messages(page).nth(1)).to_contain_text("half")


def test_a_scratch_chat_shows_all_that_arrives_together(app, fake, page, stall):
    page.goto(f"{app.url}/characters")
    page.get_by_role("button", name="New persona").click()
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_label("Name", exact=True).press("Tab")
    box = page.locator(".st-key-scratch_prompt textarea")
    expect(box).to_be_enabled()
    with stall:
        for text in ("one [[t1-n1000.slow]]", "two [[t0-n5.quick]]"):
            box.fill(text)
            box.press("Enter")
    scratch = page.locator(".st-key-scratch")
    for text in ("one", "two", "ENDquick"):
        expect(scratch).to_contain_text(text)
