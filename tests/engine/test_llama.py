"""What of a prompt the worker reads anew, and that its replies are the same for it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from chatcore.engine.bundled import bundled_gguf
from chatcore.engine.llama import _STEP_TOKENS, Llama

PROMPT = [1000 + 7 * n % 900 for n in range(300)]
SEEDED: dict[str, object] = {"n_predict": 20, "temperature": 1.5, "seed": 5}


@pytest.fixture
def llama() -> Iterator[Llama]:
    llama = Llama(bundled_gguf(), 512)
    llama.load()
    yield llama
    llama.stop()


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


@pytest.mark.parametrize("before", [300, 257, 256, 100, 33])
def test_of_a_prompt_that_goes_on_only_what_is_new_is_read(llama: Llama, before: int) -> None:
    async def both() -> None:
        cold, all_portions = await replied(llama, PROMPT)
        llama._held = []
        warm, portions = await replied(llama, PROMPT[:before], PROMPT)
        assert warm == cold
        assert all_portions == 9
        assert portions == 1 + 9 - (before - 1) // _STEP_TOKENS

    asyncio.run(both())


@pytest.mark.parametrize("first", [PROMPT[:40], PROMPT[:64] + PROMPT[200:], PROMPT[5:]])
def test_a_short_or_another_prompt_before_it_changes_nothing(
    llama: Llama, first: list[int]
) -> None:
    async def both() -> None:
        for prompt in (PROMPT, PROMPT[:20]):
            llama._held = []
            cold, _ = await replied(llama, prompt)
            warm, _ = await replied(llama, first, prompt)
            assert warm == cold

    asyncio.run(both())


def test_a_wrong_guess_of_what_is_cached_costs_time_only(llama: Llama) -> None:
    async def both() -> None:
        cold, _ = await replied(llama, PROMPT)
        await replied(llama, PROMPT[5:])
        llama._held = PROMPT[:256]
        assert await replied(llama, PROMPT) == (cold, 1 + 9)

    asyncio.run(both())
