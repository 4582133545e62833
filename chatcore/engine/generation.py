"""Makes the replies: takes the slot, fits the prompt, and tells the story in Ollama's chunks.

Knows nothing of HTTP. Text goes under "text"; the API moves it where its route wants it.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

from chatcore.engine.fitting import TOO_LONG, fitted_prompt
from chatcore.engine.llama import Llama, Outcome
from chatcore.engine.model import Model
from chatcore.engine.refusals import Refused
from chatcore.engine.requests import Job

Chunk = dict[str, object]


async def reply(model: Model, job: Job) -> AsyncGenerator[Chunk, None]:
    """The chunks of one reply; the last has done, the reason, and the true counts and times."""
    if not job.prompt:
        yield await _load_or_unload(model, job)
        return
    started = time.perf_counter_ns()
    async with model.slot(job.options.num_ctx, job.keep_alive) as llama:
        loaded = time.perf_counter_ns()
        prompt = await _prompt(llama, job)
        request = _llama_request(job, llama.num_ctx - len(prompt))
        async with aclosing(llama.complete(prompt, request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Outcome):
                    outcome = piece
                else:
                    yield _chunk(job, piece)
    # After the slot is free: whoever has seen the end finds the model in its final state.
    ended = _ended(outcome, len(prompt))
    times = {"total_duration": time.perf_counter_ns() - started, "load_duration": loaded - started}
    yield _chunk(job, "") | {"done": True} | ended | times


async def _load_or_unload(model: Model, job: Job) -> Chunk:
    if job.keep_alive == 0:
        await model.release()
        return _chunk(job, "") | {"done": True, "done_reason": "unload"}
    async with model.slot(job.options.num_ctx, job.keep_alive):
        return _chunk(job, "") | {"done": True, "done_reason": "load"}


async def _prompt(llama: Llama, job: Job) -> list[int]:
    if not isinstance(job.prompt, str):
        return await fitted_prompt(llama, job.prompt, llama.num_ctx, job.truncate)
    tokens = await llama.tokens(job.prompt)
    if len(tokens) >= llama.num_ctx:
        raise Refused(400, TOO_LONG)
    return tokens


def _llama_request(job: Job, room: int) -> dict[str, object]:
    wanted = job.options.num_predict
    request = job.options.sampling | job.constraint
    request["n_predict"] = room if wanted < 0 else min(wanted, room)
    if job.options.seed is not None:
        request["seed"] = job.options.seed
    return request


def _chunk(job: Job, text: str) -> Chunk:
    created = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"model": job.model, "created_at": created, "text": text, "done": False}


def _ended(outcome: Outcome, prompt_count: int) -> Chunk:
    return {
        "done_reason": outcome.reason,
        "prompt_eval_count": prompt_count,
        "prompt_eval_duration": int(outcome.prompt_ms * 1e6),
        "eval_count": outcome.reply_count,
        "eval_duration": int(outcome.reply_ms * 1e6),
    }
