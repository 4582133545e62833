"""Speaks to one worker process: tokens in, text out. Knows nothing of the Ollama API.

The prompt is read in small portions, always the same. llama.cpp cannot be interrupted while it
reads one, so their length is the longest a cancelled request still keeps the processor busy.
"""

import json
import os
import secrets
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx

from chatcore.engine.child import Child, ChildFailed
from chatcore.engine.refusals import Refused

Message = dict[str, str]

_LOAD_SECONDS = 600.0
_STEP_TOKENS = 32
_STOPPED = "the model stopped unexpectedly; send the message again"


@dataclass(frozen=True)
class Outcome:
    """How a reply ended; counts in tokens, times in milliseconds."""

    reason: str
    prompt_ms: float
    reply_count: int
    reply_ms: float


class Llama:
    def __init__(self, path: Path, num_ctx: int) -> None:
        """Start the worker; it is not ready before `load`."""
        self.num_ctx = num_ctx
        self._path = path
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in stop)
        self._child = Child(["-m", "chatcore.engine.worker"], self._errors)
        self._http: httpx.AsyncClient
        # What the worker's cache holds that was read in whole portions, as far as is known: a
        # wrong guess costs time only.
        self._held: list[int] = []
        self._broke_off = False

    @property
    def alive(self) -> bool:
        """A worker that broke off is lost: the system may not have told yet that it ended."""
        return not self._broke_off and self._child.alive

    def load(self) -> None:
        """Block until the model is loaded."""
        key = secrets.token_hex(16)
        settings = {"path": str(self._path), "num_ctx": self.num_ctx, "key": key}
        try:
            self._child.tell(json.dumps(settings | {"threads": _threads()}))
            address = self._child.first_line(_LOAD_SECONDS)
        except ChildFailed as exc:
            raise Refused(500, f"the model did not load: {exc}") from exc
        self._http = httpx.AsyncClient(
            base_url=address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=None,
            trust_env=False,
            # The worker drops idle connections, at times just when the next request is sent.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def stop(self) -> None:
        self._child.kill()
        self._errors.close()

    async def templated(self, messages: list[Message]) -> str:
        # A model that can think aloud is asked not to: the engine has no place for thoughts.
        body: dict[str, object] = {
            "messages": messages,
            "chat_template_kwargs": {"enable_thinking": False},
        }
        return str((await self._post("/apply-template", body))["prompt"])

    async def tokens(self, text: str) -> list[int]:
        body = {"content": text, "add_special": True, "parse_special": True}
        tokens: list[int] = (await self._post("/tokenize", body))["tokens"]
        return tokens

    async def complete(
        self, prompt: list[int], request: dict[str, object]
    ) -> AsyncGenerator[str | Outcome, None]:
        """The reply to `prompt` in pieces, and its Outcome last.

        What is cached is used, and changes nothing: llama.cpp does not promise equal numbers where
        a prompt is read in other portions, and a seeded reply must always be the same.
        """
        prompt_ms = await self._read_prompt(prompt)
        body = request | {"prompt": prompt, "cache_prompt": len(prompt) > _STEP_TOKENS}
        async with aclosing(self._events(body)) as events:
            async for event in events:
                if event["content"]:
                    yield event["content"]
                if event["stop"]:
                    yield _outcome(event, prompt_ms)

    async def _read_prompt(self, prompt: list[int]) -> float:
        """Fill the cache with all whole portions but the last; return the milliseconds it took."""
        # The last token is read anew in any case, as its successor comes of it.
        start = self._shared(prompt[:-1]) // _STEP_TOKENS * _STEP_TOKENS
        self._held = prompt[:start]
        spent = await self._cut(prompt[start]) if start else 0.0
        for end in range(len(self._held) + _STEP_TOKENS, len(prompt), _STEP_TOKENS):
            body = {"prompt": prompt[:end], "n_predict": 0, "cache_prompt": end > _STEP_TOKENS}
            spent += (await self._post("/completion", body))["timings"]["prompt_ms"]
            self._held = prompt[:end]
        return spent

    async def _cut(self, following: int) -> float:
        """Let the worker forget all but what is held, by a token that does not follow there.

        Where it reads more than that token, it held less: then nothing is. Returns milliseconds.
        """
        other = 1 if following == 0 else 0
        body = {"prompt": [*self._held, other], "n_predict": 0, "cache_prompt": True}
        timings = (await self._post("/completion", body))["timings"]
        if timings["prompt_n"] != 1:
            self._held = []
        return float(timings["prompt_ms"])

    def _shared(self, prompt: list[int]) -> int:
        pairs = zip(self._held, prompt, strict=False)
        return next(
            (i for i, (a, b) in enumerate(pairs) if a != b), min(len(self._held), len(prompt))
        )

    async def _post(self, path: str, body: dict[str, object]) -> Any:
        try:
            response = await self._http.post(path, content=json.dumps(body).encode())
        except httpx.HTTPError as exc:
            raise self._lost() from exc
        if response.is_error:
            raise _refusal(response.status_code, response.content)
        return response.json()

    async def _events(self, body: dict[str, object]) -> AsyncGenerator[dict[str, Any], None]:
        content = json.dumps(body | {"stream": True}).encode()
        request = self._http.build_request("POST", "/completion", content=content)
        try:
            response = await self._http.send(request, stream=True)
            try:
                if response.is_error:
                    raise _refusal(response.status_code, await response.aread())
                async for line in _lines(response):
                    if event := _event(line):
                        yield event
            finally:
                # Closing the connection is what stops llama.cpp.
                with anyio.CancelScope(shield=True):
                    await response.aclose()
        except httpx.HTTPError as exc:
            raise self._lost() from exc

    def _lost(self) -> Refused:
        self._broke_off = True
        return Refused(500, _STOPPED)


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    # Not aiter_lines: it also splits at U+2028 and U+0085, which may stand inside the text.
    rest = b""
    async for data in response.aiter_bytes():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line


def _event(line: bytes) -> dict[str, Any] | None:
    """A line of the stream; pings and separators are none."""
    kind, _, data = line.partition(b": ")
    if kind == b"error" or data.startswith(b'{"error"'):
        raise _refusal(500, data)
    event: dict[str, Any] | None = json.loads(data) if kind == b"data" else None
    return event


def _refusal(status: int, body: bytes) -> Refused:
    try:
        found = json.loads(body)
        message = found.get("error", found).get("message")
    except (ValueError, AttributeError):
        message = None
    return Refused(status, message or "the model refused the request without a reason")


def _outcome(event: dict[str, Any], prompt_ms: float) -> Outcome:
    timings = event["timings"]
    return Outcome(
        reason="length" if event["stop_type"] == "limit" else "stop",
        prompt_ms=prompt_ms + timings["prompt_ms"],
        reply_count=event["tokens_predicted"],
        reply_ms=timings["predicted_ms"],
    )


def _threads() -> int:
    """Half the cores this process may use: the other half is for the app."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)) // 2)
    return max(1, (os.cpu_count() or 1) // 2)
