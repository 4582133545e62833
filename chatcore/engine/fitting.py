"""Fits a chat into the context window by Ollama's rule.

The oldest messages are dropped until the prompt fits; system messages and the last one stay. Where
the request asks for it, nothing is, and a prompt that is too long refused with its length.
"""

from collections.abc import Awaitable, Callable

from chatcore.engine.llama import Llama, Message
from chatcore.engine.refusals import Refused

Tokens = Callable[[list[Message]], Awaitable[list[int]]]

# Ollama's own sentence.
TOO_LONG = (
    "the prompt is longer than the context length currently available to the model; shorten the "
    "prompt, adjust the context length in settings, or use a model with a longer context length"
)

# llama.cpp's, as Ollama hands it on.
BEYOND = "request ({} tokens) exceeds the available context size ({} tokens), try increasing it"


async def fitted_prompt(
    llama: Llama, messages: list[Message], window: int, truncate: bool
) -> list[int]:
    """The tokens of the chat, at most `window` - 1 of them, to leave room for a reply."""

    async def tokens(messages: list[Message]) -> list[int]:
        return await llama.tokens(await llama.templated(messages))

    if truncate:
        return await fit(messages, window - 1, tokens)
    prompt = await tokens(messages)
    if len(prompt) >= window:
        raise Refused(400, BEYOND.format(len(prompt), window))
    return prompt


async def fit(messages: list[Message], limit: int, tokens: Tokens) -> list[int]:
    prompt = await _first_accepted(messages, 0, tokens)
    if len(prompt) <= limit:
        return prompt
    best: list[int] | None = None
    # Dropping more never makes a prompt longer, so the least to drop is found by halving.
    low, high = 1, len(messages) - 1
    while low <= high:
        middle = (low + high) // 2
        prompt = await _first_accepted(messages, middle, tokens)
        if len(prompt) <= limit:
            best, high = prompt, middle - 1
        else:
            low = middle + 1
    if best is None:
        raise Refused(400, TOO_LONG)
    return best


async def _first_accepted(messages: list[Message], dropped: int, tokens: Tokens) -> list[int]:
    """The prompt without the `dropped` oldest, or without a few more.

    Some models' templates refuse a chat that opens with the assistant.
    """
    while True:
        kept = [m for m in messages[:dropped] if m["role"] == "system"] + messages[dropped:]
        try:
            return await tokens(kept)
        except Refused:
            if dropped == 0 or dropped >= len(messages) - 1:
                raise
            dropped += 1
