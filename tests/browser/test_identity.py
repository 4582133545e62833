"""Whose chats a browser shows: its own, and nobody else's."""

import io
import re

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from tests.browser.actions import chat, chats, messages, ready, reply, send


@pytest.fixture
def strangers(browser):
    """Pages of a browser each, which share nothing."""
    contexts = []

    def stranger(**options):
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 800}, **options))
        return contexts[-1].new_page()

    yield stranger
    for context in contexts:
        context.close()


def test_two_browsers_histories_do_not_mix(app, strangers):
    ann, bob = strangers(), strangers()
    session = chat(app, ann, "from Ann")
    chat(app, bob, "from Bob")
    expect(chats(ann)).to_have_text(["from Ann"])
    expect(chats(bob)).to_have_text(["from Bob"])
    bob.goto(f"{app.url}/?session={session}")
    ready(bob)
    expect(bob.get_by_text("There is no such chat here")).to_be_visible()
    expect(messages(bob)).to_have_count(0)


def test_a_browser_comes_back_to_its_chats_after_a_restart(app, strangers):
    page = strangers()
    chat(app, page, "hello")
    app.stop()
    app.start()
    page.goto(app.url)
    expect(chats(page)).to_have_text(["hello"])


def test_scripts_cannot_see_the_cookie(app, strangers):
    page = strangers()
    page.goto(app.url)
    ready(page)
    assert any(cookie["name"].startswith("hearth_") for cookie in page.context.cookies())
    assert "hearth" not in page.evaluate("document.cookie")


def test_a_forged_cookie_gets_a_fresh_identity_and_no_error(app, strangers):
    ann, eve = strangers(), strangers()
    chat(app, ann, "from Ann")
    (cookie,) = (c for c in ann.context.cookies() if c["name"].startswith("hearth_"))
    browser, signature = cookie["value"].split(".")
    eve.context.add_cookies([cookie | {"value": f"{browser}.{signature[::-1]}"}])
    chat(app, eve, "from Eve")
    expect(chats(eve)).to_have_text(["from Eve"])
    expect(chats(ann)).to_have_text(["from Ann"])


def test_a_page_without_a_cookie_says_so_in_a_sentence_and_nothing_else(app, strangers):
    page = strangers()
    page.goto(app.url)
    # What is not loaded by the end stays unloaded: of page.js, which has the page drawn anew, too.
    expect(page.get_by_role("button", name="Saved prompts")).to_be_visible()
    expect(page.get_by_role("link", name="Settings")).to_be_visible()
    app.stop()
    page.context.clear_cookies()
    app.start()
    expect(page.get_by_text("Your browser sent no cookie")).to_be_visible()
    expect(page.locator(".st-key-new_chat, .st-key-prompt")).to_have_count(0)
    page.reload()
    ready(page)


def test_one_person_owns_all_browsers_where_they_say_so(app, strangers):
    app.stop()
    app.environ["HEARTH_IDENTITY"] = "single"
    app.start()
    first, second = strangers(), strangers()
    chat(app, first, "hello")
    second.goto(app.url)
    expect(chats(second)).to_have_text(["hello"])
    assert not any("hearth" in cookie["name"] for cookie in first.context.cookies())


def settings(app, page):
    page.goto(app.url)
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()


def invite(app, page):
    """The link that the Settings page makes."""
    settings(app, page)
    page.get_by_role("button", name="Use my chats in another browser").click()
    expect(page.get_by_role("img", name="The same link as a QR code")).to_be_visible()
    return page.locator("[data-testid=stCode] code").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_camera_reads_the_same_link_from_the_screen(app, strangers, scheme):
    page = strangers(color_scheme=scheme)
    link = invite(app, page)
    screen = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    assert [code.text for code in zxingcpp.read_barcodes(screen)] == [link]


def test_pairing_joins_the_chats_of_two_browsers(app, strangers):
    ann, phone = strangers(), strangers(is_mobile=True)
    chat(app, ann, "from the desk")
    session = chat(app, phone, "from the phone")
    address = phone.url
    phone.goto(invite(app, ann))
    expect(phone.get_by_text("This browser has chats of its own")).to_be_visible()
    phone.get_by_role("button", name="Use them here").click()
    expect(chats(phone)).to_have_text(["from the phone", "from the desk"])
    phone.goto(address)
    reply(phone, "You said: from the phone")
    ann.goto(f"{app.url}/?session={session}")
    reply(ann, "You said: from the phone")
    send(ann, "and more")
    reply(ann, "You said: and more")


def test_a_link_to_a_message_leads_there_after_its_chat_was_joined(app, strangers):
    ann, other = strangers(), strangers()
    chat(app, ann, "from Ann")
    session = chat(app, other, "from the other")
    number = re.search(r"st-key-message_(\d+)", messages(other).first.get_attribute("class"))[1]
    other.goto(invite(app, ann))
    other.get_by_role("button", name="Use them here").click()
    expect(chats(other)).to_have_count(2)
    other.goto(f"{app.url}/?session={session}&message={number}")
    reply(other, "You said: from the other")
    expect(other.locator("[data-linked]")).to_contain_text("from the other")


def test_a_used_link_is_told_and_a_browser_is_signed_out(app, strangers):
    ann, phone, eve = strangers(), strangers(), strangers()
    chat(app, ann, "from Ann")
    link = invite(app, ann)
    phone.goto(link)
    phone.get_by_role("button", name="Use them here").click()
    expect(chats(phone)).to_have_text(["from Ann"])
    eve.goto(link)
    expect(eve.get_by_text("This link was used already")).to_be_visible()
    eve.get_by_role("link", name="To the chats of this browser").click()
    ready(eve)
    expect(chats(eve)).to_have_count(0)
    settings(app, ann)
    ann.get_by_role("button", name="Sign out").and_(
        ann.locator("[class*='st-key-browser_']:has-text('last seen') button")
    ).click()
    expect(ann.get_by_text("last seen")).to_have_count(0)
    phone.goto(app.url)
    ready(phone)
    expect(chats(phone)).to_have_count(0)


def test_everything_is_taken_along_and_then_deleted(app, strangers):
    page = strangers()
    chat(app, page, "hello")
    settings(app, page)
    export = page.get_by_role("link", name="Export all as JSON")
    exported = page.request.get(f"{app.url}/{export.get_attribute('href')}").json()
    assert [chat["title"] for chat in exported["chats"]] == ["hello"]
    page.get_by_label("Type delete to confirm").fill("delete")
    page.get_by_label("Type delete to confirm").press("Enter")
    page.get_by_role("button", name="Delete everything of mine").click()
    expect(page.get_by_text("Everything of yours was deleted")).to_be_visible()
    expect(chats(page)).to_have_count(0)
    assert page.request.get(f"{app.url}/export").json()["chats"] == []


def test_around_the_proxy_a_sentence_says_what_is_missing(app, strangers):
    app.stop()
    app.environ |= {"HEARTH_IDENTITY": "header:X-User", "HEARTH_TRUSTED_PROXIES": "192.0.2.7"}
    app.start()
    page = strangers(extra_http_headers={"X-User": "ann"})
    page.goto(app.url)
    expect(page.get_by_text("the header X-User, which is missing")).to_be_visible()
    expect(page.locator(".st-key-new_chat, .st-key-prompt")).to_have_count(0)


def test_behind_a_proxy_the_header_names_the_person_and_without_it_there_is_none(app, strangers):
    app.stop()
    app.environ |= {"HEARTH_IDENTITY": "header:X-User", "HEARTH_TRUSTED_PROXIES": "127.0.0.1,::1"}
    app.start()
    ann, bob = (strangers(extra_http_headers={"X-User": name}) for name in ("ann", "bob"))
    chat(app, ann, "from Ann")
    chat(app, bob, "from Bob")
    expect(chats(ann)).to_have_text(["from Ann"])
    again = strangers(extra_http_headers={"X-User": "ann"})
    again.goto(ann.url)
    reply(again, "You said: from Ann")
    expect(chats(again)).to_have_text(["from Ann"])
    again.context.set_extra_http_headers({})
    again.reload()
    expect(again.get_by_text("the header X-User, which is missing")).to_be_visible()
    expect(again.locator(".st-key-new_chat, .st-key-prompt")).to_have_count(0)
    expect(chats(again)).to_have_count(0)
    expect(messages(again)).to_have_count(0)


KEEP_SOCKETS = """(() => {
    const Socket = window.WebSocket;
    window.sockets = [];
    window.WebSocket = class extends Socket {
        constructor(...given) { super(...given); window.sockets.push(this); }
    };
})()"""


def test_a_page_that_reconnects_as_another_person_shows_nothing_of_the_first(app, strangers):
    """In another tab of this browser somebody else signed in; then the connection was lost."""
    page, other = strangers(), strangers()
    other.goto(app.url)
    theirs = [each for each in other.context.cookies() if each["name"].startswith("hearth_")]
    page.add_init_script(KEEP_SOCKETS)
    page.goto(f"{app.url}/preferences")
    page.get_by_role("button", name="Make a token").click()
    token = page.locator(".st-key-new_token code")
    expect(token).to_contain_text("hearth_")
    page.context.clear_cookies()
    page.context.add_cookies(theirs)
    page.evaluate("sockets.at(-1).close()")
    for _ in range(100):  # wait_for_function is eval, which the policy forbids
        if page.evaluate("sockets.length > 1 && sockets.at(-1).readyState === 1"):
            break
        page.wait_for_timeout(200)
    page.get_by_label("Name of a new token").fill("x")
    page.keyboard.press("Enter")
    expect(token).to_have_count(0)
