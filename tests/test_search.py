"""Search: the contract, over every backend."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def talk(store, owner, prompt, reply="answer"):
    turn = store.begin_turn(owner, None, prompt, "m")
    store.finish_reply(owner, turn.reply.id, "done", reply)
    return turn


def found(store, owner, query, **options):
    return [hit.snippet for hit in store.search.find(owner, query, **options)]


def test_every_word_must_be_there_in_any_ending(store, ann):
    talk(store, ann, "the walking cat")
    talk(store, ann, "a cat sleeps")
    assert found(store, ann, "cats walked") == ["the walking cat"]


def test_the_newest_comes_first(store, ann):
    for n in range(3):
        talk(store, ann, f"cat {n}")
    assert found(store, ann, "cat") == ["cat 2", "cat 1", "cat 0"]
    assert found(store, ann, "cat", limit=1) == ["cat 2"]


def test_a_hit_says_where_it_is(store, ann):
    turn = talk(store, ann, "question", "the long answer")
    (hit,) = store.search.find(ann, "long")
    assert (hit.session_id, hit.title) == (turn.session.id, "question")
    assert (hit.message_id, hit.role) == (turn.reply.id, "assistant")


def test_a_snippet_of_a_long_message_is_short(store, ann):
    talk(store, ann, "one two three " * 1000 + "needle" + " four five" * 1000)
    (snippet,) = found(store, ann, "needle")
    assert "needle" in snippet
    assert len(snippet) < 300


def test_nothing_of_anothers_is_found(store, ann, bob):
    talk(store, ann, "secret")
    talk(store, bob, "mine")
    assert found(store, bob, "secret") == []
    assert found(store, bob, "mine") == ["mine"]


def test_deleted_chats_are_not_found_until_they_are_restored(store, ann):
    turn = talk(store, ann, "needle")
    store.trash.put(ann, turn.session.id)
    assert found(store, ann, "needle") == []
    store.trash.restore(ann, turn.session.id)
    assert found(store, ann, "needle") == ["needle"]


def test_a_prompt_that_waits_is_not_found_yet(store, ann):
    turn = store.begin_turn(ann, None, "one", "m")
    store.set_next(ann, turn.session.id, "needle", "m")
    assert found(store, ann, "needle") == []


@pytest.mark.parametrize("query", ["", "  ", '"', '""', "?!", "\0"])
def test_without_a_word_there_is_nothing_to_find(store, ann, query):
    talk(store, ann, "hello ?!")
    assert found(store, ann, query) == []


@pytest.mark.parametrize(
    "query", ["cat OR dog", "NOT cat", "cat*", "body:cat", "(cat", "NEAR(a b)"]
)
def test_a_query_is_words_and_no_syntax(store, ann, query):
    talk(store, ann, "cat")
    assert found(store, ann, query) in ([], ["cat"])
    assert found(store, ann, "cat OR dog") == []


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_no_query_is_an_error(store, query):
    assert found(store, store.owner("ann"), query) == []
