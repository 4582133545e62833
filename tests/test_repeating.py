"""What a reply keeps of the model that made it, and how it is made again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatcore.errors import (
    AlreadyGenerating,
    MessageNotFound,
    ModelNotFound,
    NotRepeatable,
    ServerUnreachable,
)
from chatcore.options import Choice, Compact, Options
from chatcore.types import Build, File
from tests.fake_ollama import PAUSE, Done, Drop, fake_model
from tests.test_generations import PATIENCE, followed, last, start, until
from tests.test_memory import MODEL

DIGEST = "5" * 64


@pytest.fixture
def untold(generations, monkeypatch):
    """Until it is set, the server does not tell which models it has."""
    client, told = generations._host.client(), threading.Event()
    build = client.build

    def tell(model):
        assert told.wait(PATIENCE)
        return build(model)

    monkeypatch.setattr(client, "build", tell)
    yield told
    told.set()


def replied(generations, store, owner, *given):
    generation = start(generations, owner, *given)
    followed(generation)
    return last(store, generation)


def noted(generations, store, owner, *given):
    """The same, when it is known which model it is from."""
    reply = replied(generations, store, owner, *given)
    until(lambda: store.message(owner, reply.id).seen.build.version)
    return store.message(owner, reply.id)


def test_a_reply_keeps_which_model_of_which_server_made_it(generations, store, ann, fake):
    fake.models = [fake_model(MODEL, digest=DIGEST, quantization_level="Q8_0")]
    fake.version = "0.13.1"
    assert noted(generations, store, ann).seen.build == Build(DIGEST, "Q8_0", "0.13.1")


def test_the_end_of_a_reply_waits_for_nothing_that_is_noted_of_it(generations, store, ann, untold):
    reply = replied(generations, store, ann)
    assert (reply.state, reply.seen.build) == ("done", Build())
    untold.set()
    until(lambda: store.message(ann, reply.id).seen.build.version)


def test_what_is_noted_late_is_not_noted_of_what_was_asked_since(
    generations, store, ann, fake, untold
):
    fake.reply("one ", Done("length"))
    first = replied(generations, store, ann)
    fake.reply("two", PAUSE)
    generation = generations.resume(ann, first)
    until(lambda: last(store, generation).seen not in (None, first.seen))
    second = last(store, generation).seen
    store.memory.built(ann, first.id, first.seen, Build("of before"))
    store.memory.keep(ann, first.id, "")  # which is written after it
    assert last(store, generation).seen == second


def test_nothing_more_is_asked_of_the_server_before_the_first_word(generations, ann, fake):
    fake.reply(PAUSE, "one")
    generation = start(generations, ann)
    fake.wait_for_request()
    until(lambda: "GET /api/ps" in fake.calls)
    assert set(fake.calls) == {"GET /api/ps", "POST /api/chat", "POST /api/show"}
    fake.release()
    followed(generation)
    assert fake.calls.index("GET /api/tags") > fake.calls.index("POST /api/chat")


def test_a_stopped_reply_knows_its_model_too(generations, store, ann, fake):
    fake.reply("one ", PAUSE)
    generation = start(generations, ann)
    until(lambda: last(store, generation).seen and last(store, generation).seen.build.version)
    generations.stop(ann, last(store, generation))
    reply = last(store, generation)
    assert (reply.state, reply.seen.build.quantization) == ("stopped", "Q4_K_M")


def test_what_the_server_does_not_tell_stays_unknown(generations, store, ann, fake):
    fake.reply(PAUSE, "one")
    generation = start(generations, ann)
    fake.wait_for_request()
    fake.models = []
    fake.release()
    followed(generation)
    reply = last(store, generation)
    assert (reply.state, reply.seen.build) == ("done", Build())


def test_a_server_that_breaks_off_tells_no_more_and_the_rest_is_kept(generations, store, ann, fake):
    fake.reply("one", Drop())
    reply = replied(generations, store, ann)
    assert (reply.state, reply.seen.num_ctx) == ("error", 8192)


def test_replies_of_before_builds_were_kept_can_be_read(generations, store, ann):
    reply = replied(generations, store, ann)
    store._writer.call(
        lambda db: db.execute("update messages set context = json_remove(context, '$.build')")
    )
    assert store.message(ann, reply.id).seen.build == Build()


@pytest.mark.parametrize("name", ["llama3.2", "llama3.2:latest"])
def test_a_model_is_known_by_its_short_name_too(generations, fake, name):
    fake.models = [fake_model("llama3.2:latest", digest=DIGEST)]
    assert generations._host.client().build(name).digest == DIGEST


def repeated(generations, store, owner, reply):
    generation = generations.repeat(owner, reply)
    followed(generation)
    until(lambda: last(store, generation).seen.build.version)
    return last(store, generation)


def test_a_reply_is_asked_for_again_by_the_same_request(generations, store, ann, fake):
    fake.models = [fake_model(MODEL, capabilities=["completion", "vision", "thinking"])]
    files = [File("cat.png", "image/png", b"bytes", None)]
    options = Options(temperature=0.3, stop=("END",), keep_alive="90", think="on")
    generation = generations.start(ann, None, "what is it?", MODEL, files, Choice(options))
    followed(generation)
    session_id = generation.turn.session.id
    reply = noted(generations, store, ann, "and now?", session_id)
    store.memory.choose_options(ann, session_id, Options(temperature=2, num_ctx=1024))
    store.memory.keep(ann, generation.turn.prompt.id, "left_out")
    again = repeated(generations, store, ann, reply)
    assert fake.requests[-1] == fake.requests[-2]
    assert (again.seen, again.versions) == (reply.seen, (reply.id, again.id))
    assert store.messages(ann, session_id)[-1].id == again.id


def test_what_stood_for_older_messages_does_so_again(generations_with, store, ann, fake):
    small = generations_with(num_ctx=512)
    session_id, compact = None, Choice(compact=Compact.ALWAYS)
    for n in range(12):
        turn = store.begin_turn(ann, session_id, f"{n}: {'words ' * 20}", MODEL, choice=compact)
        store.finish_reply(ann, turn.reply.id, "done", "Well, " + "words " * 20)
        session_id = turn.session.id
    for _ in range(10):
        fake.reply("It was about words.")
    reply = noted(small, store, ann, "so?", session_id)
    asked = fake.requests[-1]
    store.memory.summarise(ann, store.memory.summary(ann, reply.id).message_id, "About fire.")
    repeated(small, store, ann, reply)
    assert fake.requests[-1] == asked


def test_a_repeated_reply_can_be_repeated(generations, store, ann, fake):
    again = repeated(generations, store, ann, noted(generations, store, ann))
    repeated(generations, store, ann, again)
    assert fake.requests[0] == fake.requests[-1]


def test_a_reply_of_a_model_that_was_pulled_anew_is_not_repeated(generations, store, ann, fake):
    reply = noted(generations, store, ann)
    fake.models = [fake_model(MODEL, digest=DIGEST)]
    with pytest.raises(NotRepeatable, match=f"is {DIGEST[:12]}.*press Regenerate"):
        generations.repeat(ann, reply)
    assert len(fake.requests) == 1
    assert store.message(ann, reply.id).versions == (reply.id,)


def test_a_reply_of_a_model_that_is_gone_is_not_repeated(generations, store, ann, fake):
    reply = noted(generations, store, ann)
    fake.models = []
    with pytest.raises(ModelNotFound, match="ollama pull"):
        generations.repeat(ann, reply)
    fake.stop()
    with pytest.raises(ServerUnreachable):
        generations.repeat(ann, reply)
    assert store.message(ann, reply.id).versions == (reply.id,)


def test_a_continued_reply_is_not_repeated(generations, store, ann, fake):
    fake.reply("one ", Done("length"))
    reply = noted(generations, store, ann)
    followed(generations.resume(ann, reply))
    with pytest.raises(NotRepeatable, match="was continued"):
        generations.repeat(ann, reply)


@pytest.mark.parametrize("lost", ["$", "$.options.seed", "$.build"])
def test_a_reply_of_which_not_all_was_kept_is_not_repeated(generations, store, ann, lost):
    reply = noted(generations, store, ann)
    store._writer.call(
        lambda db: db.execute("update messages set context = json_remove(context, ?)", [lost])
    )
    with pytest.raises(NotRepeatable):
        generations.repeat(ann, reply)


def test_nothing_is_repeated_while_its_chat_replies(generations, store, ann, fake):
    reply = noted(generations, store, ann)
    fake.reply(PAUSE)
    first = generations.repeat(ann, reply)
    with pytest.raises(AlreadyGenerating):
        generations.repeat(ann, reply)
    fake.wait_for_request(2)
    generations.stop(ann, last(store, first))


def test_two_pages_that_repeat_a_reply_at_once_begin_one(generations, store, ann, fake):
    reply = noted(generations, store, ann)
    fake.reply(PAUSE)
    with ThreadPoolExecutor(4) as pages:
        tries = [pages.submit(generations.repeat, ann, reply) for _ in range(4)]
        refused = [type(each.exception(PATIENCE)) for each in tries]
    assert sorted(each.__name__ for each in refused) == ["AlreadyGenerating"] * 3 + ["NoneType"]
    assert len(store.message(ann, reply.id).versions) == 2


def test_nobody_repeats_the_reply_of_another(generations, store, ann, bob, fake):
    reply = noted(generations, store, ann)
    with pytest.raises(MessageNotFound):
        generations.repeat(bob, reply)
    assert len(fake.requests) == 1
