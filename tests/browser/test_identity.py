"""Whose chats a browser shows: its own, and nobody else's."""

import pytest
from playwright.sync_api import expect

from tests.browser.actions import chats, in_address, messages, ready, reply, send


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


def chat(app, page, text):
    page.goto(app.url)
    ready(page)
    send(page, text)
    reply(page, f"You said: {text}")
    return in_address(page)


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
    ready(page)
    app.stop()
    page.context.clear_cookies()
    app.start()
    page.get_by_role("button", name="Look again").first.click()
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
