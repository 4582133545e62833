"""What a chat's options do to a real model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import ollama
import pytest

from chatcore.engine import BUNDLED_NAME, EngineProcess
from chatcore.generations import Generations
from chatcore.host import ModelHost
from chatcore.options import Options
from chatcore.settings import Settings
from chatcore.store import Store
from chatcore.types import Message

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
            ann, None, "Say hi.", BUNDLED_NAME, options=Options.model_validate(options)
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
