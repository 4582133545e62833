"""A name for a chat by its model."""

import pytest

from chatcore import naming
from chatcore.errors import LeftOut, ServerError, TooBusy
from chatcore.types import Message
from tests.fake_ollama import PAUSE, Status
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


def test_what_is_left_out_is_not_sent_for_a_name(generations, store, ann, fake, session):
    prompt, reply = store.messages(ann, session.id)
    store.memory.keep(ann, prompt.id, "left_out")
    fake.reply("Bread")
    named(generations, ann, session)
    assert [m["role"] for m in fake.requests[-1]["messages"]] == ["assistant", "user"]
    store.memory.keep(ann, reply.id, "left_out")
    with pytest.raises(LeftOut):
        named(generations, ann, session)
    assert len(fake.requests) == 2


def test_a_small_window_is_asked_with_shorter_excerpts(generations, store, ann, fake, session):
    fake.reply(Status(400, "request (900 tokens) exceeds the available context size (450 tokens)"))
    fake.reply("Bread at home")
    named(generations, ann, session)
    whole, half = ([len(m["content"]) for m in r["messages"]] for r in fake.requests[-2:])
    assert half[0] == naming.EXCERPT / 2 == whole[0] / 2
    assert store.session(ann, session.id).title == "Bread at home"


def test_an_answer_without_an_end_is_read_to_a_limit(generations, store, ann, fake, session):
    fake.reply("Bread at home\n", "x" * 5000, PAUSE)
    named(generations, ann, session)
    assert store.session(ann, session.id).title == "Bread at home"


def test_a_name_that_a_person_gave_meanwhile_stays(generations, store, ann, fake, session):
    fake.reply("Bread at ", PAUSE, "home")
    naming_it = generations.name(ann, session.id)
    fake.wait_for_request(2)
    store.rename_session(ann, session.id, "My bread")
    fake.release()
    naming_it.result(PATIENCE)
    assert store.session(ann, session.id).title == "My bread"


def test_a_model_without_an_idea_leaves_the_name_and_says_so(
    generations, store, ann, fake, session
):
    fake.reply(" ")
    with pytest.raises(ServerError, match="found no name"):
        named(generations, ann, session)
    assert store.session(ann, session.id).title == session.title


def test_names_that_wait_are_few_and_keep_no_prompt_waiting(
    generations_with, ann, fake, monkeypatch
):
    monkeypatch.setattr("chatcore.line.WAITING_PER_OWNER", 1)
    generations = generations_with(parallel=1)
    chat = start(generations, ann)
    followed(chat)
    fake.reply(PAUSE)
    names = [generations.name(ann, chat.turn.session.id) for _ in range(3)]
    with pytest.raises(TooBusy, match="names and summaries already"):
        names[-1].result(PATIENCE)
    start(generations, ann)
    assert not any(name.done() for name in names[:2])


def test_a_name_takes_no_longer_than_a_reply(generations_with, store, ann, fake):
    generations = generations_with(reply_seconds=1)
    session = store.begin_turn(ann, None, "hello", "llama3.2:3b").session
    fake.reply(PAUSE)
    with pytest.raises(ServerError, match="HEARTH_REPLY_SECONDS"):
        named(generations, ann, session)
    fake.wait_until_idle()


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
