"""One slot: who waits, who leaves, and what a death in mid-reply looks like."""

import os
import signal
import threading
import time
from collections.abc import Callable

import httpx
import ollama
import pytest

from chatcore.engine import BUNDLED_NAME
from tests.engine.conftest import Ask

# Continued to its limit by the small model, which takes many seconds.
ENDLESS = {"model": BUNDLED_NAME, "prompt": "1, 2, 3, 4, 5,", "raw": True}
ENDLESS_OPTIONS = {"temperature": 0, "num_predict": 3000}
# Waiting for the slot counts as loading. An endless reply takes far longer than this.
SOON = 8e9


def test_closing_the_stream_frees_the_slot(client: ollama.Client, ask: Ask) -> None:
    stream = client.generate(**ENDLESS, stream=True, options=ENDLESS_OPTIONS)
    for _ in range(5):
        next(stream)
    stream.close()
    assert ask(num_predict=1).load_duration < SOON


def test_leaving_a_whole_reply_frees_the_slot(raw: httpx.Client, ask: Ask) -> None:
    body = ENDLESS | {"stream": False, "options": ENDLESS_OPTIONS}
    with pytest.raises(httpx.ReadTimeout):
        raw.post("/api/generate", json=body, timeout=1)
    assert ask(num_predict=1).load_duration < SOON


def test_leaving_while_the_prompt_is_read_frees_the_slot(raw: httpx.Client, ask: Ask) -> None:
    words = " ".join(f"word{i}" for i in range(600))
    body = ENDLESS | {"prompt": words, "options": ENDLESS_OPTIONS}
    ask(num_predict=1)
    with pytest.raises(httpx.ReadTimeout):
        raw.post("/api/generate", json=body, timeout=0.5)
    assert ask(num_predict=1).load_duration < SOON


def test_leaving_the_queue_gives_up_the_place(
    client: ollama.Client, raw: httpx.Client, ask: Ask, worker_pid: Callable[[], int]
) -> None:
    stream = client.generate(**ENDLESS, stream=True, options=ENDLESS_OPTIONS)
    next(stream)
    before = worker_pid()
    # Had this one had its turn, it would have reloaded the model.
    with pytest.raises(httpx.ReadTimeout):
        raw.post("/api/generate", json=ENDLESS | {"options": {"num_ctx": 512}}, timeout=0.5)
    stream.close()
    ask(num_predict=1)
    assert worker_pid() == before


def test_requests_are_served_in_order(client: ollama.Client) -> None:
    served: list[int] = []

    def one(number: int) -> None:
        client.generate(BUNDLED_NAME, "hi", options={"num_predict": 20})
        served.append(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    stream = client.generate(**ENDLESS, stream=True, options={"num_predict": 3000})
    next(stream)
    for thread in threads:
        thread.start()
        time.sleep(0.2)
    stream.close()
    for thread in threads:
        thread.join(60)
    assert served == [0, 1, 2]


def test_the_api_answers_while_a_reply_is_under_way(client: ollama.Client) -> None:
    stream = client.generate(**ENDLESS, stream=True, options=ENDLESS_OPTIONS)
    next(stream)
    assert client.ps().models
    assert client.list().models
    stream.close()


def test_a_death_in_mid_reply_is_an_error_line_and_the_next_reply_works(
    client: ollama.Client, ask: Ask, worker_pid: Callable[[], int]
) -> None:
    stream = client.generate(**ENDLESS, stream=True, options=ENDLESS_OPTIONS)
    next(stream)
    os.kill(worker_pid(), signal.SIGKILL)
    with pytest.raises(ollama.ResponseError, match="the model stopped unexpectedly") as caught:
        list(stream)
    assert caught.value.status_code == -1
    assert ask().done
