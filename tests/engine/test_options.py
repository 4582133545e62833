"""What a chat's options do to a real model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import ollama
import pytest

from chatcore.engine import BUNDLED_NAME, EngineProcess
from chatcore.generations import Generations
from chatcore.host import ModelHost
from chatcore.options import Choice, Options
from chatcore.settings import Settings
from chatcore.store import Store
from chatcore.types import Message
from tests.test_generations import until

Reply = Callable[..., Message]


@pytest.fixture
def generations(engine: EngineProcess, store: Store, tmp_path: Path) -> Iterator[Generations]:
    settings = Settings(tmp_path / "x.db", ollama_host=engine.url(), num_ctx=512)
    generations = Generations(store, ModelHost(settings), settings)
    yield generations
    generations.close()


@pytest.fixture
def reply(generations: Generations, store: Store, ann: int) -> Reply:
    """The first of a new chat."""

    def reply(**options: object) -> Message:
        generation = generations.start(
            ann, None, "Say hi.", BUNDLED_NAME, choice=Choice(Options.model_validate(options))
        )
        generation.wait()
        return store.message(ann, generation.turn.reply.id)

    return reply


def test_a_reply_ends_at_its_limit(reply: Reply) -> None:
    usage = reply(num_predict=3).usage
    assert usage is not None
    assert (usage.eval_count, usage.done_reason) == (3, "length")


def test_a_model_stays_in_memory_as_long_as_the_chat_says(
    reply: Reply, client: ollama.Client
) -> None:
    reply(num_predict=1, keep_alive="-1")
    [running] = client.ps().models
    assert running.expires_at is not None
    assert running.expires_at.year > 2300
    reply(num_predict=1, keep_alive="0")
    assert client.ps().models == []


def test_a_reply_run_again_exactly_is_equal_byte_for_byte(
    generations: Generations, store: Store, ann: int
) -> None:
    """Also in the middle of a chat, of which the engine has the next turns in its cache by then."""
    session, replies = None, []
    for prompt in ("Tell me of a fox.", "And of its den?", "Go on."):
        options = Options(temperature=1.5, num_predict=40)
        turn = generations.start(ann, session, prompt, BUNDLED_NAME, choice=Choice(options))
        turn.wait()
        session = turn.turn.session.id
        replies.append(store.message(ann, turn.turn.reply.id))
    until(lambda: store.message(ann, replies[-1].id).seen.build.version)
    for reply in reversed(replies):
        again = generations.repeat(ann, reply)
        again.wait()
        copy = store.message(ann, again.turn.reply.id)
        assert (copy.state, copy.body) == (reply.state, reply.body)
        assert len(copy.body) > 20


def test_a_reply_of_another_seed_is_another(reply: Reply) -> None:
    options = {"temperature": 1.5, "num_predict": 40}
    assert reply(seed=1, **options).body != reply(seed=2, **options).body
