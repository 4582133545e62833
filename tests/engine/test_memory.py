"""A chat that outgrew its window, with a real model: what is sent fits, and is predicted."""

import asyncio
import random
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, cast

import pytest

from chatcore.asking import MORE
from chatcore.counting import ENOUGH
from chatcore.engine import BUNDLED_NAME, EngineProcess
from chatcore.engine.llama import Llama
from chatcore.engine.served import bundled_model
from chatcore.generations import Generations
from chatcore.host import ModelHost
from chatcore.memory import Memory, Plan, Target
from chatcore.options import Choice, Compact, Options
from chatcore.personas import Persona
from chatcore.personas.builtin import BUILT_IN
from chatcore.settings import Settings
from chatcore.store import Store
from chatcore.types import File, InForce, Keep, Turn, Usage
from tests.recorder import Recorder
from tests.test_counting import CHATS

WINDOW = 512
ROOM = 24  # tokens of a reply, which leaves the window to the chat
WORDS = "the kettle sings on the stove while rain taps at the window, and nobody is in a hurry"
PERSONA = Persona(name="Jo", system="You are a ship's cook called Jo. " * 8)
Count = Callable[[list[dict[str, Any]]], int]


@dataclass(frozen=True)
class Kind:
    """A chat: its history, what is asked in it then, and what else is sent."""

    said: Callable[[int], str] = lambda n: f"{n}. {WORDS}"
    asked: Callable[[int], str] = "And {}?".format
    files: Callable[[int], list[str]] = lambda _: []
    persona: Persona | None = None
    pinned: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()
    compact: Compact = Compact.NEVER


def digits(n: int, numbers: int = 6) -> str:
    draw = random.Random(n)
    return " ".join(str(draw.randrange(10**9)) for _ in range(numbers))


KINDS = {
    "words": Kind(asked=lambda n: f"Write that again, number {n}, but shorter: {WORDS}. {WORDS}"),
    "code": Kind(said=lambda n: f"def step{n}(x):\n    return [{WORDS!r}, x * 2 + 1]  # why?"),
    "chinese": Kind(said="今天天气很好 我们去公园散步吧。{}".format),
    "thai": Kind(said="กาต้มน้ำร้องเพลงบนเตา क्षत्रिय नमस्ते {}".format),
    "finnish": Kind(said="{}. Satama oli hiljainen, ja mies korjasi verkkoja laiturilla.".format),
    "digits": Kind(said=digits),
    "digits after words": Kind(asked=lambda n: digits(n, 22) if n > 62 else "And?"),
    "blanks": Kind(
        said=lambda _: "if x:\n\t\t\t\tpass\r\n" * 4,
        asked=lambda n: f"{n}" + "x \t \t \r \r" * 30,
    ),
    "base64": Kind(said=lambda n: b64encode(random.Random(n).randbytes(60)).decode()),
    "small files": Kind(files=lambda n: [f"ok{n}"] * 5),
    "a table": Kind(files=lambda n: ["\n".join(digits(9 * n + i, 2) for i in range(12))]),
    "persona, pins": Kind(persona=PERSONA, pinned=(0, 3, 20), left_out=(2, 50, 118)),
    "summed up": Kind(persona=PERSONA, pinned=(0,), left_out=(4,), compact=Compact.ALWAYS),
}


@pytest.fixture(scope="module")
def count() -> Iterator[Count]:
    """By the engine's own tokens and template, which is quick: nothing is asked of the model."""
    llama = Llama(bundled_model().path, 2048)
    llama.load()
    loop = asyncio.new_event_loop()

    async def whole(messages: list[dict[str, Any]]) -> int:
        told = [{"role": m["role"], "content": m["content"]} for m in messages]
        return len(await llama.tokens(await llama.templated(told)))

    yield lambda messages: loop.run_until_complete(whole(messages))
    llama.stop()
    loop.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "x.db", num_ctx=WINDOW)


def fill(store: Store, owner: int, kind: Kind, turns: int = 60) -> str:
    """A chat of which the model has seen nothing."""
    session, in_force = None, None
    if kind.persona:
        in_force = InForce(store.personas.create(owner, kind.persona).version)
    choice = Choice(Options(num_predict=ROOM), kind.compact)
    for n in range(turns):
        turn = store.begin_turn(
            owner, session, kind.said(n), BUNDLED_NAME, choice=choice, in_force=in_force
        )
        store.finish_reply(owner, turn.reply.id, "done", "Well, nobody is in a hurry here.")
        session, in_force = turn.session.id, None
    assert session is not None
    messages = store.messages(owner, session)
    for keep, places in {"pinned": kind.pinned, "left_out": kind.left_out}.items():
        for n in places:
            store.memory.keep(owner, messages[n].id, cast("Keep", keep))
    return session


def summed_up(memory: Memory, store: Store, owner: int, turn: Turn, count: Count) -> None:
    target = Target(BUNDLED_NAME)
    while older := memory.older(owner, turn.session, turn.reply.id, target):
        message_id, told_to, request = older
        assert count(request.messages) + request.options["num_predict"] <= WINDOW
        said = "They spoke of kettles, and of the rain."
        store.memory.summarise(owner, message_id, said, told_to)


def taken(memory: Memory, owner: int, turn: Turn, target: Target, count: Count) -> tuple[Plan, int]:
    """What the engine takes at last, as it refuses what is longer than its window."""
    plan = memory.of(owner, turn.session, turn.reply, target)
    tokens = count(memory.request(owner, turn.reply, plan.seen).messages)
    if tokens < WINDOW:
        return plan, tokens
    more = target.more * max(MORE, tokens / WINDOW)
    return taken(memory, owner, turn, replace(target, more=more), count)


@pytest.mark.parametrize("name", KINDS)
def test_no_request_exceeds_the_window_by_the_engines_own_count(
    store: Store, ann: int, settings: Settings, count: Count, name: str
) -> None:
    kind, memory, target = KINDS[name], Memory(store, settings), Target(BUNDLED_NAME)
    session_id = fill(store, ann, kind)
    for n in range(60, 66):
        gauge = memory.next(ann, store.session(ann, session_id), target).fit
        files = [File("a_long_name.txt", "text/plain", b"", text) for text in kind.files(n)]
        turn = store.begin_turn(ann, session_id, kind.asked(n), BUNDLED_NAME, attachments=files)
        summed_up(memory, store, ann, turn, count)
        plan, tokens = taken(memory, ann, turn, target, count)
        if n > 60 + ENOUGH and not kind.files:
            assert abs(plan.seen.tokens / tokens - 1) < 0.10
            if plan.fit.sent[:-1] == gauge.sent[:-1] and len(kind.asked(n)) < 20:
                assert abs(gauge.tokens / tokens - 1) < 0.10
        store.memory.saw(ann, turn.reply.id, plan.seen)
        reply = "Well, nobody is in a hurry here today."
        usage = Usage(prompt_eval_count=tokens, eval_count=11)
        store.finish_reply(ann, turn.reply.id, "done", reply, usage=usage)


def test_what_a_persona_will_take_is_told_from_chats_without_one(
    store: Store, ann: int, settings: Settings, count: Count
) -> None:
    """Where no system message begins a chat, the template puts one there."""
    memory, target = Memory(store, replace(settings, num_ctx=2048)), Target(BUNDLED_NAME)
    session_id = None
    for prompt, _, reply, _ in CHATS["prose"][: ENOUGH + 1]:
        turn = store.begin_turn(ann, session_id, prompt, BUNDLED_NAME)
        session_id = turn.session.id
        plan = memory.of(ann, turn.session, turn.reply, target)
        tokens = count(memory.request(ann, turn.reply, plan.seen).messages)
        store.memory.saw(ann, turn.reply.id, plan.seen)
        usage = Usage(prompt_eval_count=tokens)
        store.finish_reply(ann, turn.reply.id, "done", reply, usage=usage)
    errors = []
    for persona in BUILT_IN.values():
        _, told = memory.tokens_of(ann, persona, target)
        roles = {"system": persona.system, "user": ""}
        tokens = count([{"role": role, "content": said} for role, said in roles.items()])
        errors.append(abs(told.tokens / tokens - 1))
    assert median(errors) < 0.05


def test_the_engine_counts_as_it_is_counted_here(
    store: Store, ann: int, engine: EngineProcess, settings: Settings, count: Count
) -> None:
    settings = replace(settings, ollama_host=engine.url())
    session_id = fill(store, ann, KINDS["words"])
    generations = Generations(store, ModelHost(settings), settings)
    try:
        generation = generations.start(ann, session_id, "And?", BUNDLED_NAME)
        generation.wait()
    finally:
        generations.close()
    reply = store.message(ann, generation.turn.reply.id)
    assert reply.seen is not None
    assert reply.usage is not None
    request = Memory(store, settings).request(ann, reply, reply.seen)
    assert reply.usage.prompt_eval_count == count(request.messages)


def test_what_the_engine_counts_as_too_long_is_sent_again_with_less(
    store: Store, ann: int, engine: EngineProcess, settings: Settings, count: Count
) -> None:
    recorder = Recorder(engine.url())
    settings = replace(settings, ollama_host=recorder.host)
    session_id = fill(store, ann, KINDS["words"])
    generations = Generations(store, ModelHost(settings), settings)
    korean = "한국어 " * 50
    try:
        for prompt in [*(f"And {n}?" for n in range(ENOUGH)), korean, "Why?", korean[:180]]:
            generation = generations.start(ann, session_id, prompt, BUNDLED_NAME)
            generation.wait()
            assert store.message(ann, generation.turn.reply.id).state == "done"
    finally:
        generations.close()
        recorder.close()
    counts = [count(request["messages"]) for request in recorder.requests]
    assert [n for n, tokens in enumerate(counts) if tokens >= WINDOW] == [ENOUGH]
    assert len(counts) == ENOUGH + 4


def test_what_a_real_model_remembers_of_what_was_summed_up(
    store: Store,
    ann: int,
    engine: EngineProcess,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What it answers is told and not judged: so small a model may say anything."""
    settings = replace(settings, ollama_host=engine.url())
    kind = Kind(lambda n: f"{n}?" if n else "My name is Ada.", compact=Compact.ALWAYS)
    session_id = fill(store, ann, kind, turns=31)
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
