"""Replies that outlive their pages: stored, followed from the first word, ended in order."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from chatcore.client import OllamaClient
from chatcore.errors import (
    AlreadyGenerating,
    CannotSee,
    MessageNotFound,
    PromptTooLong,
    SessionNotFound,
    TooBusy,
)
from chatcore.personas import Persona
from chatcore.trial import Trial
from chatcore.types import File, Said
from tests.fake_ollama import PAUSE, Done, Drop, ErrorLine, Thinking, fake_model

PATIENCE = 20.0
NOTES = File("notes.txt", "text/plain; charset=utf-8", b"some text", "some text")
PICTURE = File("cat.png", "image/png", b"png", None)
SEES = fake_model("gemma3:4b", capabilities=["completion", "vision"])
BLIND = fake_model("llama3.2:3b")


@pytest.fixture
def threads():
    threads = ThreadPoolExecutor(8)
    yield threads
    threads.shutdown(wait=False)


def start(generations, owner, prompt="hello", session_id=None, model="llama3.2:3b", files=()):
    return generations.start(owner, session_id, prompt, model, files)


def followed(generation, heartbeat=lambda: None):
    """The whole reply, as one who follows it to its end reads it."""
    return "".join(generation.follow(1000, heartbeat))


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def last(store, generation):
    return store.message(generation.owner, generation.turn.reply.id)


def test_a_reply_is_streamed_and_stored(generations, store, ann, fake):
    fake.reply("one ", "two", Done(eval_count=2, prompt_eval_count=9))
    generation = start(generations, ann)
    assert followed(generation) == "one two"
    reply = last(store, generation)
    assert (reply.state, reply.body, reply.usage.eval_count) == ("done", "one two", 2)
    assert reply.usage.first_token_duration > 0


def test_a_reply_is_finished_with_nobody_watching(generations, store, ann):
    generation = start(generations, ann)
    until(lambda: last(store, generation).state == "done")
    assert last(store, generation).body == "You said: hello."


def test_the_model_is_asked_with_the_whole_branch_and_a_window(generations, ann, fake):
    fake.models = [fake_model("small:1b", context_length=2048)]
    first = start(generations, ann, "one", model="small:1b")
    followed(first)
    followed(start(generations, ann, "two", first.turn.session.id, "small:1b"))
    body = fake.requests[-1]
    assert [m["content"] for m in body["messages"]] == ["one", "You said: one.", "two"]
    assert body["options"]["num_ctx"] == 2048


def test_every_follower_gets_all_of_it(generations, ann, fake, threads):
    fake.reply("one ", PAUSE, "two")
    generation = start(generations, ann)
    early = threads.submit(followed, generation)
    until(lambda: generation.body == "one ")
    late = threads.submit(followed, generation)
    fake.release()
    assert early.result(PATIENCE) == late.result(PATIENCE) == "one two"


def test_who_always_has_more_to_do_follows_all_the_same(generations, ann, fake):
    fake.reply("one ", PAUSE, "two")
    generation = start(generations, ann)

    def one_thing():
        if generation.body == "one ":
            fake.release()
        return True

    assert followed(generation, one_thing) == "one two"


def test_the_first_word_goes_before_the_next_thing_to_do(generations, ann, fake):
    fake.reply(PAUSE, "one ", PAUSE, "two")
    generation = start(generations, ann)
    fake.wait_for_request()
    done = []

    def one_thing():
        if not done:
            fake.release()
            until(lambda: generation.body)
        done.append(generation.body)
        return True

    text = generation.follow(1000, one_thing)
    assert (next(text), done) == ("one ", ["one "])
    fake.release()
    assert "".join(text) == "two"


def test_a_follower_leaves_before_the_first_word(generations, ann, fake):
    class Left(Exception):
        pass

    def leave():
        raise Left

    fake.reply(PAUSE, "one")
    generation = start(generations, ann)
    with pytest.raises(Left):
        followed(generation, leave)
    fake.wait_for_request()
    fake.release()
    assert followed(generation) == "one"


def test_a_page_that_reads_the_store_finds_the_reply_under_way(generations, store, ann, fake):
    fake.reply("one ", PAUSE, "two")
    generation = start(generations, ann)
    message = store.messages(ann, generation.turn.session.id)[-1]
    assert generations.of(ann, message) is generation
    fake.wait_for_request()
    fake.release()
    followed(generation)
    assert generations.of(ann, message) is None


def test_what_is_under_way_is_told_to_its_owner_alone(generations, store, ann, bob, fake):
    fake.reply("one ", PAUSE, "two")
    generation = start(generations, ann)
    assert generations.under_way(ann) == {generation.turn.session.pk}
    assert generations.under_way(bob) == set()
    fake.wait_for_request()
    fake.release()
    followed(generation)


def test_the_text_so_far_is_on_disk_soon(generations, store, ann, fake):
    fake.reply(Thinking("hm"), "half ", PAUSE, "whole")
    generation = start(generations, ann)
    until(lambda: last(store, generation).body == "half ")
    reply = last(store, generation)
    assert (reply.state, reply.thinking) == ("streaming", "hm")


def test_a_second_prompt_waits_for_the_first(generations, ann, fake):
    fake.reply("one ", PAUSE)
    generation = start(generations, ann)
    with pytest.raises(AlreadyGenerating):
        start(generations, ann, "more", generation.turn.session.id)
    fake.wait_for_request()
    assert len(fake.requests) == 1


def test_chats_are_answered_side_by_side(generations, ann, fake):
    fake.reply("slow ", PAUSE)
    slow = start(generations, ann)
    until(lambda: slow.body)
    assert followed(start(generations, ann, "quick")) == "You said: quick."


def test_a_server_that_breaks_off_leaves_the_text_and_the_reason(generations, store, ann, fake):
    fake.reply("some text", Drop())
    generation = start(generations, ann)
    assert followed(generation) == "some text"
    reply = last(store, generation)
    assert (reply.state, reply.body) == ("error", "some text")
    assert "broke off" in reply.error


def test_an_error_in_odd_characters_ends_the_reply_too(generations, store, ann, fake):
    fake.reply("some ", ErrorLine("bad \ud800 text"))
    generation = start(generations, ann)
    followed(generation)
    until(lambda: last(store, generation).state == "error")
    assert "bad ? text" in last(store, generation).error


def test_a_reply_that_nobody_is_making_is_given_up(generations, store, ann, monkeypatch):
    monkeypatch.setattr("chatcore.generations.REGISTERED_WITHIN", 0.1)
    turn = store.begin_turn(ann, None, "hello", "m")
    assert generations.of(ann, turn.reply) is None


def test_a_model_deleted_meanwhile_is_told_and_the_prompt_kept(generations, store, ann, fake):
    generation = start(generations, ann)
    followed(generation)
    fake.models = []
    generation = start(generations, ann, "again", generation.turn.session.id)
    followed(generation)
    assert "ollama pull llama3.2:3b" in last(store, generation).error
    assert store.messages(ann, generation.turn.session.id)[-2].body == "again"


def test_without_any_model_the_prompt_is_kept(generations, store, ann, fake):
    fake.models = []
    generation = start(generations, ann, model="")
    followed(generation)
    assert "No model is installed" in last(store, generation).error


def test_a_dead_server_is_told_and_the_next_prompt_works_when_it_is_back(
    generations, store, ann, fake
):
    fake.stop()
    generation = start(generations, ann)
    followed(generation)
    assert "No model server answers" in last(store, generation).error
    fake.start()
    generation = start(generations, ann, "again", generation.turn.session.id)
    assert followed(generation) == "You said: hello\n\nagain."


def test_an_unknown_session_is_refused_before_anything_is_sent(generations, ann, fake):
    with pytest.raises(SessionNotFound):
        start(generations, ann, session_id="nope")
    assert fake.requests == []


def test_closing_saves_every_reply_as_interrupted(generations, store, ann, fake):
    fake.reply("half ", PAUSE)
    generation = start(generations, ann)
    until(lambda: generation.body == "half ")
    generations.close()
    reply = last(store, generation)
    assert (reply.state, reply.body) == ("interrupted", "half ")
    fake.wait_until_idle()


def test_followers_end_when_hearth_closes(generations, ann, fake, threads):
    fake.reply("half ", PAUSE)
    generation = start(generations, ann)
    until(lambda: generation.body)
    text = threads.submit(followed, generation)
    generations.close()
    assert text.result(PATIENCE) == "half "


def test_a_prompt_sent_while_hearth_closes_is_interrupted_too(
    generations, store, ann, fake, monkeypatch
):
    fake.reply("half ", PAUSE)
    fake.reply(PAUSE)
    first = start(generations, ann)
    until(lambda: first.body)
    finish, late = store.finish_reply, []

    def finish_and_start(*arguments):
        if not late:
            late.append(start(generations, ann))
        return finish(*arguments)

    monkeypatch.setattr(store, "finish_reply", finish_and_start)
    generations.close()
    assert last(store, first).state == last(store, late[0]).state == "interrupted"


def test_a_full_disk_keeps_the_reply_on_the_page_until_it_can_be_saved(
    generations, store, ann, fake, monkeypatch
):
    monkeypatch.setattr("chatcore.saving.SAVE_AGAIN_AFTER", 0.05)
    fake.reply("x" * 300_000, PAUSE, "end")
    generation = start(generations, ann)
    until(lambda: generation.body)
    store._writer.call(lambda db: db.execute("pragma max_page_count = 1").fetchone())
    fake.release()
    assert followed(generation).endswith("xend")
    assert "disk is full" in generation.unsaved
    assert generations.of(ann, last(store, generation)) is generation
    store._writer.call(lambda db: db.execute("pragma max_page_count = 1000000").fetchone())
    until(lambda: generation.unsaved is None)
    assert last(store, generation).body.endswith("xend")


def test_stop_keeps_the_text_so_far_and_frees_the_model(generations, store, ann, fake):
    fake.reply("half ", PAUSE, "whole")
    generation = start(generations, ann)
    until(lambda: generation.body)
    generations.stop(ann, last(store, generation))
    reply = last(store, generation)
    assert (reply.state, reply.body, reply.error) == ("stopped", "half ", None)
    fake.wait_until_idle()
    assert len(fake.disconnects) == 1


def test_stop_works_while_the_model_reads_the_prompt(generations, store, ann, fake):
    fake.reply(PAUSE, "never")
    generation = start(generations, ann)
    fake.wait_for_request()
    generations.stop(ann, last(store, generation))
    assert last(store, generation).state == "stopped"
    fake.wait_until_idle()


def test_stop_works_before_the_server_says_a_word(generations_with, store, ann, silent):
    generations = generations_with(ollama_host=silent)
    generation = start(generations, ann)
    generations.stop(ann, last(store, generation))
    assert last(store, generation).state == "stopped"


def test_stop_works_while_waiting_in_line(generations_with, store, fake, ann):
    generations = generations_with(parallel=1)
    fake.reply("first ", PAUSE)
    first = start(generations, ann)
    until(lambda: first.body)
    second, third = start(generations, ann), start(generations, ann)
    assert (third.phase.doing, third.phase.tokens) == ("queued", 1)
    generations.stop(ann, last(store, second))
    assert (last(store, second).state, last(store, first).state) == ("stopped", "streaming")
    assert third.phase.tokens == 0
    assert len(fake.requests) == 1


def test_stop_waits_for_no_thread_that_waits_for_the_model_server(
    generations, store, ann, fake, threads
):
    fake.reply("half ", PAUSE)
    generation = start(generations, ann)
    until(lambda: generation.body)
    answers = threading.Event()
    for _ in range(100):
        generations._loop.call_soon_threadsafe(
            generations._loop.run_in_executor, None, answers.wait, PATIENCE
        )
    stopped = threads.submit(generations.stop, ann, last(store, generation))
    try:
        stopped.result(PATIENCE / 2)
    finally:
        answers.set()
    assert last(store, generation).state == "stopped"


def test_stop_after_the_end_changes_nothing(generations, store, ann):
    generation = start(generations, ann)
    followed(generation)
    generations.stop(ann, last(store, generation))
    assert last(store, generation).state == "done"


def test_stop_and_end_at_once_leave_one_of_the_two(generations, store, ann, fake):
    for _ in range(20):
        reply = stopped_as_it_ends(generations, store, ann, fake)
        assert (reply.state, reply.body) in {("done", "ab"), ("stopped", "a"), ("stopped", "ab")}


def stopped_as_it_ends(generations, store, ann, fake):
    fake.reply("a", PAUSE, "b")
    generation = start(generations, ann)
    until(lambda: generation.body)
    fake.release()
    generations.stop(ann, last(store, generation))
    return last(store, generation)


def tried_out(generations, owner):
    trial = Trial(Persona(name="Pirate", system="You are a pirate."), (Said("user", "hello"),))
    return generations.try_out(owner, trial, "llama3.2:3b")


def test_what_is_tried_out_ends_when_its_page_is_gone(generations, ann, fake, monkeypatch):
    monkeypatch.setattr("chatcore.generations.UNFOLLOWED_FOR", 0.1)
    fake.reply("half ", PAUSE, "whole")
    generation = tried_out(generations, ann)
    generation.wait()
    fake.wait_until_idle()
    assert generation.stopped
    assert generation.body in ("", "half ")


def test_a_slow_disk_under_one_page_holds_up_no_other_reply(
    generations, store, ann, bob, monkeypatch, threads
):
    def slow(owner, message_id):
        if owner == bob:
            reading.set()
            let_go.wait(PATIENCE)
        return message(owner, message_id)

    turn, message = store.begin_turn(bob, None, "hello", "m"), store.message
    reading, let_go = threading.Event(), threading.Event()
    monkeypatch.setattr(store, "message", slow)
    page = threads.submit(generations.of, bob, turn.reply)
    assert reading.wait(PATIENCE)
    reply = threads.submit(lambda: followed(start(generations, ann)))
    try:
        assert reply.result(PATIENCE / 2) == "You said: hello."
    finally:
        store.finish_reply(bob, turn.reply.id, "done", "")
        let_go.set()
    assert page.result(PATIENCE) is None


def test_stop_reaches_a_reply_that_is_only_just_registered(
    generations, store, ann, fake, monkeypatch, threads
):
    class Slow(threading.Condition):
        """Whoever begins a reply is put aside for a moment after registering it."""

        def __exit__(self, *error):
            super().__exit__(*error)
            if threading.current_thread() is threading.main_thread():
                time.sleep(0.1)

    def begin_and_stop(*arguments, **named):
        turn = begin_turn(*arguments, **named)
        stops.append(threads.submit(generations.stop, ann, turn.reply))
        return turn

    begin_turn, stops = store.begin_turn, []
    monkeypatch.setattr(generations, "_registered", Slow())
    monkeypatch.setattr(store, "begin_turn", begin_and_stop)
    fake.reply(PAUSE)
    generation = start(generations, ann)
    stops[0].result(PATIENCE)
    assert last(store, generation).state == "stopped"


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_only_a_prompt_is_edited(generations, store, ann, role):
    said = [Said("system", "be brief"), Said("user", "hello")]
    turn = generations.post(ann, None, said, "llama3.2:3b")
    branch = store.branch(ann, turn.reply.id)
    message = next(message for message in branch if message.role == role)
    with pytest.raises(MessageNotFound, match="Only a prompt"):
        generations.edit(ann, turn.session.id, message, "other", "llama3.2:3b")


def test_of_all_that_begin_a_reply_at_once_one_does(generations, ann, fake, threads):
    first = start(generations, ann)
    followed(first)
    fake.reply(PAUSE)
    turn = first.turn
    beginnings = [
        lambda: start(generations, ann, "one", turn.session.id),
        lambda: start(generations, ann, "two", turn.session.id),
        lambda: generations.resume(ann, turn.reply),
        lambda: generations.regenerate(ann, turn.reply, "llama3.2:3b"),
        lambda: generations.edit(ann, turn.session.id, turn.prompt, "uno", "llama3.2:3b"),
    ]
    together = threading.Barrier(len(beginnings))
    begun = [threads.submit(begin_with, together, beginning) for beginning in beginnings]
    refused = [error for each in begun if (error := each.exception(PATIENCE))]
    assert [type(error) for error in refused] == [AlreadyGenerating] * 4
    fake.wait_for_request(2)
    assert len(fake.requests) == 2


def begin_with(others, beginning):
    others.wait(PATIENCE)
    return beginning()


def test_a_page_that_comes_late_follows_the_reply_that_goes_on(
    generations, store, ann, fake, threads
):
    fake.reply("half ", PAUSE)
    generation = start(generations, ann)
    until(lambda: generation.body)
    early, seen = threads.submit(followed, generation), last(store, generation)
    generations.stop(ann, seen)
    fake.reply(PAUSE, "whole")
    generations.resume(ann, last(store, generation))
    late = threads.submit(followed, generations.of(ann, seen))
    fake.wait_for_request(2)
    fake.release()
    assert (early.result(PATIENCE), late.result(PATIENCE)) == ("half ", "half whole")


def test_a_reply_ends_with_its_chat_and_goes_on_when_that_is_restored(
    generations, store, ann, fake
):
    fake.reply("half ", PAUSE)
    generation = start(generations, ann)
    until(lambda: generation.body)
    generations.delete(ann, generation.turn.session.id)
    fake.wait_until_idle()
    store.trash.restore(ann, generation.turn.session.id)
    reply = store.messages(ann, generation.turn.session.id)[-1]
    assert (reply.state, reply.body) == ("stopped", "half ")
    fake.reply("whole")
    assert followed(generations.resume(ann, reply)) == "half whole"


def test_a_prompt_that_waits_in_a_deleted_chat_is_not_sent(generations, store, ann, fake):
    fake.reply(PAUSE)
    generation = start(generations, ann)
    session_id = generations.send(ann, generation.turn.session.id, "next", "llama3.2:3b")
    generations.delete(ann, session_id)
    assert followed(generation) == ""
    store.trash.restore(ann, session_id)
    assert store.next_prompt(ann, session_id).body == "next"
    assert generations.under_way(ann) == set()


def test_who_deletes_a_chat_in_mid_reply_may_delete_everything(generations, store, ann, fake):
    fake.reply(PAUSE)
    generations.delete(ann, start(generations, ann).turn.session.id)
    store.belongings.erase(ann)
    assert store.trash.sessions(ann) == []


def test_a_stopped_reply_goes_on_in_the_same_message(generations, store, ann, fake):
    fake.reply("half ", PAUSE)
    generation = start(generations, ann)
    until(lambda: generation.body)
    generations.stop(ann, last(store, generation))
    fake.reply("whole")
    resumed = generations.resume(ann, last(store, generation))
    assert followed(resumed) == "half whole"
    assert last(store, generation).body == "half whole"
    assert fake.requests[-1]["messages"][-1] == {"role": "assistant", "content": "half "}


def test_a_reply_is_regenerated_beside_the_old_one(generations, store, ann, fake):
    fake.models = [fake_model("llama3.2:3b"), fake_model("other:1b")]
    generation = start(generations, ann)
    followed(generation)
    again = generations.regenerate(ann, last(store, generation), "other:1b")
    followed(again)
    assert last(store, again).versions == (last(store, generation).id, last(store, again).id)
    assert fake.requests[-1]["model"] == "other:1b"
    assert [m["content"] for m in fake.requests[-1]["messages"]] == ["hello"]


def test_an_edited_prompt_is_answered_without_the_old_one(generations, ann, fake):
    generation = start(generations, ann)
    followed(generation)
    turn = generation.turn
    edited = generations.edit(ann, turn.session.id, turn.prompt, "hallo", "llama3.2:3b")
    followed(edited)
    assert [m["content"] for m in fake.requests[-1]["messages"]] == ["hallo"]
    assert edited.turn.prompt.versions == (turn.prompt.id, edited.turn.prompt.id)


@pytest.mark.parametrize("parallel", [1, 3])
def test_as_many_run_at_once_as_allowed_and_no_more(generations_with, ann, fake, parallel):
    generations = generations_with(parallel=parallel)
    for _ in range(parallel):
        fake.reply("a ", PAUSE)
    running = [start(generations, ann) for _ in range(parallel)]
    until(lambda: all(generation.body for generation in running))
    waiting = start(generations, ann)
    asked(generations)
    assert (waiting.phase.doing, len(fake.requests)) == ("queued", parallel)
    fake.release()
    assert followed(waiting) == "You said: hello."


def asked(generations):
    """Everything that can be asked of the model server has been, by now."""

    async def settle():
        for _ in range(100):
            await asyncio.sleep(0)

    asyncio.run_coroutine_threadsafe(settle(), generations._loop).result(PATIENCE)


def test_one_person_has_no_more_running_than_their_share(generations_with, ann, bob, fake):
    generations = generations_with(parallel=2, parallel_owner=1)
    fake.reply("a ", PAUSE)
    fake.reply("b ", PAUSE)
    first, second = start(generations, ann), start(generations, ann)
    until(lambda: first.body)
    other = start(generations, bob)
    until(lambda: other.body)
    assert second.phase.doing == "queued"
    fake.release()
    assert followed(second) == "You said: hello."


def all_accepted(generations, owner, prompts):
    """Those that are, of so many sent without a breath."""
    begun = []
    for _ in range(prompts):
        with suppress(TooBusy):
            begun.append(start(generations, owner))
    return begun


def test_of_a_burst_six_wait_and_the_others_are_refused_and_not_stored(
    generations, store, ann, fake
):
    running = [start(generations, ann), start(generations, ann)]
    [generation.wait() for generation in running]  # by now the model server is known
    fake.reply(PAUSE)
    fake.reply(PAUSE)
    assert len(all_accepted(generations, ann, 40)) == 8
    assert len(store.sessions(ann)) == 10


def test_six_wait_while_the_model_server_starts(generations, store, ann, starting):
    begun = all_accepted(generations, ann, 12)
    until(lambda: begun[0].phase.doing == "starting")
    assert [g.phase.tokens for g in begun[1:]] == [0, 1, 2, 3, 4, 5]
    starting.set()
    assert {followed(generation) for generation in begun} == {"You said: hello."}


@pytest.fixture
def starting(generations, monkeypatch):
    """Until it is set, the model server starts."""
    client, ready = generations._host.client, threading.Event()

    def start_slowly():
        assert ready.wait(PATIENCE)
        return client()

    monkeypatch.setattr(generations._host, "client", start_slowly)
    yield ready
    ready.set()


def test_what_begins_not_leaves_the_line(generations, ann, fake):
    fake.reply("one ", PAUSE)
    generation = start(generations, ann)
    until(lambda: generation.body)
    for _ in range(10):
        with pytest.raises(AlreadyGenerating):
            start(generations, ann, "more", generation.turn.session.id)
        assert generations.start_next(ann, generation.turn.session.id) is None
    assert followed(start(generations, ann, "quick")) == "You said: quick."


def test_the_clock_tells_loading_from_reading_from_writing(generations, ann, fake, monkeypatch):
    monkeypatch.setattr("chatcore.asking.LOADED_EVERY", 0.02)
    fake.reply(PAUSE, Thinking("hm"), PAUSE, "text ", PAUSE, "more")
    generation = start(generations, ann)
    until(lambda: generation.phase.doing in ("loading", "reading"))
    fake.wait_for_request()  # the model is in memory then, and the reply there to be released
    for doing in ("reading", "thinking", "writing"):
        until(lambda doing=doing: generation.phase.doing == doing)
        fake.release()
    assert followed(generation) == "text more"


def test_a_reply_has_a_head_start_until_its_first_word(generations, ann, fake):
    fake.reply("first ", PAUSE, "last")
    generation = start(generations, ann)
    generation.wait_begun(PATIENCE)
    assert generation.body == "first "
    fake.release()


def test_a_prompt_is_sent_with_a_head_start(generations, store, ann, fake, monkeypatch):
    monkeypatch.setattr("chatcore.generations.HEAD_START", PATIENCE)
    fake.reply("first ", PAUSE, "last")
    session_id = generations.send(ann, None, "hello", "llama3.2:3b")
    [_, reply] = store.messages(ann, session_id)
    assert generations.of(ann, reply).body == "first "
    fake.release()


def test_a_request_has_the_server_for_itself_at_first(generations, ann, monkeypatch):
    monkeypatch.setattr("chatcore.asking.LOOK_AFTER", PATIENCE)
    looks = []
    monkeypatch.setattr(OllamaClient, "is_loaded", lambda *_: looks.append(1) is None)
    assert followed(start(generations, ann)) == "You said: hello."
    assert looks == []


def test_a_head_start_ends_where_the_model_takes_longer_or_fails(generations, ann, fake):
    fake.reply(PAUSE, "slow")
    slow = start(generations, ann)
    slow.wait_begun(0.01)
    assert slow.body == ""
    fake.wait_for_request()
    fake.release()
    assert followed(slow) == "slow"
    fake.reply(Drop())
    failed = start(generations, ann)
    failed.wait_begun(PATIENCE)
    assert failed.error


def test_a_model_that_is_never_listed_as_loaded_writes_all_the_same(
    generations, ann, fake, monkeypatch
):
    monkeypatch.setattr("chatcore.asking.LOADED_EVERY", 0.02)
    looks = []
    monkeypatch.setattr(OllamaClient, "is_loaded", lambda *_: looks.append(1) is not None)
    fake.reply(PAUSE, "text ", PAUSE, "more")
    generation = start(generations, ann)
    until(lambda: len(looks) > 2)
    assert generation.phase.doing == "loading"
    fake.release()
    until(lambda: generation.body)
    phases = {generation.phase for _ in range(20) if not time.sleep(0.01)}
    assert {phase.doing for phase in phases} == {"writing"}


def test_a_reply_without_end_is_ended(generations_with, store, fake, ann):
    fake.reply(*["x" * 100] * 50)
    generation = start(generations_with(reply_characters=1000), ann)
    followed(generation)
    assert "HEARTH_REPLY_CHARACTERS" in last(store, generation).error
    assert len(last(store, generation).body) <= 1100


def test_a_reply_that_takes_too_long_is_ended(generations_with, store, fake, ann):
    fake.reply("half ", PAUSE)
    generation = start(generations_with(reply_seconds=1), ann)
    assert followed(generation) == "half "
    assert "HEARTH_REPLY_SECONDS" in last(store, generation).error


def test_files_go_to_the_model_with_their_prompt_and_with_every_later_one(generations, ann, fake):
    fake.models = [SEES]
    first = start(generations, ann, model="gemma3:4b", files=[NOTES, PICTURE])
    followed(first)
    followed(start(generations, ann, "more", first.turn.session.id, model="gemma3:4b"))
    for request in fake.requests:
        assert "some text" in request["messages"][0]["content"]
        assert len(request["messages"][0]["images"]) == 1


def test_an_image_for_a_model_that_cannot_see_is_refused_and_not_stored(
    generations, store, ann, fake
):
    with pytest.raises(CannotSee, match=r"'llama3\.2:3b' cannot see"):
        start(generations, ann, files=[NOTES, PICTURE])
    assert store.sessions(ann) == []
    assert fake.requests == []


def test_a_prompt_with_an_image_is_answered_again_only_by_a_model_that_sees(
    generations, store, ann, fake
):
    fake.models = [SEES, BLIND]
    generation = start(generations, ann, model="gemma3:4b", files=[PICTURE])
    followed(generation)
    turn = generation.turn
    with pytest.raises(CannotSee):
        generations.regenerate(ann, last(store, generation), "llama3.2:3b")
    with pytest.raises(CannotSee):
        generations.edit(ann, turn.session.id, turn.prompt, "hallo", "llama3.2:3b")
    followed(generations.edit(ann, turn.session.id, turn.prompt, "hallo", "gemma3:4b"))
    assert fake.requests[-1]["messages"][0]["images"]


def test_a_chat_with_an_image_goes_on_with_a_model_that_cannot_see(generations, ann, fake):
    fake.models = [SEES, BLIND]
    first = start(generations, ann, model="gemma3:4b", files=[PICTURE])
    followed(first)
    followed(start(generations, ann, "more", first.turn.session.id))
    assert "images" not in fake.requests[-1]["messages"][0]
    assert "cat.png" in fake.requests[-1]["messages"][0]["content"]


def test_a_server_that_cannot_be_asked_is_no_reason_to_refuse_an_image(
    generations, store, ann, fake
):
    fake.stop()
    generation = start(generations, ann, files=[PICTURE])
    followed(generation)
    assert "No model server answers" in last(store, generation).error


def test_what_a_program_posts_is_answered_once(generations, store, ann):
    asked = (ann, "chosen-id", [Said("user", "hello")], "llama3.2:3b", "key")
    turn = generations.post(*asked)
    if generation := generations.of(ann, turn.reply):
        generation.wait()
    assert generations.post(*asked).reply.id == turn.reply.id
    assert [m.body for m in store.messages(ann, "chosen-id")] == ["hello", "You said: hello."]


def test_a_message_that_is_too_long_is_refused_before_it_is_stored(generations_with, store, ann):
    generations = generations_with(prompt_characters=1000)
    for send in (
        lambda text: generations.start(ann, None, text, "m"),
        lambda text: generations.send(ann, None, text, "m"),
        lambda text: generations.post(ann, None, [Said("user", text), Said("user", "x")], "m"),
    ):
        with pytest.raises(PromptTooLong, match="takes 1,000 characters"):
            send("x" * 1001)
    assert store.sessions(ann) == []


def test_a_prompt_that_waits_is_made_no_longer_than_another(generations_with, store, ann, fake):
    generations = generations_with(prompt_characters=1000)
    fake.reply(PAUSE)
    session = start(generations, ann).turn.session
    generations.send(ann, session.id, "next", "m")
    waiting = store.next_prompt(ann, session.id)
    with pytest.raises(PromptTooLong):
        generations.edit_next(ann, waiting.id, "x" * 1001)
    assert store.next_prompt(ann, session.id).body == "next"


def test_a_continued_reply_costs_what_its_parts_cost(generations, store, ann, fake):
    fake.reply("one ", Done("length", eval_count=5, prompt_eval_count=9))
    generation = start(generations, ann)
    followed(generation)
    first = last(store, generation).usage
    fake.reply("two", Done(eval_count=7, prompt_eval_count=14))
    followed(generations.resume(ann, last(store, generation)))
    usage = last(store, generation).usage
    assert (usage.eval_count, usage.prompt_eval_count, usage.done_reason) == (12, 14, "stop")
    assert usage.eval_duration > first.eval_duration
    assert usage.first_token_duration == first.first_token_duration


def test_a_part_that_was_not_counted_leaves_the_whole_unknown(generations, store, ann, fake):
    fake.reply("one ", PAUSE)
    generation = start(generations, ann)
    until(lambda: generation.body == "one ")
    generations.stop(ann, generation.turn.reply)
    fake.reply("two", Done(eval_count=7))
    followed(generations.resume(ann, last(store, generation)))
    assert last(store, generation).usage.eval_count is None
