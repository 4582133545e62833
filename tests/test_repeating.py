"""What a reply keeps of the model that made it, and how it is made again."""

import pytest

from chatcore.types import Build
from tests.fake_ollama import PAUSE, Drop, fake_model
from tests.test_generations import followed, last, start, until
from tests.test_memory import MODEL

DIGEST = "5" * 64


def replied(generations, store, owner, *given):
    generation = start(generations, owner, *given)
    followed(generation)
    return last(store, generation)


def test_a_reply_keeps_which_model_of_which_server_made_it(generations, store, ann, fake):
    fake.models = [fake_model(MODEL, digest=DIGEST, quantization_level="Q8_0")]
    fake.version = "0.13.1"
    assert replied(generations, store, ann).seen.build == Build(DIGEST, "Q8_0", "0.13.1")


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
    store._write(
        lambda db: db.execute("update messages set context = json_remove(context, '$.build')")
    )
    assert store.message(ann, reply.id).seen.build == Build()


@pytest.mark.parametrize("name", ["llama3.2", "llama3.2:latest"])
def test_a_model_is_known_by_its_short_name_too(generations, fake, name):
    fake.models = [fake_model("llama3.2:latest", digest=DIGEST)]
    assert generations._host.client().build(name).digest == DIGEST
