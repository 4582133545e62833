"""A chat is shown to a stranger, in another browser, and taken back."""

import re

import pytest
from playwright.sync_api import expect

from tests import files
from tests.browser.actions import in_address, messages, ready, reply, send
from tests.browser.test_attachments import attach
from tests.browser.test_rendering import hostile
from tests.browser.watched import Watched
from tests.fake_ollama import PAUSE, fake_model

PATIENCE = 30_000  # ms


@pytest.fixture
def stranger(browser):
    """A page of another browser: no cookie of the first one is there."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def unshared(app, fake, page):
    """A chat with a file; its id."""
    fake.reply("The first answer.")
    page.goto(app.url)
    attach(page, "notes.txt", b"some notes", "text/plain")
    send(page, "the first question")
    reply(page, "tokens/s")
    return in_address(page)


@pytest.fixture
def chat(page, unshared):
    """The same, its Share open."""
    open_share(page)
    return unshared


def open_share(page):
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("button", name="Copy a new link")).to_be_visible()


def make_link(page):
    page.get_by_role("button", name="Copy a new link").click()
    shown = page.get_by_role("dialog", name="Share").locator("code")
    expect(shown).to_contain_text("&key=")
    return shown.inner_text()


def sees_only_the_chat(page):
    expect(page.get_by_role("button", name="Continue in my own copy")).to_be_visible()
    expect(page.locator(".st-key-prompt, .st-key-new_chat, .st-key-share")).to_have_count(0)
    expect(page.get_by_test_id("stSidebar")).to_have_count(0)
    expect(page.get_by_test_id("stExpandSidebarButton")).to_have_count(0)


def finds_nothing(page):
    expect(page.get_by_text("There is no such chat here")).to_be_visible()
    expect(messages(page)).to_have_count(0)
    expect(page.get_by_text("The first answer.")).to_have_count(0)


def test_a_chat_is_shared_opened_by_a_stranger_revoked_and_closed(app, page, chat, stranger):
    address = make_link(page)
    assert address.startswith(f"{app.url}/?session={chat}&key=")
    stranger.goto(address)
    reply(stranger, "The first answer.")
    sees_only_the_chat(stranger)
    opened = stranger.request.get(
        stranger.get_by_role("link", name="notes.txt").evaluate("link => link.href")
    )
    assert opened.text() == "some notes"
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("button", name="Revoke")).to_have_count(0)
    stranger.reload()
    finds_nothing(stranger)
    stranger.goto(f"{app.url}/?session=unknown")
    finds_nothing(stranger)


def test_what_is_written_later_is_not_shared_until_updated(app, fake, page, chat, stranger):
    address = make_link(page)
    page.keyboard.press("Escape")
    send(page, "the second question")
    reply(page, "You said: the second question")
    expect(page.locator(".st-key-stop")).to_have_count(0)
    stranger.goto(address)
    expect(messages(stranger)).to_have_count(2)
    open_share(page)
    page.get_by_role("button", name="Update to now").click()
    expect(page.get_by_role("button", name="Update to now")).to_have_count(0)
    stranger.reload()
    expect(messages(stranger)).to_have_count(4)


def test_a_stranger_goes_on_in_a_copy_of_their_own(app, fake, page, chat, stranger):
    stranger.goto(make_link(page))
    stranger.get_by_role("button", name="Continue in my own copy").click()
    ready(stranger)
    assert in_address(stranger) != chat
    send(stranger, "a question of mine")
    reply(stranger, "You said: a question of mine")
    expect(messages(stranger)).to_have_count(4)
    page.reload()
    expect(messages(page)).to_have_count(2)


def test_share_opens_while_a_reply_streams_and_says_what_to_wait_for(app, fake, page):
    fake.reply("first words ", PAUSE, "last words")
    page.goto(app.url)
    send(page, "hello")
    reply(page, "first words")
    open_share(page)
    page.get_by_role("button", name="Copy a new link").click()
    expect(page.get_by_text("This chat is still answering")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Share")).to_have_count(0)
    fake.release()
    reply(page, "first words last words")
    assert "stopped" not in messages(page).last.inner_text()


def test_a_link_is_made_by_keyboard(page, unshared):
    page.get_by_role("button", name="Share").focus()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Copy a new link")
    expect(button).to_be_visible()
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Share").locator("code")).to_contain_text("&key=")


def test_a_shared_hostile_chat_reaches_nobody(app, fake, page, stranger, sink):
    watched = Watched(stranger, app)
    fake.reply(hostile(sink.url))
    page.goto(app.url)
    send(page, f"![title]({sink.url}/title.png) <img src={sink.url}/x>")
    reply(page, re.compile(r"END.*tokens/s", re.DOTALL))
    open_share(page)
    stranger.goto(make_link(page))
    reply(stranger, "END")
    assert watched.got_through() == []
    assert sink.requests == []


def download(page, name):
    with page.expect_download() as started:
        page.get_by_role("link", name=name).click()
    return started.value


def test_the_files_of_a_chat_are_downloaded_under_its_name(page, chat):
    for name, ending in (("HTML", "html"), ("Markdown", "md"), ("JSON", "json")):
        assert download(page, name).suggested_filename == f"hearth-the-first-question.{ending}"


def test_an_image_is_inside_the_html_file(app, fake, page, browser, tmp_path):
    fake.models = [fake_model("gemma3:4b", capabilities=["completion", "vision"])]
    page.goto(app.url)
    attach(page, "cat.png", files.image(), "image/png")
    send(page, "What is in the picture?")
    reply(page, "tokens/s")
    open_share(page)
    download(page, "HTML").save_as(tmp_path / "chat.html")
    reader = browser.new_page()
    reader.goto((tmp_path / "chat.html").as_uri())
    expect(reader.get_by_role("img", name="cat.png")).to_have_js_property("naturalWidth", 40)
    reader.close()
