"""What of a prompt the worker reads anew, and that its replies are the same for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from chatcore.engine.bundled import bundled_gguf
from chatcore.engine.llama import _STEP_TOKENS, Llama
from chatcore.engine.refusals import Refused

PROMPT = [1000 + 7 * n % 900 for n in range(300)]
SEEDED: dict[str, object] = {"n_predict": 20, "temperature": 1.5, "seed": 5}


@contextmanager
def loaded() -> Iterator[Llama]:
    llama = Llama(bundled_gguf(), 512)
    try:
        llama.load()
        yield llama
    finally:
        llama.stop()


@pytest.fixture
def llama() -> Iterator[Llama]:
    with loaded() as llama:
        yield llama


async def replied(llama: Llama, *prompts: list[int]) -> tuple[str, int]:
    """The reply to the last of them, and in how many portions that was read before it."""
    reply, portions = "", 0
    post = llama._post

    async def counted(path: str, body: dict[str, object]) -> Any:
        nonlocal portions
        portions += 1
        return await post(path, body)

    for prompt in prompts:
        llama._post, portions = counted, 0  # type: ignore[method-assign]
        pieces = [piece async for piece in llama.complete(prompt, SEEDED)]
        reply = "".join(piece for piece in pieces if isinstance(piece, str))
        llama._post = post  # type: ignore[method-assign]
    return reply, portions


@pytest.fixture(scope="module")
def cold() -> tuple[str, int]:
    """The reply to PROMPT of a worker that has read nothing before."""
    with loaded() as llama:
        return asyncio.run(replied(llama, PROMPT))


@pytest.mark.parametrize("before", [300, 257, 256, 100, 33])
def test_of_a_prompt_that_goes_on_only_what_is_new_is_read(
    llama: Llama, cold: tuple[str, int], before: int
) -> None:
    reply, all_portions = cold
    warm, portions = asyncio.run(replied(llama, PROMPT[:before], PROMPT))
    assert warm == reply
    assert all_portions == 9
    assert portions == 1 + 9 - (before - 1) // _STEP_TOKENS


@pytest.mark.parametrize("first", [PROMPT[:40], PROMPT[:64] + PROMPT[200:], PROMPT[5:]])
def test_a_short_or_another_prompt_before_it_changes_nothing(
    llama: Llama, cold: tuple[str, int], first: list[int]
) -> None:
    async def both() -> None:
        reply, _ = await replied(llama, first, PROMPT)
        assert reply == cold[0]
        llama._held = []
        short, _ = await replied(llama, PROMPT[:20])
        assert (await replied(llama, first, PROMPT[:20]))[0] == short

    asyncio.run(both())


def test_a_worker_that_breaks_off_is_lost_before_the_system_says_so(llama: Llama) -> None:
    llama._http.base_url = httpx.URL("http://127.0.0.1:9")  # where nobody listens
    with pytest.raises(Refused, match="stopped unexpectedly"):
        asyncio.run(llama.tokens("hello"))
    assert llama._child.alive
    assert not llama.alive


def test_a_wrong_guess_of_what_is_cached_costs_time_only(
    llama: Llama, cold: tuple[str, int]
) -> None:
    async def guessed() -> None:
        await replied(llama, PROMPT[5:])
        llama._held = PROMPT[:256]
        assert await replied(llama, PROMPT) == (cold[0], 1 + 9)

    asyncio.run(guessed())
