"""The context window, and how long the model stays loaded."""

import re
import time
from collections.abc import Callable

import httpx
import ollama
import pytest

from chatcore.engine import BUNDLED_NAME
from tests.engine.conftest import Ask

LONG_CHAT = [
    {"role": "system", "content": "Be brief."},
    *(
        {"role": ("user", "assistant")[i % 2], "content": f"{i} lorem ipsum dolor sit " * 3}
        for i in range(21)
    ),
]


def window(client: ollama.Client) -> int | None:
    return client.ps().models[0].context_length


def test_another_num_ctx_reloads_the_model(
    client: ollama.Client, ask: Ask, worker_pid: Callable[[], int]
) -> None:
    ask(num_ctx=512)
    first = worker_pid()
    assert window(client) == 512
    ask(num_ctx=512)
    assert worker_pid() == first
    ask()
    assert window(client) == 4096


def test_num_ctx_never_exceeds_the_trained_window(client: ollama.Client, ask: Ask) -> None:
    ask(num_ctx=1_000_000)
    assert window(client) == 8192


def test_a_long_chat_loses_its_oldest_messages(client: ollama.Client) -> None:
    options = {"num_ctx": 256, "num_predict": 2}
    reply = client.chat(BUNDLED_NAME, LONG_CHAT, options=options)
    kept = client.chat(BUNDLED_NAME, LONG_CHAT[:1] + LONG_CHAT[-4:], options=options)
    assert kept.prompt_eval_count < reply.prompt_eval_count < 256


def test_a_reply_ends_where_the_window_ends(client: ollama.Client) -> None:
    options = {"num_ctx": 128, "temperature": 0}
    reply = client.generate(BUNDLED_NAME, "1, 2, 3, 4, 5,", raw=True, options=options)
    assert reply.done_reason == "length"
    assert reply.prompt_eval_count + reply.eval_count == 128


@pytest.mark.parametrize("stream", [False, True])
def test_one_message_that_is_too_long_is_refused(client: ollama.Client, stream: bool) -> None:
    messages = [{"role": "user", "content": "word " * 600}]
    with pytest.raises(ollama.ResponseError, match="the prompt is longer than") as caught:
        list(client.chat(BUNDLED_NAME, messages, stream=stream, options={"num_ctx": 512}))
    assert caught.value.status_code == 400


def test_a_chat_is_refused_whole_where_nothing_is_to_be_cut(raw: httpx.Client) -> None:
    body = {"model": BUNDLED_NAME, "messages": LONG_CHAT, "truncate": False}
    refused = raw.post("/api/chat", json=body | {"options": {"num_ctx": 256}})
    assert refused.status_code == 400
    counted = re.search(r"request \((\d+) tokens\) exceeds .*\(256 tokens\)", refused.text)
    assert counted is not None
    options = {"num_ctx": 2048, "num_predict": 1}
    whole = raw.post("/api/chat", json=body | {"options": options, "stream": False}).json()
    assert whole["prompt_eval_count"] == int(counted[1])


def test_a_raw_prompt_that_is_too_long_is_refused(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="the prompt is longer than"):
        client.generate(BUNDLED_NAME, "word " * 600, raw=True, options={"num_ctx": 512})


def test_empty_messages_load_and_unload(client: ollama.Client) -> None:
    loaded = client.chat(BUNDLED_NAME, [])
    assert (loaded.done_reason, len(client.ps().models)) == ("load", 1)
    unloaded = client.chat(BUNDLED_NAME, [], keep_alive=0)
    assert (unloaded.done_reason, len(client.ps().models)) == ("unload", 0)


def test_an_empty_prompt_loads_and_unloads(client: ollama.Client) -> None:
    assert client.generate(BUNDLED_NAME).done_reason == "load"
    assert client.generate(BUNDLED_NAME, keep_alive="0s").done_reason == "unload"
    assert client.ps().models == []


def test_zero_keep_alive_unloads_after_the_reply(client: ollama.Client) -> None:
    client.generate(BUNDLED_NAME, "hi", keep_alive=0, options={"num_predict": 1})
    assert client.ps().models == []


def test_the_model_unloads_when_idle(client: ollama.Client) -> None:
    client.generate(BUNDLED_NAME, "hi", keep_alive="500ms", options={"num_predict": 1})
    deadline = time.monotonic() + 20
    while client.ps().models:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_reply_longer_than_its_keep_alive_is_not_cut(client: ollama.Client) -> None:
    options = {"temperature": 0, "num_predict": 100}
    client.generate(BUNDLED_NAME, "hi", keep_alive="10ms", options={"num_predict": 1})
    reply = client.generate(BUNDLED_NAME, "1, 2,", raw=True, keep_alive=0.01, options=options)
    assert reply.eval_count == 100


def test_a_negative_keep_alive_is_for_ever(client: ollama.Client) -> None:
    client.chat(BUNDLED_NAME, [], keep_alive=-1)
    [running] = client.ps().models
    assert running.expires_at is not None
    assert running.expires_at.year > 2300
