"""A mistake in Hearth's own code: it is told and logged, and no text is lost."""

import pytest

from chatcore.errors import ServerError
from tests.fake_ollama import PAUSE
from tests.test_generations import PATIENCE, followed, last, start, until


class Mistake(Exception):
    pass


def mistaken(*_arguments, **_named):
    raise Mistake


def test_a_mistake_in_mid_reply_is_told_and_leaves_the_text(
    generations, store, ann, fake, monkeypatch, caplog
):
    fake.reply("one ", PAUSE, "two")
    generation = start(generations, ann)
    until(lambda: generation.body == "one ")
    monkeypatch.setattr(generation, "add", mistaken)
    fake.release()
    assert followed(generation) == "one "
    reply = last(store, generation)
    assert (reply.state, reply.body) == ("error", "one ")
    assert reply.error == "Hearth made a mistake here: its log says more."
    assert "Mistake" in caplog.text


def test_after_a_mistake_the_chat_goes_on(generations, store, ann, monkeypatch):
    with monkeypatch.context() as mistakes:
        mistakes.setattr("chatcore.asking.Asker.ask", mistaken)
        generation = start(generations, ann)
        followed(generation)
    again = generations.regenerate(ann, last(store, generation), "llama3.2:3b")
    assert followed(again) == "You said: hello."


def test_a_mistake_in_saving_is_told_until_the_reply_is_saved(
    generations, store, ann, monkeypatch, caplog
):
    monkeypatch.setattr("chatcore.saving.SAVE_AGAIN_AFTER", 0.05)
    with monkeypatch.context() as mistakes:
        mistakes.setattr(store, "finish_reply", mistaken)
        generation = start(generations, ann)
        assert followed(generation) == "You said: hello."
        assert generation.unsaved == "Hearth could not save this reply: its log says more."
        assert generations.of(ann, last(store, generation)) is generation
    until(lambda: generation.unsaved is None)
    assert last(store, generation).body == "You said: hello."
    assert "Mistake" in caplog.text


def test_a_mistake_in_naming_is_told_and_leaves_the_name(
    generations, store, ann, monkeypatch, caplog
):
    generation = start(generations, ann)
    followed(generation)
    monkeypatch.setattr("chatcore.asking.Asker.name", mistaken)
    with pytest.raises(ServerError, match="its log says more"):
        generations.name(ann, generation.turn.session.id).result(PATIENCE)
    assert store.session(ann, generation.turn.session.id).title == "hello"
    assert "Mistake" in caplog.text
