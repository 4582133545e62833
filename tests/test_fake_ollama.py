"""The fake does on the wire what its scripts say, as the official client sees it."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import ollama
import pytest

from tests import fake_ollama
from tests.fake_ollama import (
    PAUSE,
    Done,
    Drop,
    End,
    ErrorLine,
    FakeOllama,
    HalfLine,
    Hang,
    Status,
    Thinking,
    Wait,
    fake_model,
    tokens,
)

MODEL = "qwen3:8b"
QUESTION = [{"role": "user", "content": "hi"}]


@pytest.fixture
def fake() -> Iterator[FakeOllama]:
    with FakeOllama() as server:
        server.models = [
            fake_model(
                MODEL,
                parameter_size="8.2B",
                size=5_200_000_000,
                context_length=40_960,
                capabilities=["completion", "thinking"],
                family="qwen3",
            )
        ]
        yield server


@pytest.fixture
def client(fake: FakeOllama) -> Iterator[ollama.Client]:
    with ollama.Client(fake.host) as made:
        yield made


def chat(client: ollama.Client, text: str = "hi", **options: Any) -> Iterator[ollama.ChatResponse]:
    return client.chat(MODEL, [{"role": "user", "content": text}], stream=True, **options)


def contents(parts: Iterator[ollama.ChatResponse]) -> Iterator[str | None]:
    return (part.message.content for part in parts)


async def achat(fake: FakeOllama) -> AsyncIterator[ollama.ChatResponse]:
    client = ollama.AsyncClient(fake.host)
    async with client:
        async for part in await client.chat(MODEL, QUESTION, stream=True):
            yield part


def test_installed_and_loaded_models_are_described(fake: FakeOllama, client: ollama.Client) -> None:
    fake.loaded = {MODEL}
    (listed,), (loaded,) = client.list().models, client.ps().models
    shown = client.show(MODEL)
    assert (listed.model, listed.size, listed.details.parameter_size) == (MODEL, 5.2e9, "8.2B")
    assert (loaded.model, loaded.context_length, loaded.size_vram) == (MODEL, 4096, 5.2e9)
    assert shown.modelinfo["qwen3.context_length"] == 40_960
    assert shown.capabilities == ["completion", "thinking"]
    assert httpx.get(f"{fake.host}/api/version").json() == {"version": fake.version}
    assert httpx.get(fake.host).text == "Ollama is running"
    assert httpx.head(fake.host).status_code == 200


def test_a_chat_loads_the_model_with_its_context(client: ollama.Client) -> None:
    assert not client.ps().models
    list(chat(client, options={"num_ctx": 8192}))
    assert client.ps().models[0].context_length == 8192
    assert client.chat(MODEL, [], keep_alive=0).done_reason == "unload"
    assert not client.ps().models


def test_unscripted_chat_echoes_in_chunks(fake: FakeOllama, client: ollama.Client) -> None:
    parts = list(chat(client, "good day"))
    assert list(contents(iter(parts))) == ["You", " said:", " good", " day.", ""]
    last = parts[-1]
    assert (last.done, last.done_reason, last.eval_count) == (True, "stop", 4)
    assert last.total_duration >= last.load_duration + last.eval_duration > 0
    assert fake.requests[0]["messages"] == [{"role": "user", "content": "good day"}]


def test_script_is_played_in_order(fake: FakeOllama, client: ollama.Client) -> None:
    fake.reply(Thinking("hm"), "text", Wait(0.01), Done("length", 7, 12))
    thought, text, last = chat(client)
    assert (thought.message.thinking, thought.message.content) == ("hm", "")
    assert text.message.content == "text"
    assert (last.done_reason, last.eval_count, last.prompt_eval_count) == ("length", 7, 12)


def test_unstreamed_chat_and_generate_answer_at_once(
    fake: FakeOllama, client: ollama.Client
) -> None:
    fake.reply(Thinking("hm"), "one ", "two")
    answer = client.chat(MODEL, QUESTION)
    assert (answer.message.content, answer.message.thinking) == ("one two", "hm")
    assert (answer.done, answer.eval_count) == (True, 3)
    assert client.generate(MODEL, "hi").response == "You said: hi."
    assert len(fake.requests) == 1


@pytest.mark.parametrize("stream", [True, False])
def test_status_comes_before_the_first_byte(
    fake: FakeOllama, client: ollama.Client, stream: bool
) -> None:
    fake.reply(Status(503, "server busy"))
    with pytest.raises(ollama.ResponseError, match="server busy") as caught:
        list(client.chat(MODEL, QUESTION, stream=stream))
    assert caught.value.status_code == 503


def test_requests_ollama_refuses_are_refused(fake: FakeOllama, client: ollama.Client) -> None:
    fake.models.append(fake_model("plain:latest"))
    fake.reply("kept for the next good one")
    with pytest.raises(ollama.ResponseError, match="model 'gone' not found"):
        client.chat("gone", QUESTION)
    with pytest.raises(ollama.ResponseError, match="model 'gone' not found"):
        client.show("gone")
    with pytest.raises(ollama.ResponseError, match='"plain" does not support thinking'):
        client.chat("plain", QUESTION, think=True)
    assert client.chat("plain", QUESTION).message.content == "kept for the next good one"


def test_error_line_ends_a_reply_that_began_well(fake: FakeOllama, client: ollama.Client) -> None:
    fake.reply("some ", ErrorLine("boom"))
    parts = contents(chat(client))
    assert next(parts) == "some "
    with pytest.raises(ollama.ResponseError, match="boom"):
        next(parts)


@pytest.mark.parametrize("last", [Drop(), HalfLine('{"model": "x", "mess')])
def test_connection_is_cut_after_what_was_said(
    fake: FakeOllama, client: ollama.Client, last: Drop | HalfLine
) -> None:
    fake.reply("some ", last)
    parts = contents(chat(client))
    assert next(parts) == "some "
    with pytest.raises(httpx.RemoteProtocolError):
        next(parts)


def test_connection_is_cut_before_the_first_byte(fake: FakeOllama, client: ollama.Client) -> None:
    fake.reply(Drop())
    with pytest.raises(httpx.RemoteProtocolError):
        client.chat(MODEL, QUESTION)


def test_stream_ends_well_formed_without_done(fake: FakeOllama, client: ollama.Client) -> None:
    fake.reply("a", End())
    fake.reply(End())
    fake.reply("a", HalfLine('{"model": "x", "mess'), End())
    assert [part.done for part in chat(client)] == [False]
    assert list(chat(client)) == []
    with pytest.raises(json.JSONDecodeError):
        list(chat(client))


def test_pause_holds_until_release(fake: FakeOllama, client: ollama.Client) -> None:
    fake.reply("one ", PAUSE, "two ", PAUSE, "three")
    parts = contents(chat(client))
    assert next(parts) == "one "
    assert fake.running == 1
    fake.release()
    assert next(parts) == "two "
    fake.release()
    assert list(parts) == ["three", ""]
    fake.wait_until_idle()
    assert fake.disconnects == []


@pytest.mark.parametrize("held", [Hang(), Wait(60)])
@pytest.mark.parametrize("said", [[], ["one "]])
def test_client_that_goes_is_noticed_at_once(
    fake: FakeOllama, held: Hang | Wait, said: list[str]
) -> None:
    async def go_away() -> float:
        task = asyncio.create_task(anext(aiter(achat(fake))))
        await asyncio.to_thread(fake.wait_for_request)
        task.cancel()
        await asyncio.wait([task])
        return time.monotonic()

    fake.reply(*said, held)
    left = asyncio.run(go_away())
    fake.wait_until_idle(1)
    assert len(fake.disconnects) == 1
    assert abs(fake.disconnects[0] - left) < 0.5


def test_stopped_server_cuts_replies_and_comes_back(
    fake: FakeOllama, client: ollama.Client
) -> None:
    fake.reply("one ", PAUSE)
    parts = contents(chat(client))
    assert next(parts) == "one "
    fake.stop()
    with pytest.raises(httpx.RemoteProtocolError):
        next(parts)
    with pytest.raises(httpx.ConnectError):
        list(chat(client))
    fake.start()
    assert list(contents(chat(client)))[-2] == " hi."
    assert fake.disconnects == []


def test_timed_reply_keeps_its_schedule(fake: FakeOllama, client: ollama.Client) -> None:
    parts = list(chat(client, "go [[t200-n40-w100.ab]]"))
    timing = fake.timings["ab"]
    assert [part.message.content for part in parts[:-1]] == tokens(40, "ab")
    assert (timing.sent, parts[-1].eval_count) == (40, 40)
    assert timing.first is not None
    assert timing.last is not None
    assert timing.first - timing.request >= 0.1
    assert timing.last - timing.first >= 38 / 200


def test_timed_text_is_prose_of_the_size_asked_for() -> None:
    text = "".join(tokens(1000, "x"))
    assert text.startswith("STARTx ")
    assert text.endswith(" ENDx")
    assert len(tokens(1000, "x")) == 1000
    assert 3900 < len(text) < 4100
    assert 14 <= text.count("\n\n") <= 18
    assert [tokens(n, "x") for n in (1, 2)] == [["STARTx ENDx"], ["STARTx ", " ENDx"]]


def test_waiting_in_vain_fails_the_test(fake: FakeOllama, client: ollama.Client) -> None:
    with pytest.raises(AssertionError, match="0 chats"):
        fake.wait_for_request(timeout=0.01)
    fake.reply("one", PAUSE)
    parts = chat(client)
    next(parts)
    assert fake.wait_for_request()["model"] == MODEL
    with pytest.raises(AssertionError, match="1 replies"):
        fake.wait_until_idle(timeout=0.01)


def test_status_after_text_is_a_mistake_in_the_script(fake: FakeOllama) -> None:
    with pytest.raises(ValueError, match="after the first chunk"):
        fake.reply("text", Status(500, "late"))


def test_it_runs_by_hand() -> None:
    command = [sys.executable, fake_ollama.__file__, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        host = process.stdout.readline().split()[-1]
        with ollama.Client(host) as client:
            client.chat("llama3.2:3b", [{"role": "user", "content": "[[t0-n9.x]]"}])
        timings = httpx.get(f"{host}/fake/timings").json()
        process.terminate()
    assert timings["x"]["sent"] == 9
