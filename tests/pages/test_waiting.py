"""A prompt that waits for its chat's reply, as the script of the page has it."""

import pytest

from chatcore import service
from tests.pages.test_chat import texts

MODEL = "llama3.2:3b"


@pytest.fixture
def store(environ):
    return service.hearth().store


def waiting_after(store, state, prompt="two"):
    """The id of a chat whose reply ended so, with a prompt that waits in it."""
    turn = store.begin_turn(1, None, "one", MODEL)
    store.set_next(1, turn.session.id, prompt, MODEL)
    error = "out of memory" if state == "error" else None
    store.finish_reply(1, turn.reply.id, state, "first", error=error)
    return turn.session.id


@pytest.fixture
def owner(store):
    assert store.owner("local") == 1


@pytest.fixture
def edited(open_page, owner):
    """A page on which the prompt that waits is being changed."""

    def edited(session_id):
        return open_page(session_id).button(key="edit_next_now").click().run()

    return edited


@pytest.mark.parametrize("state", ["error", "interrupted", "stopped"])
def test_where_the_reply_did_not_end_by_itself_cancel_sends_nothing(store, edited, fake, state):
    session_id = waiting_after(store, state)
    page = edited(session_id).button(key="cancel_next").click().run()
    assert fake.requests == []
    assert store.next_prompt(1, session_id).state == "waiting"
    assert page.button(key="send_next")


def test_after_stop_the_reply_can_be_continued_or_the_next_prompt_sent(store, open_page, owner):
    session_id = waiting_after(store, "stopped")
    page = open_page(session_id)
    assert page.button(key=f"continue_{store.messages(1, session_id)[-1].id}")
    assert page.button(key="send_next")


def test_cancel_sends_what_would_have_been_sent_meanwhile(store, edited, fake):
    session_id = waiting_after(store, "done")
    page = edited(session_id).button(key="cancel_next").click().run()
    assert texts(page)[-1] == ("assistant", "You said: two.")
    assert store.next_prompt(1, session_id) is None


def test_what_was_being_changed_when_its_page_was_reloaded_is_sent(store, open_page, owner):
    session_id = waiting_after(store, "done")
    store.hold_next(1, store.next_prompt(1, session_id).id, held=True)
    assert texts(open_page(session_id))[-1] == ("assistant", "You said: two.")


def test_while_its_reply_comes_it_waits_again_after_a_reload(store, open_page, owner):
    turn = store.begin_turn(1, None, "one", MODEL)
    waiting = store.set_next(1, turn.session.id, "two", MODEL)
    store.hold_next(1, waiting.id, held=True)
    page = open_page(turn.session.id)
    assert store.next_prompt(1, turn.session.id).state == "waiting"
    assert not page.exception


def test_what_is_left_for_another_message_to_be_edited_is_sent(store, edited):
    session_id = waiting_after(store, "done")
    page = edited(session_id)
    first = store.messages(1, session_id)[0]
    page.menu_button(key=f"message_menu_{first.id}").click("Edit").run()
    assert store.next_prompt(1, session_id) is None


def test_what_is_being_changed_is_not_sent_by_another_tab(store, open_page, owner, fake):
    session_id = waiting_after(store, "done")
    prompt = store.next_prompt(1, session_id)
    store.hold_next(1, prompt.id, held=True)
    service.hearth().tabs.change("another tab", prompt.id)
    page = open_page(session_id)
    assert "changed in another tab" in page.main.caption[-1].value
    assert fake.requests == []


def test_save_sends_what_was_changed(store, edited, fake):
    page = edited(waiting_after(store, "error"))
    page.text_area(key="next_text").set_value("three")
    page = page.button(key="save_next").click().run()
    assert texts(page)[-1] == ("assistant", "You said: three.")
