"""Thinking: chosen for a chat, sent where the model can, kept apart, and timed."""

import time

import pytest

from chatcore.options import Choice, Options
from tests.fake_ollama import PAUSE, Done, Drop, Thinking, fake_model
from tests.test_generations import followed, last, start, until

MODEL = "llama3.2:3b"
THINKER = fake_model("qwen3:8b", capabilities=["completion", "thinking"])


@pytest.fixture
def thinker(fake):
    fake.models = [THINKER, fake_model("llama3.2:3b")]
    return "qwen3:8b"


@pytest.mark.parametrize(
    ("chosen", "sent"), [("", None), ("on", True), ("off", False), ("high", None)]
)
def test_what_is_chosen_for_a_chat_is_asked_of_the_model(
    generations, ann, fake, thinker, chosen, sent
):
    followed(generations.start(ann, None, "hello", thinker, choice=Choice(Options(think=chosen))))
    assert fake.requests[0].get("think") is sent


def test_a_model_that_cannot_think_is_not_asked_to(generations, ann, fake, thinker):
    followed(
        generations.start(ann, None, "hello", "llama3.2:3b", choice=Choice(Options(think="on")))
    )
    assert "think" not in fake.requests[0]


def test_a_later_choice_holds_for_the_next_reply(generations, store, ann, fake, thinker):
    session = start(generations, ann, model=thinker)
    followed(session)
    store.memory.choose_options(ann, session.turn.session.id, Options(think="off"))
    followed(start(generations, ann, "more", session.turn.session.id, model=thinker))
    assert fake.requests[-1]["think"] is False


def test_thoughts_are_followed_until_the_text_begins(generations, store, ann, fake):
    fake.reply(Thinking("first this, "), PAUSE, Thinking("then that"), "42")
    generation = start(generations, ann)
    thoughts = generation.follow_thoughts(1000, lambda: None)
    assert next(thoughts) == "first this, "
    fake.release()
    assert "".join(thoughts) == "then that"
    assert followed(generation) == "42"
    reply = last(store, generation)
    assert (reply.thinking, reply.body) == ("first this, then that", "42")
    assert reply.usage.thinking_duration > 0


@pytest.mark.parametrize("then", ["42", Drop()])
def test_thinking_ends_when_the_text_begins_or_the_reply_ends(generations, store, ann, fake, then):
    fake.reply(Thinking("all in one"), PAUSE, then)
    generation = start(generations, ann)
    until(lambda: generation.thinking)
    began = time.perf_counter_ns()
    until(lambda: time.perf_counter_ns() > began)
    spent = time.perf_counter_ns() - began
    fake.release()
    generation.wait()
    assert last(store, generation).usage.thinking_duration >= spent


def test_the_rate_is_that_of_the_text_since_the_last_thought(generations, ann, fake):
    fake.reply("one ", "two ", Thinking("hm"), "three ", PAUSE, "four")
    generation = start(generations, ann)
    until(lambda: generation.body == "one two three ")
    assert (generation.phase.tokens, generation.phase.before) == (3, 2)


def test_thoughts_of_a_continued_reply_stand_apart_and_are_added_up(generations, store, ann, fake):
    fake.reply(Thinking("first"), "one ", Done("length"))
    generation = start(generations, ann)
    generation.wait()
    first = last(store, generation).usage
    fake.reply(Thinking("then "), Thinking("more"), "two")
    generations.resume(ann, last(store, generation)).wait()
    reply = last(store, generation)
    assert (reply.thinking, reply.body) == ("first\n\nthen more", "one two")
    assert reply.usage.thinking_duration > first.thinking_duration


def test_thoughts_of_a_continued_reply_are_followed_until_its_text_goes_on(
    generations, store, ann, fake
):
    fake.reply("one ", Done("length"))
    generation = start(generations, ann)
    generation.wait()
    fake.reply(Thinking("hm, "), PAUSE, Thinking("two"), "two")
    resumed = generations.resume(ann, last(store, generation))
    thoughts = resumed.follow_thoughts(1000, lambda: None)
    assert next(thoughts) == "hm, "
    fake.release()
    assert "".join(thoughts) == "two"
    assert followed(resumed) == "one two"


def test_a_reply_that_was_stopped_in_its_thoughts_goes_on_thinking(generations, store, ann, fake):
    fake.reply(Thinking("first"), PAUSE)
    generation = start(generations, ann)
    until(lambda: generation.thinking)
    generations.stop(ann, last(store, generation))
    first = last(store, generation).usage
    fake.reply(Thinking("then"), PAUSE, "two")
    resumed = generations.resume(ann, last(store, generation))
    thoughts = resumed.follow_thoughts(1000, lambda: None)
    text = next(thoughts)
    while "then" not in text:
        text += next(thoughts)
    assert text == "first\n\nthen"
    fake.release()
    resumed.wait()
    usage = last(store, resumed).usage
    assert usage.thinking_duration > first.thinking_duration
    assert usage.eval_count is None


def test_thinking_that_was_not_timed_leaves_the_whole_unknown(generations, store, ann, fake):
    turn = store.begin_turn(ann, None, "hello", MODEL)
    reply = store.finish_reply(ann, turn.reply.id, "interrupted", "one ", "lost in a crash")
    fake.reply(Thinking("then"), "two")
    resumed = generations.resume(ann, reply)
    resumed.wait()
    assert last(store, resumed).usage.thinking_duration is None


def test_a_reply_without_thoughts_has_none_to_follow(generations, ann, fake):
    fake.reply("one ", PAUSE, "two")
    generation = start(generations, ann)
    assert list(generation.follow_thoughts(1000, lambda: None)) == []
    until(lambda: generation.body == "one ")
    assert generation.usage is None


def test_a_fork_thinks_as_its_source(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m", choice=Choice(Options(think="off")))
    assert store.fork_session(ann, turn.prompt.id).choice.options.think == "off"


def test_levels_are_offered_for_the_one_family_that_has_them(generations, fake):
    client = generations._host.client()
    assert client.thinks("llama3.2:3b") == ()
    fake.models = [THINKER]
    assert client.thinks("qwen3:8b") == ("on", "off")
    fake.models = [fake_model("gpt-oss:20b", family="gptoss", capabilities=["thinking"])]
    assert client.thinks("gpt-oss:20b") == ("low", "medium", "high")
