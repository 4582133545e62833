"""Thinking: chosen for a chat, sent where the model can, kept apart, and timed."""

import pytest

from chatcore.options import Choice, Options
from tests.fake_ollama import PAUSE, Thinking, fake_model
from tests.test_generations import followed, last, start, until

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
