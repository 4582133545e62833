"""What a link shows to a stranger, and what it does not; continuing in a copy."""

import sqlite3

import pytest
from streamlit.testing.v1 import AppTest

from chatcore import service
from chatcore.sharing import key_hash
from tests.pages.conftest import FRAME
from tests.pages.test_chat import session_of, texts
from tests.test_store import NOTES

KEY = "k" * 32


@pytest.fixture
def store(environ):
    return service.hearth().store


@pytest.fixture
def bob(store):
    return store.owner("bob")


@pytest.fixture
def chat(store, bob):
    """The id of a chat of somebody else's, shared under KEY."""
    turn = store.begin_turn(bob, None, "how *big*?", "llama", attachments=[NOTES])
    store.finish_reply(bob, turn.reply.id, "done", "That big.", "let me think")
    store.shares.create(bob, turn.session.id, key_hash(KEY))
    return turn.session.id


def visit(session_id, key=None):
    """A new tab at such an address."""
    page = AppTest.from_file(FRAME, default_timeout=30)
    page.query_params["session"] = session_id
    if key is not None:
        page.query_params["key"] = key
    return page.run()


def elements(page):
    """All that stands on a page, by kind and content."""
    everything = [*page.main, *page.sidebar]
    return [(e.type, getattr(e, "value", None), getattr(e, "label", None)) for e in everything]


def controls(page):
    kinds = (page.button, page.chat_input, page.selectbox, page.get("menu_button"))
    return [widget.key for kind in kinds for widget in kind]


def test_a_stranger_reads_the_chat_and_finds_one_control(chat):
    page = visit(chat, KEY)
    assert not page.exception
    assert page.subheader[0].value == "how \\*big\\*\\?"
    assert [text for _, text in texts(page)] == ["how *big*?", "That big."]
    assert controls(page) == ["continue_in_copy"]
    assert page.sidebar.children == {}


def test_files_are_linked_with_the_right_to_read_them(chat):
    [link] = visit(chat, KEY).get("link_button")
    assert link.proto.url == f"attachments/1?session={chat}&key={KEY}"
    assert link.proto.label.startswith("notes\\.txt")


def test_thoughts_are_shown_only_where_the_link_says_so(store, bob, chat):
    assert len(visit(chat, KEY).expander) == 0
    store.shares.create(bob, chat, key_hash("other"), thinking=True)
    assert visit(chat, "other").expander[0].markdown[0].value == "let me think"


def test_reading_makes_no_owner(chat, environ):
    before = owners(environ)
    visit(chat, KEY)
    assert owners(environ) == before


def owners(path):
    db = sqlite3.connect(path)
    try:
        return db.execute("select count(*) from owners").fetchone()
    finally:
        db.close()


def test_a_broken_reply_tells_a_stranger_no_reason(store, bob):
    turn = store.begin_turn(bob, None, "hello", "llama")
    store.finish_reply(bob, turn.reply.id, "error", "", error="No server at 10.0.0.9")
    store.shares.create(bob, turn.session.id, key_hash("x"))
    page = visit(turn.session.id, "x")
    assert "no answer" in page.chat_message[1].caption[0].value
    assert len(page.error) == 0


def test_what_does_not_open_is_exactly_the_page_of_an_unknown_chat(store, bob, chat):
    tried = [(chat, None), (chat, "x"), ("unknown", KEY), (chat, ""), (chat, KEY[:-1])]
    pages = [visit("unknown", None), *(visit(*address) for address in tried)]
    store.shares.revoke(bob, key_hash(KEY))
    pages.append(visit(chat, KEY))
    for page in pages:
        assert "under **Share** in their chat" in page.info[0].value
        assert elements(page) == elements(pages[0])
        assert controls(page) == controls(pages[0])


def test_a_dead_link_to_ones_own_chat_is_as_dead(store):
    mine = store.begin_turn(store.owner("local"), None, "mine", "m").session.id
    page = visit(mine, "x")
    assert len(page.chat_message) == 0
    assert "no such chat" in page.info[0].value
    page.chat_input(key="prompt").set_value("new").run()
    assert session_of(page) != mine


def test_a_copy_is_opened_and_goes_on_as_ones_own(store, bob, chat):
    page = visit(chat, KEY)
    page.button(key="continue_in_copy").click().run()
    assert "key" not in page.query_params
    assert session_of(page) != chat
    page.chat_input(key="prompt").set_value("and now?").run()
    local = store.owner("local")
    assert [m.body for m in store.messages(local, session_of(page))][::2] == [
        "how *big*?",
        "and now?",
    ]
    assert len(store.messages(bob, chat)) == 2


def test_a_copy_of_a_link_that_was_revoked_meanwhile_is_refused(store, bob, chat):
    page = visit(chat, KEY)
    store.shares.revoke(bob, key_hash(KEY))
    page.button(key="continue_in_copy").click().run()
    assert "no such chat" in page.error[0].value
    assert store.sessions(store.owner("local")) == []
