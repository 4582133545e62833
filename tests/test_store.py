"""The Store contract. Every backend passes all of it."""

import threading

import pytest

from chatcore.errors import AlreadyGenerating, MessageNotFound, SessionNotFound, TooBusy
from chatcore.types import File, Record, Usage

NOTES = File("notes.txt", "text/plain; charset=utf-8", "grüße".encode(), "grüße")
PICTURE = File("cat.png", "image/png", b"\x89PNG\0\xff", None)


def talk(store, owner, prompt="hello", reply="hi", session_id=None):
    turn = store.begin_turn(owner, session_id, prompt, "m")
    store.finish_reply(owner, turn.reply.id, "done", reply)
    return turn


def texts(store, owner, session_id):
    return [(m.role, m.state, m.body) for m in store.messages(owner, session_id)]


def test_an_identity_always_names_the_same_owner(store):
    assert store.owner("ann") == store.owner("ann") != store.owner("bob")


def test_many_first_sights_of_an_identity_make_one_owner(store):
    owners = in_threads(12, lambda _: store.owner("ann"))
    assert len(set(owners)) == 1


def test_a_turn_is_a_prompt_and_an_empty_reply_to_it(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    assert turn.reply.parent_id == turn.prompt.id
    assert texts(store, ann, turn.session.id) == [
        ("user", "done", "hello"),
        ("assistant", "streaming", ""),
    ]


def test_a_new_session_is_named_by_the_first_words(store, ann):
    turn = store.begin_turn(ann, None, "why  is\nthe sky blue? " * 9, "m")
    assert turn.session.title.startswith("why is the sky blue? why")
    assert len(turn.session.title) <= 61
    assert turn.session.title.endswith("…")


def test_a_conversation_is_read_back_in_order(store, ann):
    first = talk(store, ann, "one", "1")
    talk(store, ann, "two", "2", first.session.id)
    assert [body for _, _, body in texts(store, ann, first.session.id)] == ["one", "1", "two", "2"]
    assert store.session(ann, first.session.id).n_messages == 4


def test_the_last_messages_of_a_long_conversation_are_read_alone(store, ann):
    session = talk(store, ann, "one").session
    talk(store, ann, "two", session_id=session.id)
    last = store.messages(ann, session.id, last=3)
    assert [m.body for m in last] == ["hi", "two", "hi"]
    assert last == store.messages(ann, session.id)[1:]
    second = last[1].id
    assert store.messages(ann, session.id, last=3, first=second) == last[1:]
    assert store.messages(ann, session.id, last=1, first=second) == last[2:]
    assert store.messages(ann, session.id, last=3, first=-1) == last


def bodies(store, owner, session_id):
    return [message.body for message in store.messages(owner, session_id)]


def waiting_behind(store, owner):
    """A turn under way, and a prompt that waits for its end."""
    turn = store.begin_turn(owner, None, "one", "m")
    return turn, store.set_next(owner, turn.session.id, "two", "another")


def test_a_prompt_waits_outside_the_conversation(store, ann):
    turn, waiting = waiting_behind(store, ann)
    assert waiting.state == "waiting"
    assert store.next_prompt(ann, turn.session.id) == waiting
    assert bodies(store, ann, turn.session.id) == ["one", ""]
    assert store.session(ann, turn.session.id).n_messages == 2


def test_a_prompt_that_waits_is_no_version_of_the_first_one(store, ann):
    turn, _ = waiting_behind(store, ann)
    assert store.message(ann, turn.prompt.id).versions == (turn.prompt.id,)


def test_only_one_prompt_waits(store, ann):
    turn, _ = waiting_behind(store, ann)
    with pytest.raises(TooBusy, match="waits already"):
        store.set_next(ann, turn.session.id, "three", "m")


def test_a_prompt_that_waits_can_be_edited_and_discarded(store, ann):
    turn, waiting = waiting_behind(store, ann)
    store.edit_next(ann, waiting.id, "two and a half")
    assert store.next_prompt(ann, turn.session.id).body == "two and a half"
    store.discard_next(ann, waiting.id)
    assert store.next_prompt(ann, turn.session.id) is None


def test_a_prompt_that_is_held_is_not_sent_until_it_is_let_go(store, ann):
    turn, waiting = waiting_behind(store, ann)
    store.hold_next(ann, waiting.id, held=True)
    store.finish_reply(ann, turn.reply.id, "done", "first")
    assert store.begin_next(ann, turn.session.id) is None
    with pytest.raises(TooBusy):
        store.set_next(ann, turn.session.id, "three", "m")
    store.hold_next(ann, waiting.id, held=False)
    assert store.begin_next(ann, turn.session.id).prompt.id == waiting.id


def test_what_is_sent_later_goes_not_before_a_prompt_that_waits(store, ann):
    turn, waiting = waiting_behind(store, ann)
    reply = store.finish_reply(ann, turn.reply.id, "error", "first", error="out of memory")
    for held in (False, True):
        store.hold_next(ann, waiting.id, held=held)
        with pytest.raises(TooBusy, match="not sent yet"):
            store.begin_turn(ann, turn.session.id, "three", "m")
    store.finish_reply(ann, store.resume_reply(ann, reply.id).reply.id, "error", "first")
    store.begin_turn(ann, turn.session.id, "another one", "m", instead_of=turn.prompt.id)
    assert store.next_prompt(ann, turn.session.id).body == "two"


def test_a_prompt_waits_while_the_reply_streams(store, ann):
    turn, _ = waiting_behind(store, ann)
    with pytest.raises(AlreadyGenerating):
        store.begin_next(ann, turn.session.id)


def test_a_prompt_that_waited_is_asked_after_the_reply(store, ann):
    turn, waiting = waiting_behind(store, ann)
    store.finish_reply(ann, turn.reply.id, "done", "first")
    asked = store.begin_next(ann, turn.session.id)
    assert (asked.prompt.id, asked.prompt.state) == (waiting.id, "done")
    assert (asked.reply.state, asked.reply.model) == ("streaming", "another")
    assert bodies(store, ann, turn.session.id) == ["one", "first", "two", ""]
    with pytest.raises(MessageNotFound):
        store.edit_next(ann, waiting.id, "too late")


def test_where_no_prompt_waits_nothing_begins(store, ann):
    session = talk(store, ann).session
    assert store.begin_next(ann, session.id) is None
    assert bodies(store, ann, session.id) == ["hello", "hi"]


def test_a_prompt_that_waits_is_nobody_elses(store, ann, bob):
    turn, waiting = waiting_behind(store, ann)
    for forbidden in (
        lambda: store.edit_next(bob, waiting.id, "mine"),
        lambda: store.discard_next(bob, waiting.id),
        lambda: store.choose_version(ann, waiting.id),
        lambda: store.fork_session(ann, waiting.id),
    ):
        with pytest.raises(MessageNotFound):
            forbidden()
    with pytest.raises(SessionNotFound):
        store.next_prompt(bob, turn.session.id)


def test_a_prompt_waits_through_a_crash(store, ann):
    turn, waiting = waiting_behind(store, ann)
    store.recover()
    assert store.next_prompt(ann, turn.session.id) == waiting


def test_a_reply_that_nobody_saw_marks_its_session_until_it_is_read(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    store.finish_reply(ann, turn.reply.id, "done", "hi", unread=True)
    assert [s.unread for s in store.sessions(ann)] == [1]
    store.mark_read(ann, turn.session.id)
    assert [s.unread for s in store.sessions(ann)] == [0]


def test_the_last_used_session_comes_first(store, ann):
    old, new = talk(store, ann, "old"), talk(store, ann, "new")
    assert [s.id for s in store.sessions(ann)] == [new.session.id, old.session.id]
    talk(store, ann, "again", session_id=old.session.id)
    assert [s.id for s in store.sessions(ann)] == [old.session.id, new.session.id]


def test_sessions_stop_at_the_limit(store, ann):
    for _ in range(3):
        talk(store, ann)
    assert len(store.sessions(ann, limit=2)) == 2


def test_a_reply_is_stored_with_all_that_is_known_of_it(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    usage = Usage(done_reason="stop", eval_count=3, eval_duration=2_000_000_000)
    store.finish_reply(ann, turn.reply.id, "error", "hi", "hm", usage, "It broke.")
    reply = store.message(ann, turn.reply.id)
    assert (reply.body, reply.thinking, reply.error) == ("hi", "hm", "It broke.")
    assert reply.usage == usage
    assert reply.usage.prompt_eval_count is None


def test_a_finished_reply_cannot_be_finished_again(store, ann):
    turn = talk(store, ann, reply="first")
    assert store.finish_reply(ann, turn.reply.id, "error", "second").body == "first"


def test_a_second_prompt_waits_for_the_reply(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    with pytest.raises(AlreadyGenerating):
        store.begin_turn(ann, turn.session.id, "more", "m")
    assert len(store.messages(ann, turn.session.id)) == 2


def test_two_prompts_at_once_leave_one_turn(store, ann):
    turn = talk(store, ann)

    def prompt(n):
        try:
            return store.begin_turn(ann, turn.session.id, f"prompt {n}", "m")
        except AlreadyGenerating:
            return None

    assert len([t for t in in_threads(8, prompt) if t]) == 1
    assert len(store.messages(ann, turn.session.id)) == 4


def test_message_ids_are_unique_under_load(store, ann, bob):
    turns = in_threads(16, lambda n: store.begin_turn((ann, bob)[n % 2], None, "hello", "m"))
    assert len({m.id for turn in turns for m in (turn.prompt, turn.reply)}) == 32


def test_a_message_id_tells_its_owner(store, ann, bob):
    assert talk(store, ann).reply.id >> 41 == ann
    assert talk(store, bob).prompt.id >> 41 == bob


def test_a_draft_is_the_text_of_a_streaming_reply(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    store.save_draft(ann, turn.reply.id, 1, "so far", "thought")
    flush(store, ann)
    reply = store.message(ann, turn.reply.id)
    assert (reply.state, reply.body, reply.thinking) == ("streaming", "so far", "thought")


def test_an_older_draft_never_replaces_a_newer_one(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    store.save_draft(ann, turn.reply.id, 2, "newer", "")
    flush(store, ann)
    store.save_draft(ann, turn.reply.id, 1, "older", "")
    flush(store, ann)
    assert store.message(ann, turn.reply.id).body == "newer"


def test_a_draft_after_the_end_is_dropped(store, ann):
    turn = talk(store, ann, reply="whole")
    store.save_draft(ann, turn.reply.id, 9, "late", "")
    flush(store, ann)
    assert store.message(ann, turn.reply.id).body == "whole"


def test_recovery_keeps_the_draft_and_frees_the_session(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    store.save_draft(ann, turn.reply.id, 1, "so far", "thought")
    assert store.recover() == 1
    reply = store.message(ann, turn.reply.id)
    assert (reply.state, reply.body, reply.thinking) == ("interrupted", "so far", "thought")
    assert store.begin_turn(ann, turn.session.id, "more", "m").prompt.parent_id == reply.id


def test_recovery_marks_the_session_until_the_reply_is_seen(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    seen = talk(store, ann)
    store.recover()
    assert [store.session(ann, t.session.id).unread for t in (turn, seen)] == [1, 0]


def test_a_session_that_has_another_title_by_now_keeps_it(store, ann):
    session = talk(store, ann).session
    store.rename_session(ann, session.id, "Mine", instead_of=session.title)
    store.rename_session(ann, session.id, "Late", "model", instead_of=session.title)
    assert store.session(ann, session.id).title == "Mine"


def test_recovery_touches_no_finished_reply(store, ann):
    turn = talk(store, ann)
    assert store.recover() == 0
    assert store.message(ann, turn.reply.id).state == "done"


def test_a_deleted_session_is_gone_until_restored(store, ann):
    session = talk(store, ann).session
    store.trash.put(ann, session.id)
    assert store.sessions(ann) == []
    with pytest.raises(SessionNotFound):
        store.messages(ann, session.id)
    store.trash.restore(ann, session.id)
    assert texts(store, ann, session.id) == [("user", "done", "hello"), ("assistant", "done", "hi")]


def test_a_reply_under_way_survives_delete_and_restore(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    store.trash.put(ann, turn.session.id)
    store.finish_reply(ann, turn.reply.id, "done", "hi")
    store.trash.restore(ann, turn.session.id)
    assert store.message(ann, turn.reply.id).body == "hi"


def test_a_session_is_renamed_and_remembers_its_model(store, ann):
    session = talk(store, ann).session
    store.rename_session(ann, session.id, "Sky")
    store.choose_model(ann, session.id, "qwen3:8b")
    session = store.session(ann, session.id)
    assert (session.title, session.model) == ("Sky", "qwen3:8b")


def test_a_title_is_one_line_of_200_characters(store, ann):
    session = talk(store, ann).session
    store.rename_session(ann, session.id, " a\nb " + "c" * 300)
    assert store.session(ann, session.id).title == "a b " + "c" * 196


def test_a_title_in_which_nothing_can_be_seen_changes_nothing(store, ann):
    session = talk(store, ann).session
    for title in ("", " \n ", "\u200b\u2060"):
        store.rename_session(ann, session.id, title)
    assert store.session(ann, session.id).title == session.title
    assert store.posts.create(ann, None, "\u200b", "m").title == ""


def refused_to(store, owner, turn):
    session_id, message_id = turn.session.id, turn.reply.id
    return [
        (SessionNotFound, lambda: store.session(owner, session_id)),
        (SessionNotFound, lambda: store.messages(owner, session_id)),
        (SessionNotFound, lambda: store.rename_session(owner, session_id, "mine")),
        (SessionNotFound, lambda: store.choose_model(owner, session_id, "x")),
        (SessionNotFound, lambda: store.trash.put(owner, session_id)),
        (SessionNotFound, lambda: store.trash.restore(owner, session_id)),
        (SessionNotFound, lambda: store.trash.restore(owner, session_id, turn.session.pk)),
        (SessionNotFound, lambda: store.begin_turn(owner, session_id, "x", "m")),
        (MessageNotFound, lambda: store.message(owner, message_id)),
        (MessageNotFound, lambda: store.file(owner, turn.prompt.attachments[0].id)),
        (MessageNotFound, lambda: store.content(owner, turn.prompt.attachments[0].id)),
        (MessageNotFound, lambda: store.finish_reply(owner, message_id, "done", "x")),
        (MessageNotFound, lambda: store.begin_version(owner, message_id, "m")),
        (MessageNotFound, lambda: store.resume_reply(owner, message_id)),
        (MessageNotFound, lambda: store.choose_version(owner, message_id)),
        (MessageNotFound, lambda: store.fork_session(owner, message_id)),
        (MessageNotFound, lambda: store.rate(owner, message_id, 1)),
    ]


def test_another_owner_is_refused_everything_and_changes_nothing(store, ann, bob):
    turn = store.begin_turn(ann, None, "secret", "m", attachments=[NOTES])
    before = store.sessions(ann), store.messages(ann, turn.session.id)
    for error, attempt in refused_to(store, bob, turn):
        with pytest.raises(error):
            attempt()
    store.save_draft(bob, turn.reply.id, 99, "forged", "")
    flush(store, bob)
    assert (store.sessions(ann), store.messages(ann, turn.session.id)) == before
    assert store.sessions(bob) == []


def test_foreign_and_unknown_are_told_the_same(store, ann, bob):
    session_id = talk(store, ann).session.id
    with pytest.raises(SessionNotFound) as foreign:
        store.session(bob, session_id)
    with pytest.raises(SessionNotFound) as unknown:
        store.session(bob, "no-such-id")
    assert str(foreign.value) == str(unknown.value)


@pytest.mark.parametrize(
    "text",
    ["\0NUL\0", "lone \ud800 surrogate", "👩‍👩‍👧 \u202e", "x" * 1_000_000, "'; drop table--"],
)
def test_any_text_is_kept(store, ann, text):
    turn = talk(store, ann, text, text)
    kept = text.replace("\0", "").replace("\ud800", "?")
    assert [body for _, _, body in texts(store, ann, turn.session.id)] == [kept, kept]


def flush(store, owner):
    """Writes are in order: when this one has returned, the drafts before it are on disk."""
    store.rename_session(owner, talk(store, owner).session.id, "flush")
    for session in store.sessions(owner):
        if session.title == "flush":
            store.trash.put(owner, session.id)


def in_threads(n, function):
    results = [None] * n
    barrier = threading.Barrier(n)

    def run(i):
        barrier.wait()
        results[i] = function(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_an_edited_prompt_is_another_version_and_the_old_branch_stays(store, ann):
    first = talk(store, ann, "one", "1")
    second = talk(store, ann, "two", "2", first.session.id)
    edited = store.begin_turn(ann, first.session.id, "two!", "m", instead_of=second.prompt.id)
    store.finish_reply(ann, edited.reply.id, "done", "2!")
    branch = store.messages(ann, first.session.id)
    assert [m.body for m in branch] == ["one", "1", "two!", "2!"]
    assert branch[2].versions == (second.prompt.id, edited.prompt.id)


def test_the_first_prompt_can_be_edited_too(store, ann):
    first = talk(store, ann, "one", "1")
    edited = store.begin_turn(ann, first.session.id, "uno", "m", instead_of=first.prompt.id)
    assert [m.body for m in store.messages(ann, first.session.id)] == ["uno", ""]
    assert edited.prompt.versions == (first.prompt.id, edited.prompt.id)


def test_a_reply_has_as_many_versions_as_were_asked_for(store, ann):
    turn = talk(store, ann, "one", "1")
    again = store.begin_version(ann, turn.reply.id, "other")
    assert (again.prompt.id, again.reply.model) == (turn.prompt.id, "other")
    store.finish_reply(ann, again.reply.id, "done", "uno")
    reply = store.messages(ann, turn.session.id)[-1]
    assert (reply.body, reply.versions) == ("uno", (turn.reply.id, again.reply.id))


def test_a_branch_comes_back_exactly_as_it_was_left(store, ann):
    first = talk(store, ann, "one", "1")
    second = talk(store, ann, "two", "2", first.session.id)
    third = store.begin_version(ann, second.reply.id, "m")
    store.finish_reply(ann, third.reply.id, "done", "2b")
    talk(store, ann, "three", "3", first.session.id)
    left = store.messages(ann, first.session.id)
    other = store.begin_version(ann, first.reply.id, "m")
    store.finish_reply(ann, other.reply.id, "done", "1b")
    assert [m.body for m in store.messages(ann, first.session.id)] == ["one", "1b"]
    store.choose_version(ann, first.reply.id)
    assert [m.id for m in store.messages(ann, first.session.id)] == [m.id for m in left]
    store.choose_version(ann, second.reply.id)
    assert [m.body for m in store.messages(ann, first.session.id)] == ["one", "1", "two", "2"]


def test_a_stopped_reply_goes_on_where_it_was(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    store.finish_reply(ann, turn.reply.id, "stopped", "half ")
    resumed = store.resume_reply(ann, turn.reply.id)
    assert (resumed.reply.id, resumed.reply.state) == (turn.reply.id, "streaming")
    assert resumed.reply.body == "half "
    store.finish_reply(ann, turn.reply.id, "done", "half whole")
    assert store.messages(ann, turn.session.id)[-1].body == "half whole"


def test_only_the_last_reply_can_be_continued(store, ann):
    first = talk(store, ann, "one", "1")
    talk(store, ann, "two", "2", first.session.id)
    for message_id in (first.reply.id, first.prompt.id):
        with pytest.raises(MessageNotFound):
            store.resume_reply(ann, message_id)


def test_a_branch_is_read_from_the_message_that_is_asked_for(store, ann):
    turns = [talk(store, ann)]
    turns += [talk(store, ann, session_id=turns[0].session.id) for _ in range(2)]
    ids = [message.id for turn in turns for message in (turn.prompt, turn.reply)]

    def read(first):
        return [message.id for message in store.branch(ann, ids[-1], first)]

    assert read(None) == ids
    assert [read(first) for first in ids] == [ids[n:] for n in range(6)]
    assert read(-1) == ids


def test_one_reply_at_a_time_on_every_branch(store, ann):
    turn = talk(store, ann, "one", "1")
    store.begin_version(ann, turn.reply.id, "m")
    for attempt in (
        lambda: store.choose_version(ann, turn.reply.id),
        lambda: store.begin_turn(ann, turn.session.id, "two", "m"),
        lambda: store.begin_version(ann, turn.reply.id, "m"),
        lambda: store.resume_reply(ann, turn.reply.id),
    ):
        with pytest.raises(AlreadyGenerating):
            attempt()


def test_the_tree_of_a_chat_has_every_version(store, ann, bob):
    turn = talk(store, ann, "one", "first")
    other = store.begin_version(ann, turn.reply.id, "m")
    store.set_next(ann, turn.session.id, "waits", "m")
    store.finish_reply(ann, other.reply.id, "done", "second")
    tree = store.tree(ann, turn.session.id)
    assert [message.body for message in tree] == ["one", "first", "second"]
    for owner, session_id in ((bob, turn.session.id), (ann, "unknown")):
        with pytest.raises(SessionNotFound):
            store.tree(owner, session_id)


def test_a_fork_is_a_chat_of_its_own(store, ann):
    first = talk(store, ann, "one", "1")
    talk(store, ann, "two", "2", first.session.id)
    fork = store.fork_session(ann, first.reply.id)
    talk(store, ann, "other", "o", fork.id)
    assert [m.body for m in store.messages(ann, fork.id)] == ["one", "1", "other", "o"]
    assert [m.body for m in store.messages(ann, first.session.id)] == ["one", "1", "two", "2"]
    assert store.session(ann, fork.id).n_messages == 4


def test_a_rating_is_kept_and_taken_back(store, ann):
    turn = talk(store, ann)
    for rating in (1, 0, None):
        store.rate(ann, turn.reply.id, rating)
        assert store.message(ann, turn.reply.id).rating == rating


def attach(store, owner, *files, prompt="look"):
    turn = store.begin_turn(owner, None, prompt, "m", attachments=files)
    store.finish_reply(owner, turn.reply.id, "done", "hi")
    return turn


def attached(store, owner, message):
    return [store.file(owner, attachment.id) for attachment in message.attachments]


def test_attachments_are_named_by_their_message_and_read_back_whole(store, ann):
    attach(store, ann, NOTES, PICTURE)
    turn = attach(store, ann, NOTES, PICTURE)
    prompt, reply = store.messages(ann, turn.session.id)
    assert [(a.name, a.size, a.characters) for a in prompt.attachments] == [
        ("notes.txt", 7, 5),
        ("cat.png", 6, None),
    ]
    assert attached(store, ann, prompt) == [NOTES, PICTURE]
    assert reply.attachments == ()


def test_the_model_reads_the_text_of_a_file_and_sees_an_image(store, ann):
    prompt = attach(store, ann, NOTES, PICTURE).prompt
    contents = [store.content(ann, attachment.id) for attachment in prompt.attachments]
    assert contents == [NOTES.text, PICTURE.data]


def test_a_chat_that_begins_with_files_alone_is_named_by_them(store, ann):
    assert attach(store, ann, NOTES, PICTURE, prompt="").session.title == "notes.txt cat.png"


def test_a_prompt_that_is_refused_leaves_no_file_behind(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    with pytest.raises(AlreadyGenerating):
        store.begin_turn(ann, turn.session.id, "more", "m", attachments=[NOTES])
    assert store.messages(ann, turn.session.id)[0].attachments == ()


def test_an_edited_prompt_keeps_the_files_of_the_one_it_replaces(store, ann):
    turn = attach(store, ann, NOTES)
    edited = store.begin_turn(
        ann, turn.session.id, "look!", "m", instead_of=turn.prompt.id, attachments=[PICTURE]
    )
    assert attached(store, ann, edited.prompt) == [NOTES, PICTURE]
    assert attached(store, ann, turn.prompt) == [NOTES]


def test_a_fork_has_files_of_its_own(store, ann):
    turn = attach(store, ann, NOTES, PICTURE)
    fork = store.fork_session(ann, turn.reply.id)
    copy = store.messages(ann, fork.id)[0]
    assert attached(store, ann, copy) == [NOTES, PICTURE]
    assert not {a.id for a in copy.attachments} & {a.id for a in turn.prompt.attachments}


def test_a_file_of_any_text_is_kept(store, ann):
    hostile = File("\0a\ud800", "text/plain; charset=utf-8", b"x", "\0b\ud800")
    file = attached(store, ann, attach(store, ann, hostile).prompt)[0]
    assert (file.name, file.text) == ("a?", "b?")


def test_a_record_tells_all_that_is_counted_of_a_message(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    usage = Usage("length", 9, 1, 12, 2, 7, 3, 4)
    reply = store.finish_reply(ann, turn.reply.id, "done", "hi", usage=usage)
    store.rate(ann, reply.id, 1)
    pk, prompt = turn.session.pk, turn.prompt
    assert store.records(ann) == [
        Record(pk, reply.created_at, "assistant", "done", "m", 1, "length", 9, 12, 7, 3, 4),
        Record(pk, prompt.created_at, "user", "done", ""),
    ]


def test_records_are_the_owners_alone(store, ann, bob):
    talk(store, ann)
    assert store.records(bob) == []
    talk(store, bob)
    assert len(store.records(ann)) == len(store.records(bob)) == 2


def test_records_begin_with_a_moment_and_stop_at_the_limit(store, ann):
    turn = talk(store, ann)
    assert len(store.records(ann, turn.prompt.created_at - 60_000)) == 2
    assert store.records(ann, turn.prompt.created_at + 60_000) == []
    assert [record.role for record in store.records(ann, limit=1)] == ["assistant"]


def test_deleted_chats_are_not_counted_until_they_are_restored(store, ann):
    turn = talk(store, ann)
    store.trash.put(ann, turn.session.id)
    assert store.records(ann) == []
    store.trash.restore(ann, turn.session.id)
    assert len(store.records(ann)) == 2


def test_every_version_is_counted_and_no_copy_of_a_fork(store, ann):
    turn = talk(store, ann)
    other = store.begin_version(ann, turn.reply.id, "m")
    store.finish_reply(ann, other.reply.id, "done", "another")
    fork = store.fork_session(ann, other.reply.id)
    again = store.fork_session(ann, store.messages(ann, fork.id)[-1].id)
    assert len(store.records(ann)) == 3
    talk(store, ann, session_id=again.id)
    assert len(store.records(ann)) == 5
