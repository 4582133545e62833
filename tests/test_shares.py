"""The contract of store.shares: who holds a key reads one branch as it was, and nothing else."""

import pytest

from chatcore import sharing
from chatcore.errors import AlreadyGenerating, MessageNotFound, SessionNotFound, ShareNotFound
from chatcore.store.sqlite import rows
from chatcore.types import Said, Session
from tests.test_store import NOTES, PICTURE, attach, attached, talk

DAY = 24 * 3600 * 1000


@pytest.fixture
def clock(monkeypatch):
    """The store's time, to be set: milliseconds since 1970."""
    time = [1_800_000_000_000]
    monkeypatch.setattr(rows, "now", lambda: time[0])
    return time


def share(store, owner, session_id, **terms):
    key = sharing.make_key()
    store.shares.create(owner, session_id, sharing.key_hash(key), **terms)
    return key


def read(store, session_id, key):
    return store.shares.read(session_id, sharing.key_hash(key))


def shown(store, session_id, key):
    return [message.body for message in read(store, session_id, key).messages]


def refusals(store, session_id, key, attachment_id):
    """How every way to what a link shows is refused."""
    key_hash, bob = sharing.key_hash(key), store.owner("bob")
    for attempt in (
        lambda: store.shares.read(session_id, key_hash),
        lambda: store.shares.copy(bob, session_id, key_hash),
        lambda: store.shares.file(session_id, key_hash, attachment_id),
    ):
        with pytest.raises((SessionNotFound, MessageNotFound)) as refused:
            attempt()
        yield refused.type, str(refused.value)
    assert store.sessions(bob) == []


def test_a_chat_that_is_erased_while_it_is_read_is_read_whole(store, ann, monkeypatch):
    def erase_first(db, leaf_id, last=None):
        monkeypatch.undo()
        store.belongings.erase(ann)
        return branch(db, leaf_id, last)

    branch, session_id = rows.branch, talk(store, ann).session.id
    key = share(store, ann, session_id)
    monkeypatch.setattr(rows, "branch", erase_first)
    assert len(shown(store, session_id, key)) == 2
    with pytest.raises(SessionNotFound):
        read(store, session_id, key)


def test_a_key_has_192_bits_and_only_its_hash_is_stored(store, ann, tmp_path):
    key = share(store, ann, talk(store, ann).session.id)
    assert len(key) == 32
    assert key != sharing.make_key()
    store.close()
    assert key.encode() not in b"".join(p.read_bytes() for p in tmp_path.glob("sqlite.db*"))


def test_a_link_ends_when_it_was_said_to(store, ann, clock):
    assert sharing.expires_at("Never", clock[0]) is None
    session_id = talk(store, ann).session.id
    for choice, days in (("1 day", 1), ("7 days", 7), ("30 days", 30)):
        end = sharing.expires_at(choice, clock[0])
        assert end == clock[0] + days * DAY
        key = share(store, ann, session_id, expires_at=end)
        clock[0] = end - 1
        assert shown(store, session_id, key) == ["hello", "hi"]
        clock[0] = end
        with pytest.raises(SessionNotFound):
            read(store, session_id, key)


def test_a_link_shows_the_chat_as_it_was(store, ann):
    turn = talk(store, ann, "one", "1")
    key = share(store, ann, turn.session.id)
    talk(store, ann, "two", "2", turn.session.id)
    store.rename_session(ann, turn.session.id, "secret plans")
    assert shown(store, turn.session.id, key) == ["one", "1"]
    assert read(store, turn.session.id, key).title == "one"


def test_a_link_shows_its_own_branch_alone(store, ann):
    turn = talk(store, ann, "one", "first")
    key = share(store, ann, turn.session.id)
    other = store.begin_version(ann, turn.reply.id, "m")
    store.finish_reply(ann, other.reply.id, "done", "second")
    assert shown(store, turn.session.id, key) == ["one", "first"]


def test_a_shared_reply_that_goes_on_is_shown_as_it_was(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    store.finish_reply(ann, turn.reply.id, "stopped", "half", "deep")
    key = share(store, ann, turn.session.id, thinking=True)
    store.resume_reply(ann, turn.reply.id)
    store.save_draft(ann, turn.reply.id, 1, "half and", "deep and")
    store.check()
    for _ in range(2):
        chat = read(store, turn.session.id, key)
        assert [(m.body, m.thinking) for m in chat.messages] == [("hello", ""), ("half", "deep")]
        assert store.shares.of(ann)[0].current is (_ == 0)
        store.finish_reply(ann, turn.reply.id, "done", "half and more", "deep and deeper")


def test_update_to_now_pins_the_link_anew(store, ann):
    turn = talk(store, ann, "one", "1")
    key = share(store, ann, turn.session.id)
    assert store.shares.of(ann)[0].current
    talk(store, ann, "two", "2", turn.session.id)
    store.rename_session(ann, turn.session.id, "counting")
    assert not store.shares.of(ann)[0].current
    store.shares.update(ann, sharing.key_hash(key))
    assert store.shares.of(ann)[0].current
    assert shown(store, turn.session.id, key) == ["one", "1", "two", "2"]
    assert read(store, turn.session.id, key).title == "counting"


def test_thoughts_are_shown_when_asked_for(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    store.finish_reply(ann, turn.reply.id, "done", "hi", "who is that?")
    without = share(store, ann, turn.session.id)
    with_them = share(store, ann, turn.session.id, thinking=True)
    assert [m.thinking for m in read(store, turn.session.id, without).messages] == ["", ""]
    assert read(store, turn.session.id, with_them).messages[1].thinking == "who is that?"


def test_a_chat_is_shared_when_its_reply_is_there(store, ann):
    turn = talk(store, ann)
    key = share(store, ann, turn.session.id)
    store.begin_turn(ann, turn.session.id, "more", "m")
    with pytest.raises(AlreadyGenerating):
        share(store, ann, turn.session.id)
    with pytest.raises(AlreadyGenerating):
        store.shares.update(ann, sharing.key_hash(key))


def test_a_link_opens_the_files_of_its_branch_and_no_others(store, ann):
    turn = attach(store, ann, NOTES)
    key_hash = sharing.key_hash(share(store, ann, turn.session.id))
    [notes] = turn.prompt.attachments
    later = store.begin_turn(ann, turn.session.id, "look", "m", attachments=[PICTURE]).prompt
    elsewhere = attach(store, ann, PICTURE).prompt
    assert store.shares.file(turn.session.id, key_hash, notes.id) == NOTES
    for attachment in (*later.attachments, *elsewhere.attachments):
        with pytest.raises(MessageNotFound):
            store.shares.file(turn.session.id, key_hash, attachment.id)


def test_links_that_do_not_open_are_told_apart_by_nothing(store, ann, clock):
    turn = attach(store, ann, NOTES)
    other, session_id = talk(store, ann).session.id, turn.session.id
    key, short, revoked = (share(store, ann, session_id) for _ in range(3))
    store.shares.revoke(ann, sharing.key_hash(revoked))
    expired = share(store, ann, session_id, expires_at=clock[0])
    of_trash = share(store, ann, session_id)
    tried = [("unknown", "x"), (session_id, "x"), (session_id, revoked), (session_id, expired)]
    tried += [(other, key), ("unknown", key), (session_id, ""), (session_id, short[:-1])]
    tried += [(session_id, sharing.key_hash(key)), (session_id, "\ud800\0")]
    file_id = turn.prompt.attachments[0].id
    answers = [list(refusals(store, s, k, file_id)) for s, k in tried]
    store.trash.put(ann, session_id)
    answers.append(list(refusals(store, session_id, of_trash, file_id)))
    assert all(answer == answers[0] for answer in answers)


def test_deleting_a_chat_closes_its_links_and_restoring_opens_them(store, ann):
    session_id = talk(store, ann).session.id
    key = share(store, ann, session_id)
    store.trash.put(ann, session_id)
    assert store.shares.of(ann) == []
    with pytest.raises(SessionNotFound):
        read(store, session_id, key)
    store.trash.restore(ann, session_id)
    assert shown(store, session_id, key) == ["hello", "hi"]


def test_revoking_is_for_good(store, ann):
    session_id = talk(store, ann).session.id
    key = share(store, ann, session_id)
    store.shares.revoke(ann, sharing.key_hash(key))
    store.trash.put(ann, session_id)
    store.trash.restore(ann, session_id)
    assert store.shares.of(ann) == []
    with pytest.raises(SessionNotFound):
        read(store, session_id, key)


def test_a_list_of_links_tells_all_but_the_key(store, ann, clock):
    session_id = talk(store, ann, "first").session.id
    share(store, ann, session_id, expires_at=clock[0] + DAY)
    clock[0] += 1
    share(store, ann, talk(store, ann, "second").session.id, thinking=True)
    second, first = store.shares.of(ann)
    assert (first.title, first.thinking, first.expires_at) == ("first", False, clock[0] - 1 + DAY)
    assert (second.title, second.thinking, second.expires_at) == ("second", True, None)
    assert first.created_at == first.pinned_at == clock[0] - 1
    assert store.shares.of(ann, session_id) == [first]


def test_that_a_link_was_opened_is_noted_to_the_minute(store, ann, clock):
    session_id = talk(store, ann).session.id
    key = share(store, ann, session_id)
    for passed, seen in ((0, 0), (59_000, 0), (2_000, 61_000)):
        clock[0] += passed
        read(store, session_id, key)
        store.check()
        assert store.shares.of(ann)[0].last_opened_at == 1_800_000_000_000 + seen


def test_anothers_links_are_changed_as_unknown_ones_are(store, ann, bob):
    session_id = talk(store, ann).session.id
    key = share(store, ann, session_id)
    answers = set()
    for key_hash in (sharing.key_hash(key), sharing.key_hash("unknown")):
        for attempt in (store.shares.update, store.shares.revoke):
            with pytest.raises(ShareNotFound) as refused:
                attempt(bob, key_hash)
            answers.add(str(refused.value))
    assert len(answers) == 1
    assert store.shares.of(bob) == store.shares.of(bob, session_id) == []
    assert shown(store, session_id, key) == ["hello", "hi"]


def test_anothers_chat_and_an_unknown_one_cannot_be_shared(store, ann, bob):
    foreign = talk(store, ann).session.id
    for session_id in (foreign, "unknown"):
        with pytest.raises(SessionNotFound):
            share(store, bob, session_id)
    assert store.shares.of(ann) == []


def test_of_two_chats_with_one_id_the_key_decides(store, ann, bob, monkeypatch):
    monkeypatch.setattr(rows.secrets, "token_urlsafe", lambda n: "same-id")
    session_id = talk(store, ann, "ann's").session.id
    assert talk(store, bob, "bob's").session.id == session_id
    monkeypatch.undo()
    anns, bobs = share(store, ann, session_id), share(store, bob, session_id)
    assert shown(store, session_id, anns) == ["ann's", "hi"]
    assert shown(store, session_id, bobs) == ["bob's", "hi"]


def copy(store, owner, session_id, key) -> Session:
    return store.shares.copy(owner, session_id, sharing.key_hash(key))


def test_a_link_opens_where_joining_gave_its_chat_another_id(store, ann):
    """As programs choose ids, two owners may have the same one."""
    other = store.owner("browser:b")
    key = ""
    for owner in (ann, other):
        turn = store.posts.begin(owner, "default-chat", [Said("user", f"of {owner}")], "m").turn
        store.finish_reply(owner, turn.reply.id, "done", "hi")
        key = share(store, owner, "default-chat")
    store.identities.pair(store.identities.invite(ann), "browser:b")
    assert shown(store, "default-chat", key)[0] == f"of {other}"
    (now,) = (link.session_id for link in store.shares.of(ann) if link.session_id != "default-chat")
    assert shown(store, now, key)[0] == f"of {other}"
    with pytest.raises(SessionNotFound):
        read(store, "another-chat", key)


def test_a_copy_is_the_readers_own_chat(store, ann, bob):
    turn = attach(store, ann, NOTES, PICTURE)
    key = share(store, ann, turn.session.id)
    mine = copy(store, bob, turn.session.id, key)
    assert mine.title == "look"
    assert mine.model == "m"
    store.shares.revoke(ann, sharing.key_hash(key))
    prompt, reply = store.messages(bob, mine.id)
    assert (prompt.body, reply.body, reply.model, reply.state) == ("look", "hi", "m", "done")
    assert attached(store, bob, prompt) == [NOTES, PICTURE]
    talk(store, bob, "more", session_id=mine.id)
    assert store.session(bob, mine.id).n_messages == 4
    assert store.session(ann, turn.session.id).n_messages == 2


def test_a_copy_holds_what_the_link_shows_and_no_more(store, ann, bob):
    turn = store.begin_turn(ann, None, "hello", "m")
    store.finish_reply(ann, turn.reply.id, "error", "half", "deep", error="broke at 10.0.0.9")
    store.rate(ann, turn.reply.id, 0)
    key = share(store, ann, turn.session.id)
    store.resume_reply(ann, turn.reply.id)
    reply = store.messages(bob, copy(store, bob, turn.session.id, key).id)[1]
    assert (reply.body, reply.thinking, reply.state) == ("half", "", "stopped")
    assert (reply.error, reply.rating, reply.usage) == (None, None, None)


def test_a_copy_is_not_counted_as_the_readers_own_messages(store, ann, bob):
    turn = talk(store, ann)
    mine = copy(store, bob, turn.session.id, share(store, ann, turn.session.id))
    assert store.records(bob) == []
    talk(store, bob, session_id=mine.id)
    assert len(store.records(bob)) == 2
