"""A name for a chat by its model."""

import pytest

from chatcore import naming
from chatcore.errors import ServerError
from chatcore.types import Message
from tests.fake_ollama import PAUSE
from tests.test_generations import PATIENCE, followed, start


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("Bread without yeast", "Bread without yeast"),
        ('"Bread without yeast."\n\nI chose this because', "Bread without yeast"),
        ("\n\n**Title: Bread**", "Bread"),
        ("# Brot ohne Hefe", "Brot ohne Hefe"),
        ("word " * 40, "word " * 11 + "word…"),
        (" \n ** \n", ""),
    ],
)
def test_of_an_answer_the_first_words_are_the_name(answer, title):
    assert naming.title(answer) == title


def named(generations, owner, session):
    return generations.name(owner, session.id).result(PATIENCE)


@pytest.fixture
def session(generations, ann):
    generation = start(generations, ann, "How do I bake bread? " * 200)
    followed(generation)
    return generation.turn.session


def test_the_model_is_asked_with_the_beginning_and_names_the_chat(
    generations, store, ann, fake, session
):
    fake.reply("Bread at ", "home")
    named(generations, ann, session)
    assert store.session(ann, session.id).title == "Bread at home"
    asked = fake.requests[-1]["messages"]
    assert [m["role"] for m in asked] == ["user", "assistant", "user"]
    assert len(asked[0]["content"]) == naming.EXCERPT
    assert len(store.messages(ann, session.id)) == 2


def test_a_model_without_an_idea_leaves_the_name_and_says_so(
    generations, store, ann, fake, session
):
    fake.reply(" ")
    with pytest.raises(ServerError, match="found no name"):
        named(generations, ann, session)
    assert store.session(ann, session.id).title == session.title


def test_closing_does_not_wait_for_a_name(generations, ann, fake, session):
    fake.reply(PAUSE)
    future = generations.name(ann, session.id)
    fake.wait_for_request(2)
    generations.close()
    assert future.cancelled()


def test_a_message_of_files_alone_says_nothing_about_the_name():
    branch = [
        Message(1, 1, None, "user", "done", "", "", "", 0),
        Message(2, 1, 1, "assistant", "done", "A cat on a mat.", "", "m", 0),
    ]
    told = naming.wire_messages(branch)
    assert [wire["content"] for wire in told] == ["A cat on a mat.", naming.ASK]
