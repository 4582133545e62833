"""The main job, as a person does it: open, chat, close, come back by the address."""

import re

from playwright.sync_api import expect

from chatcore.host import SEEN_FOR
from tests.browser.actions import (
    chat,
    chats,
    choose,
    in_address,
    link_to,
    messages,
    ready,
    rename,
    reply,
    replying,
    send,
)
from tests.fake_ollama import PAUSE, fake_model


def test_the_first_message_is_answered_by_the_embedded_engine(demo, page):
    page.goto(demo.url)
    expect(page.get_by_text("tiny demo model").first).to_be_visible()
    send(page, "What is the capital of France?")
    expect(messages(page)).to_have_count(2)
    expect(messages(page).last).to_contain_text("tokens/s", timeout=120_000)
    in_address(page)


def test_a_reload_and_a_second_tab_show_the_same_chat(app, page, new_page):
    chat(app, page, "hello")
    page.reload()
    reply(page, "You said: hello")
    second = new_page()
    second.goto(page.url)
    reply(second, "You said: hello")
    expect(messages(second)).to_have_count(2)


def test_a_reload_in_mid_reply_shows_it_from_the_first_word(app, fake, page):
    replying(app, fake, page, "first words ", "last words")
    page.reload()
    reply(page, "first words")
    fake.release()
    reply(page, "first words last words")
    assert len(fake.requests) == 1


def test_two_tabs_follow_one_reply(app, fake, page, new_page):
    replying(app, fake, page, "first words ", "last words")
    second = new_page()
    second.goto(page.url)
    reply(second, "first words")
    fake.release()
    for tab in (page, second):
        expect(messages(tab).last).to_contain_text("first words last words")
    assert len(fake.requests) == 1


def test_after_kill_9_the_chat_and_a_prompt_just_sent_are_there(app, fake, page):
    chat(app, page, "one")
    fake.reply("half of ", PAUSE)
    send(page, "two")
    reply(page, "half of")
    app.wait_for_draft("half of ")
    app.kill()
    app.start()
    page.goto(page.url)
    expect(messages(page)).to_have_count(4)
    expect(messages(page).nth(1)).to_contain_text("You said: one")
    expect(messages(page).nth(2)).to_contain_text("two")
    reply(page, "Hearth was stopped during this reply")
    expect(messages(page).last).to_contain_text("half of")


def test_an_open_chat_goes_on_after_a_restart(app, page):
    chat(app, page, "one")
    app.kill()
    app.start()
    send(page, "two")
    reply(page, "You said: two")
    expect(messages(page)).to_have_count(4)
    expect(chats(page)).to_have_count(1)


def test_an_unknown_id_is_a_quiet_word_and_a_new_chat(app, page):
    page.goto(f"{app.url}/?session=nobody-knows-this")
    expect(page.get_by_text("There is no such chat here")).to_be_visible()
    send(page, "hello")
    reply(page, "You said: hello")
    assert in_address(page) != "nobody-knows-this"
    expect(page.get_by_text("There is no such chat here")).to_have_count(0)


def test_new_chat_begins_another_session(app, page):
    first = chat(app, page, "first chat")
    page.locator(".st-key-new_chat button").click()
    expect(messages(page)).to_have_count(0)
    send(page, "second chat")
    reply(page, "You said: second chat")
    assert in_address(page) != first
    expect(chats(page)).to_have_text(["second chat", "first chat"])


def test_a_past_chat_is_reopened_from_the_sidebar(app, page):
    first = chat(app, page, "first chat")
    page.locator(".st-key-new_chat button").click()
    link_to(page, first).click()
    reply(page, "You said: first chat")
    assert in_address(page) == first
    send(page, "more")
    reply(page, "You said: more")
    assert in_address(page) == first


def test_a_chat_opens_in_a_new_tab_by_middle_click(app, page):
    first = chat(app, page, "first chat")
    page.locator(".st-key-new_chat button").click()
    expect(messages(page)).to_have_count(0)
    with page.context.expect_page() as opened:
        link_to(page, first).click(button="middle")
    reply(opened.value, "You said: first chat")


def test_a_chat_is_renamed_in_place(app, page):
    session = chat(app, page, "hello")
    rename(page, session, "Greetings & *salutations*")
    expect(chats(page)).to_have_text(["Greetings & *salutations*"])
    page.reload()
    expect(page.get_by_role("heading", name="Greetings & *salutations*")).to_be_visible()


def test_a_deleted_chat_comes_back_by_undo(app, page):
    session = chat(app, page, "hello")
    choose(page, session, "Delete")
    expect(chats(page)).to_have_count(0)
    expect(messages(page)).to_have_count(0)
    page.locator(".st-key-undo_delete button").click()
    reply(page, "You said: hello")
    assert in_address(page) == session
    expect(chats(page)).to_have_count(1)


def test_the_model_is_picked_and_remembered_per_chat(app, fake, page):
    fake.models = [fake_model("alpha:1b"), fake_model("beta:2b")]
    page.goto(app.url)
    pick(page, "beta:2b")
    send(page, "to beta")
    reply(page, "You said: to beta")
    first = in_address(page)
    page.locator(".st-key-new_chat button").click()
    expect(messages(page)).to_have_count(0)
    pick(page, "alpha:1b")
    send(page, "to alpha")
    reply(page, "You said: to alpha")
    assert [request["model"] for request in fake.requests] == ["beta:2b", "alpha:1b"]
    page.goto(f"{app.url}/?session={first}")
    expect(page.locator(".st-key-model input")).to_have_value(re.compile("beta:2b"))


def pick(page, model):
    page.locator(".st-key-model button").click()
    page.get_by_role("option", name=re.compile(re.escape(model))).click()
    expect(page.locator(".st-key-prompt textarea")).to_have_attribute(
        "placeholder", f"Message {model}"
    )


def test_the_model_stays_picked_when_what_is_said_of_it_changes(app, fake, page):
    page.goto(app.url)
    send(page, "prompt 0")
    reply(page, "You said: prompt 0")
    page.wait_for_timeout(SEEN_FOR * 1000)  # only then a page looks again which models are loaded
    for prompt in ("look", "show it"):
        send(page, prompt)
        reply(page, f"You said: {prompt}")
    expect(page.locator(".st-key-model input")).to_have_value(re.compile("loaded"))
    send(page, "so labelled")
    reply(page, "You said: so labelled")
    assert {request["model"] for request in fake.requests} == {"llama3.2:3b"}


def test_a_stale_page_acts_on_the_truth(app, page, new_page):
    session = chat(app, page, "hello")
    other = new_page()
    other.goto(page.url)
    ready(other)
    choose(other, session, "Delete")
    expect(chats(other)).to_have_count(0)
    send(page, "are you there?")
    reply(page, "You said: are you there?")
    assert in_address(page) != session


def test_a_new_chat_is_begun_and_spoken_in_by_keyboard_alone(app, page):
    page.goto(app.url)
    send(page, "hello")
    reply(page, "You said: hello")
    page.keyboard.press("Control+Shift+O")
    expect(messages(page)).to_have_count(0)
    page.locator(".st-key-prompt textarea").focus()
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    reply(page, "You said: typed")


def test_hostile_text_reaches_nobody_else(app, fake, page, sink):
    fake.reply(f"![leak]({sink.url}/leak.png) <img src={sink.url}/x> [a]: {sink.url}/y ![a]")
    page.goto(app.url)
    send(page, f"![title]({sink.url}/title.png) hello")
    expect(messages(page).last).to_contain_text("tokens/s")
    page.reload()
    expect(messages(page).last).to_contain_text("tokens/s")
    page.wait_for_timeout(500)
    assert sink.requests == []


def test_nothing_of_another_chat_stays_while_a_reply_streams(app, fake, page):
    page.goto(app.url)
    for n in range(3):
        send(page, f"old prompt {n}")
        reply(page, f"You said: old prompt {n}")
        expect(messages(page)).to_have_count(2 * n + 2)
    fake.reply("first words ", PAUSE, "last words")
    page.locator(".st-key-new_chat button").click()
    expect(messages(page)).to_have_count(0)
    send(page, "new prompt")
    reply(page, "first words")
    new = in_address(page)
    chats(page).last.click()
    expect(messages(page)).to_have_count(6)
    link_to(page, new).click()
    reply(page, "first words")
    expect(messages(page)).to_have_count(2)
    expect(page.get_by_text("old prompt 2", exact=True)).to_have_count(0)
