"""What finds no room is summed up by the model, where the chat is set so."""

import pytest

from chatcore import summing
from chatcore.errors import MessageNotFound, NothingToSumUp, ServerError, SummaryRefused
from chatcore.memory import Memory, Target
from chatcore.options import Compact, Options
from chatcore.settings import Settings
from tests.fake_ollama import PAUSE, Status
from tests.test_generations import PATIENCE, followed, last, start
from tests.test_memory import MODEL, WORDS, chat, sent

ADA = "The person's name is Ada."


@pytest.fixture
def memory(store, tmp_path):
    return Memory(store, Settings(tmp_path / "x.db", num_ctx=512))


@pytest.fixture
def small(generations_with):
    return generations_with(num_ctx=512)


@pytest.fixture
def ada(small, store, ann, fake):
    """A chat that begins with a name and has thirty turns of filler, nothing of it asked yet."""
    session_id = None
    for prompt in ["My name is Ada.", *[f"{n}: {WORDS}" for n in range(30)]]:
        turn = store.begin_turn(ann, session_id, prompt, MODEL)
        store.finish_reply(ann, turn.reply.id, "done", f"Well, {WORDS}.")
        session_id = turn.session.id
    store.memory.choose_compact(ann, session_id, Compact.ALWAYS)
    return session_id


def is_summing(request):
    return request["messages"][-1]["content"] == summing.ASK


def answer_all(fake, text, requests=40):
    for _ in range(requests):
        fake.reply(text)


def test_a_name_from_before_the_window_is_in_the_request(small, store, ann, fake, ada):
    answer_all(fake, ADA)
    generation = start(small, ann, "what is my name?", ada)
    followed(generation)
    *asked, request = fake.requests
    assert all(map(is_summing, asked))
    assert asked[0]["messages"][0]["content"] == "My name is Ada."
    assert all(body["messages"][0]["content"].endswith(ADA) for body in asked[1:])
    assert request["messages"][0] == summing.wire_message(ADA)
    assert request["messages"][-1]["content"] == "what is my name?"


def test_every_message_is_summed_up_or_sent_and_none_twice(small, store, ann, fake, ada):
    answer_all(fake, ADA)
    generation = start(small, ann, "what is my name?", ada)
    followed(generation)
    reply = last(store, generation)
    *asked, request = fake.requests
    told = [m["content"] for body in asked for m in body["messages"][:-1] if m["role"] != "system"]
    told += [m["content"] for m in request["messages"][1:]]
    assert told == [message.body for message in store.branch(ann, reply.parent_id)]
    assert reply.seen.left_out == 0
    assert len(store.messages(ann, ada)) == 64


def test_it_is_not_done_again_while_there_is_room(small, store, ann, fake, ada):
    answer_all(fake, ADA)
    followed(start(small, ann, "what is my name?", ada))
    before = len(fake.requests)
    followed(start(small, ann, "and why?", ada))
    assert len(fake.requests) == before + 1
    assert sent(fake)[0].endswith(ADA)


def test_what_the_server_counts_as_too_long_to_sum_up_is_asked_in_smaller_pieces(
    small, store, ann, fake, ada
):
    fake.reply(Status(400, "request (900 tokens) exceeds the available context size (512 tokens)"))
    answer_all(fake, ADA)
    generation = start(small, ann, "what is my name?", ada)
    followed(generation)
    refused, taken, *_ = fake.requests
    assert len(taken["messages"]) < len(refused["messages"])
    assert last(store, generation).state == "done"
    assert sent(fake)[0] == summing.wire_message(ADA)["content"]


def test_what_is_planned_with_a_summary_is_what_is_sent(small, memory, store, ann, fake, ada):
    answer_all(fake, ADA)
    followed(start(small, ann, "what is my name?", ada))
    plan = memory.next(ann, store.session(ann, ada), Target(MODEL))
    assert plan.summary.body == ADA
    followed(start(small, ann, "and why?", ada))
    assert len(sent(fake)) == len(plan.fit.sent)
    assert store.message(ann, plan.fit.first).body == sent(fake)[1]


def test_a_request_with_a_summary_is_made_again_though_that_was_corrected(
    small, memory, store, ann, fake, ada
):
    answer_all(fake, ADA)
    generation = start(small, ann, "what is my name?", ada)
    followed(generation)
    reply = last(store, generation)
    summary = store.memory.summary(ann, reply.id)
    store.memory.summarise(ann, summary.message_id, "It is Grace.")
    assert memory.request(ann, reply, reply.seen).messages == fake.requests[-1]["messages"]
    followed(start(small, ann, "sure?", ada))
    assert sent(fake)[0].endswith("It is Grace.")


@pytest.mark.parametrize("keep", ["pinned", "left_out"])
def test_what_was_in_no_summary_is_sent_when_it_is_let_in(small, store, ann, fake, ada, keep):
    first = store.messages(ann, ada)[0]
    store.memory.keep(ann, first.id, keep)
    answer_all(fake, ADA)
    followed(start(small, ann, "what is my name?", ada))
    store.memory.keep(ann, first.id, "")
    store.memory.choose_options(ann, ada, Options(num_ctx=2048))
    followed(start(small, ann, "and now?", ada))
    assert sent(fake)[:2] == [summing.wire_message(ADA)["content"], first.body]


def test_what_is_let_in_is_summed_up_with_the_next_and_sent_no_longer(small, store, ann, fake, ada):
    first = store.messages(ann, ada)[0]
    store.memory.keep(ann, first.id, "left_out")
    answer_all(fake, ADA)
    before = start(small, ann, "what is my name?", ada)
    followed(before)
    down_to = store.memory.summary(ann, before.turn.reply.id).message_id
    store.memory.keep(ann, first.id, "")
    asked = len(fake.requests)
    for n in range(4):
        generation = start(small, ann, f"{n}: {WORDS}", ada)
        followed(generation)
    first_again = next(body for body in fake.requests[asked:] if is_summing(body))
    assert first_again["messages"][1]["content"] == first.body
    assert first.body not in sent(fake)
    assert store.memory.summary(ann, generation.turn.reply.id).message_id > down_to


def test_a_pinned_turn_is_sent_beside_the_summary(small, store, ann, fake, ada):
    first = store.messages(ann, ada)[0]
    store.memory.keep(ann, first.id, "pinned")
    answer_all(fake, ADA)
    followed(start(small, ann, "what is my name?", ada))
    assert sent(fake)[0].endswith(ADA)
    assert sent(fake)[1] == first.body


def test_what_the_person_left_out_is_in_no_summary(small, store, ann, fake, ada):
    store.memory.keep(ann, store.messages(ann, ada)[0].id, "left_out")
    answer_all(fake, "nothing")
    followed(start(small, ann, "what is my name?", ada))
    assert not any("Ada" in m["content"] for body in fake.requests for m in body["messages"])


def test_a_model_without_a_summary_leaves_the_oldest_out(small, store, ann, fake, ada):
    fake.reply(" ")
    generation = start(small, ann, "what is my name?", ada)
    followed(generation)
    assert last(store, generation).seen.left_out > 0
    assert last(store, generation).state == "done"


def test_a_server_that_fails_at_it_is_told(small, store, ann, fake, ada):
    fake.reply(Status(500, "out of memory"))
    generation = start(small, ann, "what is my name?", ada)
    followed(generation)
    assert "out of memory" in last(store, generation).error


def test_nothing_is_summed_up_where_nobody_wants_it(small, store, ann, fake, ada):
    store.memory.choose_compact(ann, ada, Compact.NEVER)
    followed(start(small, ann, "what is my name?", ada))
    assert len(fake.requests) == 1


def test_what_is_asked_for_is_a_summary_of_all_but_the_last_turn(small, store, ann, fake, ada):
    store.memory.choose_compact(ann, ada, Compact.NEVER)
    answer_all(fake, ADA)
    small.sum_up(ann, ada).result(PATIENCE)
    *_, prompt, reply = store.messages(ann, ada)
    assert store.memory.summary(ann, reply.id).message_id == prompt.parent_id
    followed(start(small, ann, "what is my name?", ada))
    summary = summing.wire_message(ADA)["content"]
    assert sent(fake) == [summary, prompt.body, reply.body, "what is my name?"]


def test_where_it_was_asked_for_it_is_not_made_by_itself(small, store, ann, fake, ada):
    store.memory.choose_compact(ann, ada, Compact.WHEN_ASKED)
    followed(start(small, ann, "what is my name?", ada))
    assert len(fake.requests) == 1


def test_a_model_that_writes_no_summary_on_request_is_told(small, store, ann, fake, ada):
    fake.reply(" ")
    with pytest.raises(ServerError, match="wrote no summary"):
        small.sum_up(ann, ada).result(PATIENCE)


def test_a_summary_without_an_end_is_read_to_a_limit(small, store, ann, fake, ada):
    for _ in range(40):
        fake.reply("word " * 1000, PAUSE)
    small.sum_up(ann, ada).result(PATIENCE)
    (leaf,) = store.messages(ann, ada, last=1)
    room = fake.requests[-1]["options"]["num_predict"]
    assert len(store.memory.summary(ann, leaf.id).body) < 8 * room


def test_a_chat_of_one_turn_has_nothing_to_sum_up(small, store, ann, fake):
    with pytest.raises(NothingToSumUp):
        small.sum_up(ann, chat(small, ann, 1)).result(PATIENCE)
    assert len(fake.requests) == 1


def test_a_turn_longer_than_a_request_is_cut_for_its_summary(small, store, ann, fake):
    session_id = chat(small, ann, 1)
    turn = store.begin_turn(ann, session_id, "long " * 2000, MODEL)
    store.finish_reply(ann, turn.reply.id, "done", "short")
    store.memory.choose_compact(ann, session_id, Compact.ALWAYS)
    answer_all(fake, "much is long")
    followed(start(small, ann, "so?", session_id))
    assert sent(fake)[0].endswith("much is long")
    assert all(len("".join(sent(fake, n))) < 2048 for n in range(1, len(fake.requests)))


@pytest.fixture
def corrected(small, memory, store, ann, fake, ada):
    """Puts another text in the place of the chat's summary, as a person does."""
    answer_all(fake, ADA)
    followed(start(small, ann, "what is my name?", ada))

    def correct(body):
        session = store.session(ann, ada)
        summary = store.memory.summary(ann, session.leaf_id)
        return memory.correct(ann, session, summary, body, Target(MODEL))

    return correct


def test_a_corrected_summary_leaves_room_for_the_chat(small, store, ann, fake, ada, corrected):
    for body in ("long " * 600, "9" * 300, " \n"):
        with pytest.raises(SummaryRefused):
            corrected(body)
    corrected("then " * 120)
    for n in range(4):
        generation = start(small, ann, f"{n}: {WORDS}", ada)
        followed(generation)
        assert last(store, generation).state == "done"


def test_a_new_summary_is_made_beside_the_one_before(small, store, ann, fake, ada, corrected):
    made = corrected("short")  # in a larger window it might be longer than is taken in this one
    store.memory.summarise(ann, made.message_id, "then " * 260)
    before = len(fake.requests)
    for n in range(6):
        followed(start(small, ann, f"{n}: {WORDS}", ada))
    asked = [body for body in fake.requests[before:] if is_summing(body)]
    assert asked
    for body in asked:
        words = sum(len(message["content"].split()) for message in body["messages"])
        signs = 20 + 8 * len(body["messages"])  # of the template, and between the words
        assert words + signs + body["options"]["num_predict"] <= 512


def test_what_a_chat_took_is_known_when_its_summary_is_another(memory, store, ann, ada, corrected):
    before = memory.next(ann, store.session(ann, ada), Target(MODEL))
    corrected("She is Grace.")
    after = memory.next(ann, store.session(ann, ada), Target(MODEL))
    assert after.fit.sent[1:] == before.fit.sent[1:]


def test_another_branch_has_its_own_memory(small, store, ann, fake, ada):
    answer_all(fake, ADA)
    followed(start(small, ann, "what is my name?", ada))
    first = store.messages(ann, ada)[0]
    followed(small.edit(ann, ada, first, "My name is Grace.", MODEL))
    assert sent(fake) == ["My name is Grace."]


def test_a_fork_keeps_its_summary_and_another_owner_sees_none(small, store, ann, bob, fake, ada):
    answer_all(fake, ADA)
    generation = start(small, ann, "what is my name?", ada)
    followed(generation)
    fork = store.fork_session(ann, generation.turn.reply.id)
    copy = store.memory.summary(ann, fork.leaf_id)
    assert copy.body == ADA
    assert copy.message_id in [message.id for message in store.messages(ann, fork.id)]
    with pytest.raises(MessageNotFound):
        store.memory.summary(bob, fork.leaf_id)
    with pytest.raises(MessageNotFound):
        store.memory.summary_text(bob, copy.id)
    with pytest.raises(MessageNotFound):
        store.memory.summarise(bob, copy.message_id, "mine now")
