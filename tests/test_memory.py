"""What a chat's next request will hold, what is kept of it, and how it is made again."""

import sqlite3
from contextlib import closing

import pytest

from chatcore.context import is_cut
from chatcore.counting import size, total
from chatcore.errors import LeftOut, MessageNotFound, SessionNotFound
from chatcore.memory import Memory, Target
from chatcore.options import Choice, Options
from chatcore.settings import Settings
from chatcore.store.sqlite.memory import SAMPLES
from chatcore.types import File, Sample, Seen, Size
from tests.fake_ollama import PAUSE, Done, Status, fake_model
from tests.test_generations import followed, last, start

MODEL = "llama3.2:3b"
WORDS = "some words that are the same in every turn of this chat " * 4


@pytest.fixture
def memory(store, tmp_path):
    return Memory(store, Settings(tmp_path / "x.db", num_ctx=512))


@pytest.fixture
def small(generations_with):
    return generations_with(num_ctx=512)


def chat(generations, owner, turns, session_id=None):
    for n in range(turns):
        generation = start(generations, owner, f"{n}: {WORDS}", session_id)
        followed(generation)
        session_id = generation.turn.session.id
    return session_id


def sent(fake, n=-1):
    return [message["content"] for message in fake.requests[n]["messages"]]


def bodies(store, owner, session_id):
    return [message.body for message in store.messages(owner, session_id)]


def test_the_oldest_turns_are_left_out_and_the_reply_knows(small, store, ann, fake):
    session_id = chat(small, ann, 8)
    reply = store.messages(ann, session_id)[-1]
    *before, _ = bodies(store, ann, session_id)
    assert sent(fake) == before[reply.seen.left_out :]
    assert reply.seen.left_out > 0
    assert reply.seen.num_ctx == fake.requests[-1]["options"]["num_ctx"] == 512
    assert store.message(ann, reply.seen.first).body == sent(fake)[0]


def test_the_plan_for_the_next_prompt_is_what_is_sent_then(small, memory, store, ann, fake):
    session_id = chat(small, ann, 8)
    plan = memory.next(ann, store.session(ann, session_id), Target(MODEL))
    followed(start(small, ann, "?", session_id))
    assert len(plan.fit.sent) == len(sent(fake))
    assert store.message(ann, plan.fit.first).body == sent(fake)[0]


def test_a_request_is_made_again_exactly(generations, memory, store, ann, fake):
    fake.models = [fake_model(MODEL, capabilities=["completion", "vision", "thinking"])]
    files = [
        File("notes.txt", "text/plain; charset=utf-8", b"notes", "notes"),
        File("cat.png", "image/png", b"bytes", None),
    ]
    turn = generations.start(ann, None, "what is it?", MODEL, files, Choice(Options(think="on")))
    followed(turn)
    followed(start(generations, ann, "and now?", turn.turn.session.id))
    reply = last(store, turn)
    request = memory.request(ann, reply, reply.seen)
    body = fake.requests[0]
    assert (request.options, request.think) == (body["options"], body["think"])
    assert [m["content"] for m in request.messages] == sent(fake, 0)
    assert request.messages[0]["images"] == [b"bytes"]


def test_a_continued_reply_was_asked_with_its_beginning(generations, memory, store, ann, fake):
    fake.reply("one two", Done("length"))
    generation = start(generations, ann)
    followed(generation)
    followed(generations.resume(ann, last(store, generation)))
    reply = last(store, generation)
    assert sent(fake)[-1] == "one two"
    assert memory.request(ann, reply, reply.seen).messages == fake.requests[-1]["messages"]


def test_what_a_reply_sees_is_kept_before_it_ends(generations, store, ann, fake):
    fake.reply("half ", PAUSE, "whole")
    generation = start(generations, ann)
    fake.wait_for_request()
    store.check()  # written after it
    seen = last(store, generation).seen
    assert (seen.first, seen.size.messages) == (generation.turn.prompt.id, 1)


def test_what_is_left_out_by_hand_is_not_sent_until_it_is_let_in(generations, store, ann, fake):
    session_id = chat(generations, ann, 3)
    message = store.messages(ann, session_id)[2]
    for keep in ("left_out", ""):
        store.memory.keep(ann, message.id, keep)
        followed(start(generations, ann, "now?", session_id))
        assert (message.body in sent(fake)) is (keep == "")


def test_prompts_that_no_reply_parts_are_sent_as_one(generations, memory, store, ann, fake):
    fake.models = [fake_model(MODEL, capabilities=["completion", "vision"])]
    fake.reply(Status(500, "out of memory"))
    generation = start(generations, ann, "hello")
    followed(generation)
    files = [File("cat.png", "image/png", b"bytes", None)]
    session = store.session(ann, generation.turn.session.id)
    assert memory.next(ann, session, Target(MODEL)).fit.messages == 1
    generation = generations.start(ann, session.id, "and now?", MODEL, files)
    followed(generation)
    reply = last(store, generation)
    [message] = fake.requests[-1]["messages"]
    assert message["content"] == "hello\n\nand now?"
    assert len(message["images"]) == reply.seen.size.messages == 1
    assert memory.request(ann, reply, reply.seen).messages[0]["content"] == message["content"]


TOO_LONG = Status(400, "request (900 tokens) exceeds the available context size (512 tokens)")


def test_what_the_server_counts_as_too_long_is_sent_again_with_less(small, store, ann, fake):
    session_id = chat(small, ann, 2)
    fake.reply(TOO_LONG)
    followed(start(small, ann, "now?", session_id))
    reply = store.messages(ann, session_id)[-1]
    *before, _ = bodies(store, ann, session_id)
    assert reply.body == "You said: now?."
    assert sent(fake, -2) == before
    assert sent(fake) == before[reply.seen.left_out :]
    assert reply.seen.left_out > 0
    assert not is_cut(reply.seen, 60)


def test_a_count_of_what_was_refused_teaches_as_others_do(small, store, ann, fake):
    session_id = chat(small, ann, 2)
    fake.reply(TOO_LONG)
    followed(start(small, ann, "now?", session_id))
    refused = total(map(size, sent(fake, -2)))
    assert store.memory.samples(ann, MODEL)[-1] == Sample(refused, 900)


def test_a_prompt_that_the_server_never_takes_is_refused(small, store, ann, fake):
    for _ in range(20):
        fake.reply(TOO_LONG)
    generation = start(small, ann, WORDS)
    followed(generation)
    reply = last(store, generation)
    assert (reply.state, reply.body) == ("error", "")
    assert "This prompt takes about" in reply.error
    assert len(fake.requests) < 8


def true_count(turns):
    """Of a chat of such prompts, and replies of a word."""
    return 20 + 6 * (2 * turns - 1) + 200 * turns + turns - 1


def grown(generations, store, owner, fake, turns, holds):
    """The replies of a chat with a server that holds so many tokens, whatever is asked for."""
    session_id, replies = None, []
    for n in range(1, turns + 1):
        fake.reply("ok", Done(prompt_eval_count=min(holds, true_count(n)), eval_count=1))
        generation = start(generations, owner, "then " * 200, session_id)
        followed(generation)
        session_id = generation.turn.session.id
        replies.append(last(store, generation))
    return replies


def test_a_server_that_cuts_is_noticed_at_every_reply(generations, store, ann, fake):
    replies = grown(generations, store, ann, fake, 16, holds=1500)
    told = [is_cut(reply.seen, reply.usage.prompt_eval_count) for reply in replies]
    assert told == [False] * 7 + [True] * 9


def test_what_a_server_cut_is_still_predicted(generations, memory, store, ann, fake):
    replies = grown(generations, store, ann, fake, 16, holds=1500)
    assert replies[-1].seen.tokens == pytest.approx(true_count(16), rel=0.05)
    counts = [sample.tokens for sample in store.memory.samples(ann, MODEL)]
    assert counts == [1500, *(true_count(n) for n in range(6, 0, -1))]


def test_a_server_that_counts_only_what_is_new_is_not_said_to_cut(generations, store, ann, fake):
    session_id = None
    for n in range(8):
        fake.reply("ok", Done(prompt_eval_count=240 if n == 0 else 208, eval_count=1))
        generation = start(generations, ann, "then " * 200, session_id)
        followed(generation)
        session_id = generation.turn.session.id
        assert not is_cut(last(store, generation).seen, 208)


def test_a_first_prompt_that_the_server_cut_is_noticed(generations, store, ann, fake):
    grown(generations, store, ann, fake, 4, holds=8192)
    fake.reply("ok", Done(prompt_eval_count=2048))
    generation = start(generations, ann, "then " * 4000)
    followed(generation)
    assert is_cut(last(store, generation).seen, 2048)


def test_a_prompt_that_is_left_out_is_not_sent_by_a_click_on_its_reply(
    generations, store, ann, fake
):
    session_id = chat(generations, ann, 2)
    _, _, prompt, reply = store.messages(ann, session_id)
    store.memory.keep(ann, prompt.id, "left_out")
    with pytest.raises(LeftOut, match="never sent"):
        generations.resume(ann, reply)
    with pytest.raises(LeftOut):
        generations.regenerate(ann, reply, MODEL)
    assert len(fake.requests) == 2


def test_what_is_pinned_is_sent_however_old(small, store, ann, fake):
    session_id = chat(small, ann, 8)
    first = store.messages(ann, session_id)[0]
    assert first.body not in sent(fake)
    store.memory.keep(ann, first.id, "pinned")
    followed(start(small, ann, "now?", session_id))
    assert first.body == sent(fake)[0]


def test_a_prompt_that_cannot_fit_is_not_sent_and_kept(small, store, ann, fake):
    generation = start(small, ann, "word " * 1000)
    followed(generation)
    reply = last(store, generation)
    assert reply.state == "error"
    assert "choose a larger num_ctx" in reply.error
    assert fake.requests == []
    store.memory.choose_options(ann, generation.turn.session.id, Options(num_ctx=4096))
    followed(small.regenerate(ann, reply, MODEL))
    assert fake.requests[-1]["options"]["num_ctx"] == 4096


def test_no_window_is_larger_than_the_model_was_trained_for(memory, store, ann):
    session = store.begin_turn(ann, None, "hello", MODEL).session
    assert memory.options(ann, session, None).num_ctx == 512
    assert memory.options(ann, session, 256).num_ctx == 256
    store.memory.choose_options(ann, session.id, Options(num_ctx=32768))
    session = store.session(ann, session.id)
    assert memory.options(ann, session, None).num_ctx == 32768
    assert memory.options(ann, session, 8192).num_ctx == 8192
    store.memory.choose_options(ann, session.id, Options())
    assert memory.options(ann, store.session(ann, session.id), 8192).num_ctx == 512


def test_a_fork_keeps_window_pins_and_what_its_replies_saw(small, memory, store, ann, fake):
    session_id = chat(small, ann, 8)
    store.memory.choose_options(ann, session_id, Options(num_ctx=512))
    messages = store.messages(ann, session_id)
    store.memory.keep(ann, messages[0].id, "pinned")
    store.memory.keep(ann, messages[-4].id, "left_out")
    followed(start(small, ann, "now?", session_id))
    leaf = store.messages(ann, session_id)[-1]
    fork = store.fork_session(ann, leaf.id)
    assert fork.choice.options.num_ctx == 512
    copies = store.messages(ann, fork.id)
    assert [copy.keep for copy in copies] == [m.keep for m in store.messages(ann, session_id)]
    apart = [[p.apart for p in store.memory.parts(ann, m.id)] for m in (leaf, copies[-1])]
    assert apart[0] == apart[1] != [False] * len(copies)
    seen = copies[-1].seen
    assert {seen.first, *seen.before, *seen.without} <= {copy.id for copy in copies}
    assert memory.request(ann, copies[-1], seen) == memory.request(ann, leaf, leaf.seen)


def test_a_model_that_does_not_see_is_sent_no_image_tokens(memory, store, ann):
    files = [File("cat.png", "image/png", b"bytes", None)]
    session = store.begin_turn(ann, None, "what is it?", MODEL, attachments=files).session
    assert len(memory.next(ann, session, Target(MODEL)).fit.sent) == 1
    assert len(memory.next(ann, session, Target(MODEL, sees=False)).fit.sent) == 2


UNSEEN = """File "notes.txt":
```
größer
```

Image "cat.png": left out, as you cannot see images.

what?"""


def test_a_message_is_counted_with_its_files_and_without_thoughts(store, ann):
    files = [
        File("notes.txt", "text/plain; charset=utf-8", b"", "größer"),
        File("cat.png", "image/png", b"bytes", None),
    ]
    turn = store.begin_turn(ann, None, "what?", MODEL, attachments=files)
    store.finish_reply(ann, turn.reply.id, "done", "that", thinking="long thoughts")
    assert [part.size for part in store.memory.parts(ann, turn.reply.id)] == [
        size(UNSEEN, images=1),
        size("that"),
    ]
    assert store.memory.parts(ann, None) == []


def test_a_reply_that_goes_on_is_counted_anew(store, ann):
    turn = store.begin_turn(ann, None, "what?", MODEL)
    store.finish_reply(ann, turn.reply.id, "stopped", "one")
    assert store.memory.parts(ann, turn.reply.id)[1].size.words == 1
    store.resume_reply(ann, turn.reply.id)
    assert store.memory.parts(ann, turn.reply.id)[1].size.words == 1
    store.finish_reply(ann, turn.reply.id, "done", "one two three")
    assert [store.memory.parts(ann, turn.reply.id)[1].size.words for _ in range(2)] == [3, 3]


def test_the_words_of_a_message_are_counted_once(store, ann):
    turn = store.begin_turn(ann, None, "two words", MODEL)
    store.memory.parts(ann, turn.prompt.id)
    store.check()  # a write behind which the one of the count is on disk
    with closing(sqlite3.connect(store.location)) as db:
        db.execute("update lengths set size = '[1, 9]'")
        db.commit()
    assert store.memory.parts(ann, turn.prompt.id)[0].size.words == 9


def test_a_reply_without_a_word_is_no_part_of_the_chat(store, ann):
    turn = store.begin_turn(ann, None, "hello", MODEL)
    assert [part.id for part in store.memory.parts(ann, turn.reply.id)] == [turn.prompt.id]


def test_samples_are_of_the_owner_and_the_model(generations, store, ann, bob, fake):
    fake.models = [fake_model(MODEL), fake_model("other:1b")]
    fake.reply("hi", Done(prompt_eval_count=21))
    followed(start(generations, ann, "hello"))
    followed(start(generations, ann, "hello", model="other:1b"))
    followed(start(generations, bob, "hello"))
    assert store.memory.samples(ann, MODEL) == [Sample(size("hello"), 21)]


def test_samples_are_found_by_their_index(store):
    with store._readers.lend() as db:
        plan = db.execute(f"explain query plan {SAMPLES}", ["m", 1, 2, 7, 3]).fetchall()
    assert any("messages_counted (model=? AND id>? AND id<?)" in row[3] for row in plan)


def test_nothing_of_another_owner_can_be_pinned_or_changed(store, ann, bob):
    turn = store.begin_turn(ann, None, "hello", MODEL)
    with pytest.raises(MessageNotFound):
        store.memory.keep(bob, turn.prompt.id, "pinned")
    with pytest.raises(MessageNotFound):
        store.memory.parts(bob, turn.reply.id)
    with pytest.raises(SessionNotFound):
        store.memory.choose_options(bob, turn.session.id, Options(num_ctx=512))
    seen = Seen(512, 10, 10, False, Size(1, 5), turn.prompt.id)
    store.memory.saw(bob, turn.reply.id, seen)
    store.check()
    assert store.message(ann, turn.reply.id).seen is None
