"""What was deleted is listed, and comes back as it was."""

from itertools import count

import pytest

from chatcore.errors import SessionNotFound
from chatcore.store.sqlite import rows


def chat(store, owner, prompt="hello"):
    turn = store.begin_turn(owner, None, prompt, "m")
    store.finish_reply(owner, turn.reply.id, "done", "hi")
    return turn.session


def titles(store, owner):
    return [each.title for each in store.trash.sessions(owner)]


def test_what_was_deleted_last_comes_first(store, ann, monkeypatch):
    time = count(1_800_000_000_000)
    monkeypatch.setattr(rows, "now", lambda: next(time))
    first, second = chat(store, ann, "one"), chat(store, ann, "two")
    store.trash.put(ann, second.id)
    store.trash.put(ann, first.id)
    assert titles(store, ann) == ["one", "two"]
    assert [each.n_messages for each in store.trash.sessions(ann)] == [2, 2]
    assert len(store.trash.sessions(ann, limit=1)) == 1


def test_what_is_restored_is_in_the_trash_no_longer(store, ann):
    session = chat(store, ann)
    store.trash.put(ann, session.id)
    assert store.trash.restore(ann, session.id) == session.id
    assert (titles(store, ann), len(store.messages(ann, session.id))) == ([], 2)


def test_what_was_cleared_is_in_the_trash_and_one_without_messages_is_not(store, ann):
    session = chat(store, ann, "kept")
    store.posts.clear(ann, session.id)
    store.trash.put(ann, session.id)
    [cleared] = store.trash.sessions(ann)
    store.trash.restore(ann, cleared.id)
    assert [message.body for message in store.messages(ann, cleared.id)] == ["kept", "hi"]


def test_the_trash_of_another_is_not_theirs(store, ann, bob):
    session = chat(store, ann)
    store.trash.put(ann, session.id)
    assert titles(store, bob) == []
    with pytest.raises(SessionNotFound):
        store.trash.restore(bob, session.id, session.pk)
    assert titles(store, ann) == ["hello"]
