"""A chat that outgrew its window, with a real model: what is sent fits, and is predicted."""

from pathlib import Path

import ollama
import pytest

from chatcore.context import room
from chatcore.counting import ENOUGH
from chatcore.engine import BUNDLED_NAME, EngineProcess
from chatcore.generations import Generations
from chatcore.host import ModelHost
from chatcore.memory import Memory
from chatcore.options import Compact
from chatcore.settings import Settings
from chatcore.store import Store

WINDOW = 512
WORDS = "the kettle sings on the stove while rain taps at the window, and nobody is in a hurry"
KINDS = [
    "What do you think of this: {}?",
    "Write that again, but shorter: {} {} {}",
    "def step(x):\n    return [{!r}, x * 2 + 1]  # why?",
    "今天天气很好 我们去公园散步吧。{}",
]


def prompt(n: int) -> str:
    return f"{n}. " + KINDS[n % len(KINDS)].format(*[WORDS] * 3)


@pytest.fixture
def settings(engine: EngineProcess, tmp_path: Path) -> Settings:
    return Settings(tmp_path / "x.db", ollama_host=engine.url(), num_ctx=WINDOW)


def fill(store: Store, owner: int, *prompts: str) -> str:
    """A chat of which the model has seen nothing."""
    session = None
    for text in prompts:
        turn = store.begin_turn(owner, session, text, BUNDLED_NAME)
        store.finish_reply(owner, turn.reply.id, "done", f"Well, {WORDS}.")
        session = turn.session.id
    assert session is not None
    return session


def test_a_long_chat_never_exceeds_the_window_by_the_engines_own_count(
    store: Store, ann: int, settings: Settings, client: ollama.Client
) -> None:
    session_id = fill(store, ann, *map(prompt, range(60)))
    generations = Generations(store, ModelHost(settings), settings)
    memory = Memory(store, settings)
    replies = []
    try:
        for n in range(60, 66):
            generation = generations.start(ann, session_id, prompt(n), BUNDLED_NAME)
            generation.wait()
            replies.append(store.message(ann, generation.turn.reply.id))
    finally:
        generations.close()
    for n, reply in enumerate(replies):
        assert reply.seen is not None
        assert reply.usage is not None
        count = whole_count(client, memory.request(ann, reply, reply.seen).messages)
        assert count == reply.usage.prompt_eval_count
        assert count <= WINDOW - room(WINDOW, None)
        assert n < ENOUGH or abs(reply.seen.tokens / count - 1) < 0.10


def test_what_a_real_model_remembers_of_what_was_summed_up(
    store: Store, ann: int, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it answers is told and not judged: so small a model may say anything."""
    session_id = fill(store, ann, "My name is Ada.", *map(str, range(30)))
    store.memory.choose_compact(ann, session_id, Compact.ALWAYS)
    generations = Generations(store, ModelHost(settings), settings)
    try:
        generation = generations.start(ann, session_id, "What is my name?", BUNDLED_NAME)
        generation.wait()
    finally:
        generations.close()
    reply = store.message(ann, generation.turn.reply.id)
    summary = store.memory.summary(ann, reply.id)
    assert reply.state == "done"
    assert reply.seen is not None
    assert summary is not None
    assert reply.seen.summary == summary.id
    with capsys.disabled():
        print(f"\nSummed up as {summary.body!r}; asked for the name: {reply.body!r}")


def whole_count(client: ollama.Client, messages: list[dict[str, object]]) -> int:
    """In a window where nothing is cut."""
    options = {"num_ctx": 8192, "num_predict": 1}
    count = client.chat(BUNDLED_NAME, messages, options=options).prompt_eval_count
    assert count is not None
    return count
