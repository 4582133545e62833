"""The browser code of the lesson: fetch, a stream read by hand, an id in localStorage."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.fake_ollama import PAUSE, Done

LESSON = (Path(__file__).parent / "lesson.html").read_text(encoding="utf-8")


@pytest.fixture
def lesson(app, page):
    """Its page, as if this server served it."""
    page.route(
        f"{app.url}/lesson", lambda route: route.fulfill(body=LESSON, content_type="text/html")
    )
    page.goto(f"{app.url}/lesson")
    return page


def send(lesson, prompt):
    lesson.get_by_label("Message").fill(prompt)
    lesson.get_by_role("button", name="Send").click()


def test_a_reply_is_shown_as_it_comes(lesson, fake):
    fake.reply("first", PAUSE, " second", Done())
    send(lesson, "hello")
    expect(lesson.locator(".assistant")).to_have_text("first")
    fake.release()
    expect(lesson.locator(".assistant")).to_have_text("first second")


def test_a_reload_shows_the_history_and_the_chat_goes_on(lesson, fake):
    send(lesson, "hello")
    expect(lesson.locator(".assistant")).to_have_text("You said: hello.")
    lesson.reload()
    expect(lesson.locator("p")).to_have_text(["hello", "You said: hello."])
    send(lesson, "again")
    expect(lesson.locator(".assistant").last).to_have_text("You said: again.")
    assert len(fake.requests[-1]["messages"]) == 3


def test_new_chat_begins_anew(lesson):
    send(lesson, "hello")
    expect(lesson.locator(".assistant")).to_have_text("You said: hello.")
    lesson.get_by_role("button", name="New chat").click()
    expect(lesson.locator("p")).to_have_count(0)
    send(lesson, "else")
    expect(lesson.locator("p")).to_have_text(["else", "You said: else."])
