"""The list of chats: what chats.js is told, and what becomes of its wishes."""

import pytest
from streamlit.testing.v1 import AppTest

from chatcore import service
from chatcore.types import Usage
from tests.fake_ollama import PAUSE
from tests.pages.components import chats, send_wishes, told, wish, wishes_of
from tests.pages.conftest import FRAME
from tests.pages.test_chat import errors, send, session_of, texts


def fill(n):
    store = service.hearth().store
    for i in range(n):
        turn = store.begin_turn(1, None, f"chat {i}", "m")
        store.finish_reply(1, turn.reply.id, "done", "hi", usage=Usage("stop"))


def test_the_list_tells_days_chats_the_open_one_and_the_menu(open_page):
    page = send(open_page(), "hello")
    assert told(page, "chats") == {
        "open": session_of(page),
        "days": [["Today", [[session_of(page), "hello"]]]],
        "menu": ["Rename", "Name it with the model", "Make a persona from it", "Delete"],
        "done": 0,
    }


def test_a_long_list_of_chats_is_shown_in_parts(open_page):
    open_page()
    fill(60)
    page = open_page()
    assert len(chats(page)) == 50
    page.button(key="more_chats").click().run()
    assert len(chats(page)) == 60


def test_nothing_of_another_owner_is_listed(open_page):
    open_page()
    store = service.hearth().store
    store.begin_turn(store.owner("somebody else"), None, "secret", "m")
    assert chats(open_page()) == []


@pytest.mark.parametrize("action", ["Rename", "Delete", "Name it with the model"])
@pytest.mark.parametrize("asked_for", ["somebody else's", "nobody-knows-this", "\ud800", ""])
def test_a_chat_of_another_owner_is_not_told_from_an_unknown_one(open_page, action, asked_for):
    page = send(open_page(), "hello")
    store = service.hearth().store
    other = store.owner("somebody else")
    turn = store.begin_turn(other, None, "secret", "m")
    store.finish_reply(other, turn.reply.id, "done", "hi")
    session_id = turn.session.id if asked_for == "somebody else's" else asked_for
    page = wish(page, action, session_id, "mine")
    assert not page.exception
    assert "There is no such chat" in errors(page)[0]
    assert store.session(other, turn.session.id).title == "secret"


def test_a_reply_ends_when_its_chat_is_deleted(open_page, fake):
    page = open_page()
    fake.reply(PAUSE)
    services = service.hearth()
    session_id = services.generations.start(1, None, "hello", "llama3.2:3b").turn.session.id
    page = wish(page, "Delete", session_id)
    assert services.generations.under_way(1) == set()
    page.button(key="undo_delete").click().run()
    assert services.store.messages(1, session_id)[-1].state == "stopped"


@pytest.mark.parametrize(
    "wishes", [None, 7, "x", [[]], [[1]], [{}], [["1", "Delete", "x", ""]], [[9, "Open", "x", ""]]]
)
def test_what_is_no_wish_changes_nothing(open_page, wishes):
    page = send(open_page(), "hello")
    before = texts(page)
    page = send_wishes(page, wishes)
    assert not page.exception
    assert texts(page) == before


def test_a_wish_that_is_sent_again_with_the_next_one_is_granted_once(open_page):
    page = send(open_page(), "one")
    one = [1, "Delete", session_of(page), ""]
    page = send_wishes(page, [one])
    page.button(key="undo_delete").click().run()
    assert told(page, "chats")["done"] == 1
    page = send_wishes(page, [one, [2, "Rename", one[2], "two"]])
    assert chats(page) == [(one[2], "two")]
    assert not errors(page)


def test_of_two_quick_wishes_none_is_lost(open_page):
    ids = [session_of(send(open_page(), text)) for text in ("one", "two")]
    page = send_wishes(open_page(), [[n, "Delete", ids[n - 1], ""] for n in (1, 2)])
    assert chats(page) == []


def test_a_wish_of_a_page_that_this_server_never_drew_is_granted(open_page, environ):
    drawn = send(open_page(), "hello")
    states = wishes_of(drawn, [[4, "Delete", session_of(drawn), ""]])
    page = AppTest.from_file(FRAME, default_timeout=30)._run(states)
    assert chats(page) == []
    assert told(page, "chats")["done"] == 4
