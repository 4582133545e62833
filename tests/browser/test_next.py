"""What happens beside the reply that one looks at: the next prompt, the other chats."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.actions import (
    chats,
    choose,
    in_address,
    message_menu,
    messages,
    ready,
    reply,
    replying,
    send,
)
from tests.fake_ollama import PAUSE, ErrorLine


def card(page):
    return page.locator("[class*=st-key-waiting_]")


def test_a_prompt_sent_meanwhile_waits_and_is_answered_in_place(app, fake, page):
    replying(app, fake, page, "one ", "and all")
    send(page, "what next?")
    expect(card(page)).to_contain_text("what next?")
    fake.release()
    reply(page, "You said: what next?")
    expect(messages(page)).to_have_count(4)
    expect(messages(page).nth(1)).to_contain_text("one and all")
    expect(card(page)).to_have_count(0)
    expect(page.locator(".st-key-stop")).to_have_count(0)


def test_a_prompt_that_waits_can_be_changed_and_removed(app, fake, page):
    replying(app, fake, page, "one ", "and all")
    send(page, "what next?")
    page.locator(".st-key-edit_next_later button").click()
    page.get_by_label("Your next message").fill("something else")
    page.locator(".st-key-save_next button").click()
    expect(card(page)).to_contain_text("something else")
    page.locator(".st-key-discard_next_later button").click()
    expect(card(page)).to_have_count(0)
    fake.release()
    expect(messages(page).nth(1)).to_contain_text("one and all")
    expect(messages(page)).to_have_count(2)


@pytest.mark.parametrize("button", ["save_next", "cancel_next"])
def test_a_prompt_that_is_being_changed_is_not_sent_under_the_hands(app, fake, page, button):
    replying(app, fake, page, "one ", "and all")
    send(page, "what next?")
    page.locator(".st-key-edit_next_later button").click()
    box = page.get_by_label("Your next message")
    box.fill("something else")
    fake.release()
    expect(messages(page).last).to_contain_text(re.compile("one and all.*tokens/s"))
    expect(box).to_have_value("something else")
    assert len(fake.requests) == 1
    page.locator(f".st-key-{button} button").click()
    said = "something else" if button == "save_next" else "what next?"
    expect(messages(page).last).to_contain_text(f"You said: {said}.")
    expect(messages(page)).to_have_count(4)
    expect(card(page)).to_have_count(0)


def test_a_changed_prompt_is_sent_when_the_reply_ends(app, fake, page):
    replying(app, fake, page, "one ", "and all")
    send(page, "what next?")
    page.locator(".st-key-edit_next_later button").click()
    page.get_by_label("Your next message").fill("something else")
    page.locator(".st-key-save_next button").click()
    expect(card(page)).to_contain_text("sent when this reply has ended")
    assert len(fake.requests) == 1
    fake.release()
    expect(messages(page).last).to_contain_text("You said: something else.")


def test_what_was_being_changed_when_the_page_was_reloaded_is_sent(app, fake, page):
    replying(app, fake, page, "one ", "and all")
    send(page, "what next?")
    page.locator(".st-key-edit_next_later button").click()
    expect(page.get_by_label("Your next message")).to_be_visible()
    page.reload()
    expect(card(page)).to_contain_text("sent when this reply has ended")
    fake.release()
    reply(page, "You said: what next?")


def test_what_goes_wrong_meanwhile_is_told_outside_the_reply(app, fake, page):
    page.goto(app.url)
    send(page, "hello")
    reply(page, "You said: hello")
    fake.reply("one ", PAUSE, "and all")
    send(page, "more")
    reply(page, "one")
    message_menu(page, 1, "Regenerate")
    expect(page.get_by_role("alert")).to_contain_text("still answering")
    for words in ("one", "one and all"):
        expect(messages(page).last).to_contain_text(words)
        expect(messages(page).get_by_role("alert")).to_have_count(0)
        fake.release()
    expect(messages(page)).to_have_count(4)


def test_a_third_prompt_is_kept_to_copy(app, fake, page):
    replying(app, fake, page, "one ", "and all")
    send(page, "two")
    expect(card(page)).to_contain_text("two")
    send(page, "three")
    expect(page.get_by_text("Another prompt waits already")).to_be_visible()
    expect(page.locator(".st-key-unsent_0")).to_contain_text("three")
    expect(messages(page).filter(has_text="three")).to_have_count(0)
    fake.release()
    reply(page, "You said: two.")


def test_the_next_prompt_is_sent_with_no_page_open(app, fake, page):
    session = replying(app, fake, page, "one ", "and all")
    send(page, "two")
    expect(card(page)).to_contain_text("two")
    page.goto("about:blank")
    fake.release()
    page.goto(f"{app.url}/?session={session}")
    reply(page, "You said: two.")


def test_after_a_failure_the_next_prompt_is_sent_by_a_click(app, fake, page):
    replying(app, fake, page, "one ", ErrorLine("out of memory"))
    send(page, "two")
    expect(card(page)).to_contain_text("two")
    fake.release()
    page.locator(".st-key-send_next button").click()
    reply(page, "You said: two.")
    expect(messages(page)).to_have_count(4)


def test_after_stop_the_next_prompt_waits_for_a_click_and_the_reply_can_go_on(app, fake, page):
    replying(app, fake, page, "half ", "never")
    send(page, "two")
    expect(card(page)).to_contain_text("sent when this reply has ended")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(card(page)).to_contain_text("Not sent yet")
    fake.reply("whole")
    page.get_by_role("button", name="Continue").click()
    expect(messages(page).nth(1)).to_contain_text("half whole")
    reply(page, "You said: two.")
    expect(messages(page)).to_have_count(4)


def marked(page, session, word):
    page.wait_for_function(
        "([id, word]) => { const link = document.querySelector(`[data-chat='${id}'] a`);"
        " return link && getComputedStyle(link, '::after').content.includes(word) }",
        arg=[session, word],
    )


def test_the_sidebar_tells_who_is_replying_and_what_is_unread(app, fake, page):
    session = replying(app, fake, page, "one ", "and all")
    marked(page, session, "replying")
    page.locator(".st-key-new_chat button").click()
    expect(messages(page)).to_have_count(0)
    fake.release()
    marked(page, session, "unread")
    chats(page).first.click()
    reply(page, "one and all")
    ready(page)
    page.wait_for_function(
        "id => getComputedStyle(document.querySelector(`[data-chat='${id}'] a`), '::after')"
        ".content === 'none'",
        arg=session,
    )


def test_the_marks_stay_true_after_the_reply_that_one_looks_at(app, fake, page):
    other = replying(app, fake, page, "one ", "and all", PAUSE, "over")
    page.locator(".st-key-new_chat button").click()
    expect(messages(page)).to_have_count(0)
    fake.reply("two ", PAUSE, "done")
    send(page, "hello again")
    reply(page, "two")
    fake.release()
    reply(page, "tokens/s")
    marked(page, other, "replying")
    fake.release()
    marked(page, other, "unread")


def test_the_model_names_a_chat(app, fake, page):
    page.goto(app.url)
    send(page, "how do I bake bread?")
    reply(page, "You said")
    session = in_address(page)
    fake.reply("Bread at home")
    choose(page, session, "Name it with the model")
    expect(chats(page).first).to_have_text("Bread at home")
