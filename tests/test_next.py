"""A prompt sent while its chat still replies: it waits, and is answered when the reply ends."""

import pytest

from chatcore.errors import TooBusy
from tests.fake_ollama import PAUSE, ErrorLine
from tests.test_generations import followed, last, start, until

MODEL = "llama3.2:3b"


def begun(generations, owner, fake, then):
    """A reply that says "one " and then waits for fake.release()."""
    fake.reply("one ", PAUSE, then)
    generation = start(generations, owner)
    until(lambda: generation.body == "one ")
    return generation


@pytest.fixture
def replying(generations, ann, fake):
    return begun(generations, ann, fake, "and all")


def send(generations, generation, prompt):
    session_id = generation.turn.session.id
    assert generations.send(generation.owner, session_id, prompt, MODEL) == session_id


def bodies(store, generation):
    session_id = generation.turn.session.id
    return [m.body for m in store.messages(generation.owner, session_id)]


def test_a_prompt_sent_meanwhile_is_answered_next(generations, store, replying, fake):
    send(generations, replying, "two")
    fake.release()
    replying.wait()
    following = generations.of(replying.owner, replying.next.reply)
    if following:
        following.wait()
    assert bodies(store, replying) == ["hello", "one and all", "two", "You said: two."]


def test_a_further_prompt_is_refused(generations, store, replying, ann):
    send(generations, replying, "two")
    with pytest.raises(TooBusy):
        send(generations, replying, "three")
    assert store.next_prompt(ann, replying.turn.session.id).body == "two"


def test_a_stopped_reply_can_go_on_and_the_next_prompt_waits_for_it(
    generations, store, replying, ann, fake
):
    send(generations, replying, "two")
    generations.stop(ann, last(store, replying))
    assert replying.next is None
    assert store.next_prompt(ann, replying.turn.session.id).body == "two"
    fake.reply("and all")
    resumed = generations.resume(ann, last(store, replying))
    resumed.wait()
    assert resumed.next.prompt.body == "two"


def test_after_a_failure_the_next_prompt_waits_on(generations, store, ann, fake):
    generation = begun(generations, ann, fake, ErrorLine("out of memory"))
    send(generations, generation, "two")
    fake.release()
    generation.wait()
    session_id = generation.turn.session.id
    assert generation.next is None
    assert store.next_prompt(ann, session_id).body == "two"
    assert followed(generations.start_next(ann, session_id)) == "You said: two."


def test_after_a_failure_a_further_prompt_is_refused_until_the_first_is_sent(
    generations, store, ann, fake
):
    generation = begun(generations, ann, fake, ErrorLine("out of memory"))
    send(generations, generation, "two")
    fake.release()
    generation.wait()
    with pytest.raises(TooBusy, match="send or remove"):
        send(generations, generation, "three")
    followed(generations.start_next(ann, generation.turn.session.id))
    send(generations, generation, "three")
    until(lambda: bodies(store, generation)[2:] == TWO_AND_THREE)


TWO_AND_THREE = ["two", "You said: two.", "three", "You said: three."]


def test_a_prompt_that_comes_as_the_reply_ends_is_answered(generations, store, replying, ann, fake):
    session_id = replying.turn.session.id
    store.set_next(ann, session_id, "two", MODEL)
    assert generations.start_next(ann, session_id) is None
    fake.release()
    replying.wait()
    assert bodies(store, replying)[:3] == ["hello", "one and all", "two"]


def test_what_nobody_follows_is_unread_and_what_is_followed_is_not(generations, store, ann, fake):
    unseen = start(generations, ann, "unseen")
    unseen.wait()
    fake.reply("one ", PAUSE, "two")
    seen = start(generations, ann, "seen")
    pieces = seen.follow(1000, lambda: None)
    assert next(pieces) == "one "
    fake.release()
    seen.wait()
    marks = {s.title: s.unread for s in store.sessions(ann)}
    assert marks == {"unseen": 1, "seen": 0}
