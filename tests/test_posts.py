"""What a program does with sessions: the contract, over every backend."""

import pytest

from chatcore.errors import (
    AlreadyGenerating,
    KeyReused,
    MessageNotFound,
    SessionExists,
    SessionNotFound,
)
from chatcore.types import Said

HELLO = [Said("user", "hello")]
SYSTEM = Said("system", "be brief")


def ask(store, owner, session_id=None, messages=HELLO, key=None, reply="hi"):
    posted = store.posts.begin(owner, session_id, messages, "m", key)
    store.finish_reply(owner, posted.turn.reply.id, "done", reply)
    return posted.turn


def said(store, owner, session_id):
    return [(m.role, m.state, m.body) for m in store.messages(owner, session_id)]


def test_an_id_of_the_programs_own_is_made_and_found_again(store, ann):
    ask(store, ann, "chosen-id")
    ask(store, ann, "chosen-id", [Said("user", "again")])
    assert [body for _, _, body in said(store, ann, "chosen-id")] == ["hello", "hi", "again", "hi"]


def test_two_owners_may_choose_the_same_id(store, ann, bob):
    ask(store, ann, "chosen-id")
    ask(store, bob, "chosen-id", [Said("user", "mine")])
    assert said(store, ann, "chosen-id")[0][2] == "hello"
    assert said(store, bob, "chosen-id")[0][2] == "mine"


def test_several_messages_are_stored_in_their_order(store, ann):
    history = [SYSTEM, Said("user", "one"), Said("assistant", "1"), Said("user", "two")]
    turn = ask(store, ann, None, history)
    assert said(store, ann, turn.session.id) == [
        ("system", "done", "be brief"),
        ("user", "done", "one"),
        ("assistant", "done", "1"),
        ("user", "done", "two"),
        ("assistant", "done", "hi"),
    ]
    assert turn.session.n_messages == 5
    assert turn.session.title == "two"


def test_a_session_at_a_reply_takes_nothing(store, ann):
    store.posts.begin(ann, "chosen-id", HELLO, "m")
    with pytest.raises(AlreadyGenerating):
        store.posts.begin(ann, "chosen-id", [SYSTEM, *HELLO], "m")
    assert len(said(store, ann, "chosen-id")) == 2


@pytest.mark.parametrize("session_id", [None, "chosen-id"])
def test_the_same_key_asks_once(store, ann, session_id):
    assert store.posts.begun(ann, session_id, HELLO, "key") is None
    first = store.posts.begin(ann, session_id, HELLO, "m", "key")
    assert store.posts.begun(ann, session_id, HELLO, "key") == first.turn
    again = store.posts.begin(ann, session_id, HELLO, "m", "key")
    assert (first.new, again.new) == (True, False)
    assert again.turn == first.turn
    assert first.turn.session.n_messages == 2


def test_a_key_of_another_prompt_is_refused(store, ann):
    ask(store, ann, "chosen-id", key="key")
    with pytest.raises(KeyReused):
        store.posts.begin(ann, "chosen-id", [Said("user", "else")], "m", "key")
    with pytest.raises(KeyReused):
        store.posts.begun(ann, "chosen-id", [Said("user", "else")], "key")


def test_a_key_is_its_owners_alone(store, ann, bob):
    ask(store, ann, None, key="key")
    assert store.posts.begun(bob, None, HELLO, "key") is None
    assert store.posts.begin(bob, None, HELLO, "m", "key").new


def test_an_empty_session_is_named_by_its_first_message(store, ann):
    assert store.posts.create(ann, "chosen-id", "", "m").title == ""
    assert ask(store, ann, "chosen-id").session.title == "hello"


def test_a_given_name_stays(store, ann):
    store.posts.create(ann, "chosen-id", "My  plan", "m")
    assert ask(store, ann, "chosen-id").session.title == "My plan"


def test_an_id_is_taken_once(store, ann, bob):
    store.posts.create(ann, "chosen-id", "", "m")
    store.posts.create(bob, "chosen-id", "", "m")
    with pytest.raises(SessionExists):
        store.posts.create(ann, "chosen-id", "", "m")


def test_what_is_cleared_is_in_the_trash(store, ann):
    turn = ask(store, ann, "chosen-id")
    store.posts.clear(ann, "chosen-id")
    assert said(store, ann, "chosen-id") == []
    assert store.session(ann, "chosen-id").n_messages == 0
    assert [m.body for m in store.branch(ann, turn.reply.id)] == ["hello", "hi"]
    with pytest.raises(MessageNotFound):
        store.posts.message(ann, turn.reply.id)


def test_a_cleared_session_begins_anew(store, ann):
    ask(store, ann, "chosen-id")
    store.posts.clear(ann, "chosen-id")
    store.posts.clear(ann, "chosen-id")  # nothing to do
    assert ask(store, ann, "chosen-id", [Said("user", "else")]).session.title == "else"
    assert len(said(store, ann, "chosen-id")) == 2


def test_a_session_at_a_reply_is_not_cleared(store, ann):
    store.posts.begin(ann, "chosen-id", HELLO, "m")
    with pytest.raises(AlreadyGenerating):
        store.posts.clear(ann, "chosen-id")


def test_anothers_session_is_not_cleared(store, ann, bob):
    ask(store, ann, "chosen-id")
    with pytest.raises(SessionNotFound):
        store.posts.clear(bob, "chosen-id")
    assert len(said(store, ann, "chosen-id")) == 2


def test_the_id_of_a_session_in_the_trash_is_free(store, ann):
    turn = ask(store, ann, "chosen-id")
    store.trash.put(ann, "chosen-id")
    ask(store, ann, "chosen-id", [Said("user", "anew")])
    assert [body for _, _, body in said(store, ann, "chosen-id")] == ["anew", "hi"]
    assert store.branch(ann, turn.reply.id)[0].body == "hello"


def test_a_session_comes_back_beside_the_new_one_of_its_id(store, ann):
    turn = ask(store, ann, "chosen-id")
    store.trash.put(ann, "chosen-id")
    ask(store, ann, "chosen-id", [Said("user", "anew")])
    restored = store.trash.restore(ann, "chosen-id", turn.session.pk)
    assert [body for _, _, body in said(store, ann, restored)] == ["hello", "hi"]
    assert [body for _, _, body in said(store, ann, "chosen-id")] == ["anew", "hi"]


def test_anothers_message_is_not_found(store, ann, bob):
    turn = ask(store, ann)
    session_id, message = store.posts.message(ann, turn.reply.id)
    assert (session_id, message.body) == (turn.session.id, "hi")
    for message_id in (turn.reply.id, 0, 2**63 - 1):
        with pytest.raises(MessageNotFound):
            store.posts.message(bob, message_id)
