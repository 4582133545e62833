"""A long chat: which of its messages are on the page."""

import pytest

from bench.seed import fill
from tests.pages.test_chat import send


@pytest.fixture
def long_chat(environ):
    return fill(environ, messages=80, chats=1, model="llama3.2:3b")


def prompts(page):
    """The numbers of the questions that are shown."""
    shown = [m.markdown[0].value for m in page.chat_message if m.name == "user"]
    return [int(prompt.split()[1].strip(":")) for prompt in shown if prompt.startswith("Question")]


def test_a_long_chat_opens_at_its_last_thirty_messages(open_page, long_chat):
    assert prompts(open_page(long_chat)) == list(range(26, 41))


def test_load_earlier_adds_thirty_until_there_are_no_more(open_page, long_chat):
    page = open_page(long_chat)
    page.button(key="load_earlier").click().run()
    assert prompts(page) == list(range(11, 41))
    page.button(key="load_earlier").click().run()
    assert prompts(page) == list(range(1, 41))
    assert "load_earlier" not in [button.key for button in page.button]


def test_a_new_prompt_takes_no_message_from_the_page(open_page, long_chat):
    page = send(open_page(long_chat), "and now?")
    assert prompts(page) == list(range(26, 41))
    assert len(page.chat_message) == 32


def test_a_page_lets_go_of_the_earliest_when_there_are_too_many(open_page, long_chat):
    page = open_page(long_chat)
    for n in range(16):
        page = send(page, f"more {n}")
    assert len(page.chat_message) == 30


def test_another_chat_and_back_begins_with_the_last_messages(open_page, long_chat):
    page = open_page(long_chat)
    page.button(key="load_earlier").click().run()
    page.button(key="new_chat").click().run()
    page.run()  # as whoever was told of the new address
    page.query_params["session"] = long_chat
    assert prompts(page.run()) == list(range(26, 41))
