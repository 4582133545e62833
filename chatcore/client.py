"""One Ollama server through the official client: its models, and replies as they stream.

Every error of ollama and httpx becomes one of ours here, around the iteration and not only the
call. It knows nothing of sessions, and nothing of how the server was found.
"""

import asyncio
import os
import re
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
from pydantic import ValidationError

from chatcore.errors import (
    ChatError,
    ModelNotFound,
    ServerError,
    ServerUnreachable,
    SettingsError,
    WindowExceeded,
)
from chatcore.options import Think
from chatcore.types import Build, ChatRequest, Chunk, ModelInfo, Usage

# The library makes a client of its own when it is imported, which a bad address in the
# environment would end, and the program with it, before that address can be told.
_SETS_THE_ADDRESS = {"OLLAMA_HOST", "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"}
_kept = {key: os.environ.pop(key) for key in list(os.environ) if key.upper() in _SETS_THE_ADDRESS}
import ollama  # noqa: E402

os.environ.update(_kept)

LISTING_TIMEOUT = 3  # seconds; listing models never waits for one
CONNECT_TIMEOUT = 3

SHOWN_FOR = 60.0  # seconds; `ollama pull` may bring another model of the same name

WORDS = 200  # characters of what a server says of its failure
IN_MID_REPLY = -1  # the status that the library gives an error inside a stream

EVERYWHERE = re.compile(r"^((?:https?://)?(?:[^/@]*@)?)0\.0\.0\.0(?=[:/]|$)", re.IGNORECASE)
LOOPBACK = re.compile(r"^(https?://)?(127\.|localhost\b|\[::1\]|:)")

# As llama.cpp says it, with its count, and as Ollama did before and does of what it cuts itself.
TOO_LONG = re.compile(
    r"(?:request \((\d+) tokens\) )?(?:exceeds|is longer than) the (?:available )?context"
    r" (?:size|length)(?: \((\d+) tokens\))?"
)

START_IT = "start it with `ollama serve`, then try again."

COUNTS = (
    "done_reason",
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
)


def without_user(address: str) -> str:
    """What stands before an @ is a name and a password."""
    scheme, slashes, rest = address.rpartition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"


class OllamaClient:
    """What is async is for one event loop, always the same; everything else for any thread."""

    def __init__(
        self, host: str, timeout: float, advice: str = START_IT, is_told: bool = True
    ) -> None:
        """timeout: seconds the server may stay silent in a reply before it is given up.

        advice: what to do where it does not answer. is_told: errors name its address. Raises
        SettingsError for no address.
        """
        self._timeout = timeout
        self._advice = advice
        host = EVERYWHERE.sub(r"\g<1>127.0.0.1", host)  # where a server listens, not where it is
        silence = httpx.Timeout(timeout, connect=CONNECT_TIMEOUT)
        # Nothing is kept open between calls, so a client can be dropped at any time.
        rules: dict[str, Any] = {
            "follow_redirects": False,
            # A proxy of the environment is not for this machine.
            "trust_env": not LOOPBACK.search(host.lower()),
            "limits": httpx.Limits(max_keepalive_connections=0),
        }
        try:
            self._sync = ollama.Client(host, timeout=LISTING_TIMEOUT, **rules)
            hooks = {"response": [_cut_at_newlines]}
            self._async = ollama.AsyncClient(host, timeout=silence, event_hooks=hooks, **rules)
        except (ValueError, httpx.InvalidURL) as error:
            # It may hold a password, and this is told to whoever asks.
            told = repr(without_user(host)) if is_told else "no address"
            raise SettingsError(
                f"OLLAMA_HOST is {told}; expected an address, e.g. 127.0.0.1:11434."
            ) from error
        self.host = str(self._sync._client.base_url).rstrip("/")
        self._at = f" at {self.host}" if is_told else ""
        self._shown: dict[str, tuple[_Shown, float]] = {}
        """By model, and when it was asked."""

    def version(self) -> str:
        with self._translated():
            # The client has no call for /api/version; its own request keeps host and errors alike.
            answer = self._sync._request_raw("GET", "/api/version")
            return str(answer.json().get("version", "unknown"))

    def models(self) -> list[ModelInfo]:
        """Installed models by name, with those in memory marked."""
        with self._translated():
            loaded = {model.model for model in self._sync.ps().models}
            installed = [_model_info(model, loaded) for model in self._sync.list().models]
        return sorted(installed, key=lambda model: model.name)

    def build(self, model: str) -> Build:
        """Which it is at this moment, of this server. Raises ModelNotFound."""
        with self._translated(model):
            installed = {_full(each.model): each for each in self._sync.list().models}
        found = installed.get(_full(model))
        if found is None:
            raise _not_found(model, self._at)
        quantization = found.details and found.details.quantization_level
        return Build(found.digest or None, quantization or None, self.version() or None)

    def trained_for(self, model: str) -> int | None:
        """As context_length, for any thread, and for no longer than listing takes."""
        return self._look_at(model).context_length

    def is_loaded(self, model: str) -> bool:
        with self._translated():
            return _full(model) in {_full(loaded.model) for loaded in self._sync.ps().models}

    def sees(self, model: str) -> bool:
        """Whether it takes images, or the server does not tell."""
        capabilities = self._look_at(model).capabilities
        return capabilities is None or "vision" in capabilities

    def thinks(self, model: str) -> tuple[Think, ...]:
        """What can be chosen of its thinking: nothing, on and off, or levels."""
        return self._look_at(model).thinks

    def _look_at(self, model: str) -> "_Shown":
        # So that what context_length knows is known to what is asked just after it.
        known = self._known(model, 2 * SHOWN_FOR)
        if known is None:
            with self._translated(model):
                known = self._keep(model, self._sync.show(model))
        return known

    def _known(self, model: str, seconds: float) -> "_Shown | None":
        shown, at = self._shown.get(model, (None, 0.0))
        return shown if time.monotonic() - at < seconds else None

    def _keep(self, model: str, answer: ollama.ShowResponse) -> "_Shown":
        shown = _shown(answer)
        self._shown[model] = shown, time.monotonic()
        return shown

    async def context_length(self, model: str) -> int | None:
        """The window the model was trained for, in tokens, where the server tells it.

        Asked before a reply, so with the patience of one. Raises as `chat`.
        """
        known = self._known(model, SHOWN_FOR)
        if known is None:
            with self._translated(model, replying=True):
                known = self._keep(model, await self._async.show(model))
        return known.context_length

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Chunk]:
        """The reply, chunk by chunk; the last one carries the usage.

        Closing the iterator closes the connection, and the server stops. Raises WindowExceeded
        where the model cannot read all of it, and ServerError where the stream ends without its
        last chunk.
        """
        finished = False
        with self._translated(request.model, replying=True):
            # The client's own call has no word for `truncate`, nor for `shift`.
            stream = await self._async._request(
                ollama.ChatResponse, "POST", "/api/chat", json=_body(request), stream=True
            )
            # Closed by hand: `async for` leaves that to the garbage collector.
            async with aclosing(cast("AsyncGenerator[ollama.ChatResponse]", stream)) as stream:
                async for part in _gathered(stream):
                    finished = finished or bool(part.done)
                    yield _chunk(part)
        if not finished:
            raise ServerError(_BROKE_OFF)

    async def aclose(self) -> None:
        """Close what a reply that was cut short may have left open. On the loop of `chat`."""
        await self._async.close()

    @contextmanager
    def _translated(self, model: str = "", replying: bool = False) -> Iterator[None]:
        try:
            yield
        except (ConnectionError, httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ServerUnreachable(f"No model server answers{self._at}: {self._advice}") from error
        except httpx.TimeoutException as error:
            raise self._silence(replying) from error
        except ollama.ResponseError as error:
            raise _refusal(error, model, self._at) from error
        except (httpx.HTTPError, ValueError, ValidationError, TypeError, AttributeError) as error:
            raise ServerError(_BROKE_OFF if replying else self._nonsense()) from error

    def _silence(self, replying: bool) -> ServerError:
        if replying:
            return ServerError(
                f"The model server said nothing for {self._timeout:.0f} s: try again,"
                " or give it longer with HEARTH_TIMEOUT."
            )
        return ServerError(
            f"The model server{self._at} does not say what it has: see whether it hangs."
        )

    def _nonsense(self) -> str:
        return f"What answers{self._at} is no Ollama server: check the address."


_BROKE_OFF = (
    "The model server broke off in mid-reply, whose text so far is kept:"
    " see whether it still runs, then try again."
)


@dataclass(frozen=True)
class _Shown:
    """What is used of an answer to /api/show."""

    context_length: int | None
    capabilities: frozenset[str] | None
    thinks: tuple[Think, ...]


def _shown(answer: ollama.ShowResponse) -> _Shown:
    lengths = [
        value
        for key, value in (answer.modelinfo or {}).items()
        if key.endswith(".context_length") and isinstance(value, int)
    ]
    known = answer.capabilities
    return _Shown(
        next(iter(lengths), None), None if known is None else frozenset(known), _thinks(answer)
    )


def _thinks(answer: ollama.ShowResponse) -> tuple[Think, ...]:
    """The one family whose thinking has levels takes no yes or no, and is not told otherwise."""
    if "thinking" not in (answer.capabilities or ()):
        return ()
    family = (answer.modelinfo or {}).get("general.architecture")
    return ("low", "medium", "high") if family == "gptoss" else ("on", "off")


def _body(request: ChatRequest) -> dict[str, Any]:
    """So that the server refuses what it would else cut unsaid, before a reply or within it."""
    body = {
        "model": request.model,
        "messages": [_with_images_as_text(message) for message in request.messages],
        "options": request.options,
        "think": request.think,
        "keep_alive": request.keep_alive,
        "stream": True,
        "truncate": False,
        "shift": False,
    }
    return {name: value for name, value in body.items() if value is not None}


def _with_images_as_text(message: dict[str, Any]) -> dict[str, Any]:
    if "images" not in message:
        return message
    return message | {"images": [b64encode(image).decode() for image in message["images"]]}


async def _gathered(
    parts: AsyncIterator[ollama.ChatResponse],
) -> AsyncIterator[ollama.ChatResponse]:
    """The same to the last of them, read from the network some at a time: each reading costs more
    than ten chunks. What comes after the last one is not waited for.

    Only where they come one by one and have to be waited for: a fast model is not held up.
    """
    clock = asyncio.get_running_loop().time
    asked, at_once = clock(), 0
    async for part in parts:
        waited = clock() - asked > 0.001
        yield part
        if part.done:
            return
        if waited and at_once < 10:
            await asyncio.sleep(0.02)
        at_once = 0 if waited else at_once + 1
        asked = clock()


async def _cut_at_newlines(answer: httpx.Response) -> None:
    """Into the lines that a server wrote: httpx ends one at U+0085, too, which JSON may hold."""

    async def lines() -> AsyncIterator[str]:
        rest = ""
        async for text in answer.aiter_text():
            *whole, rest = (rest + text).split("\n")
            for line in whole:
                yield line
        if rest:
            yield rest

    answer.aiter_lines = lines  # type: ignore[method-assign]


def _chunk(part: ollama.ChatResponse) -> Chunk:
    return Chunk(
        content=_text(part.message.content),
        thinking=_text(part.message.thinking),
        usage=Usage(**{k: getattr(part, k) for k in COUNTS}) if part.done else None,
    )


def _text(said: str | None) -> str:
    """Without NUL and halves of characters, which neither a store nor a page holds: a place in the
    text is the same live and stored."""
    return (said or "").replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _full(model: str | None) -> str:
    """Its name with a tag, as servers list it. A colon before the last slash is that of a port."""
    name = model or ""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _refusal(error: ollama.ResponseError, model: str, at: str) -> ChatError:
    if error.status_code == 404 and model:
        return _not_found(model, at)
    if too_long := TOO_LONG.search(str(error.error)):
        return WindowExceeded(
            "This prompt is longer than the model's context window: shorten it, or choose a larger"
            " num_ctx under Options, then press Regenerate.",
            *(int(tokens or 0) for tokens in too_long.groups()),
        )
    if error.status_code == IN_MID_REPLY:
        return ServerError(
            f"The model server failed in mid-reply ({_words(error)}):"
            " the text so far is kept, try again."
        )
    return ServerError(
        f"The model server refused ({_words(error)}): try again, or pick another model."
    )


def _not_found(model: str, at: str) -> ModelNotFound:
    return ModelNotFound(
        f"There is no model {model!r}{at}: pick another, or get it with `ollama pull {model}`."
    )


def _words(error: ollama.ResponseError) -> str:
    """What the server said, on one line. Proxies answer with pages, or as OpenAI words it."""
    said: Any = error.error
    if isinstance(said, dict):
        said = said.get("message")
    line = " ".join(str(said or "").split()).rstrip(".")
    if not line or line.startswith("<"):
        return f"HTTP status {error.status_code}"
    return line if len(line) <= WORDS else f"{line[:WORDS]}…"


def _model_info(model: ollama.ListResponse.Model, loaded: set[Any]) -> ModelInfo:
    return ModelInfo(
        name=model.model or "",
        parameter_size=(model.details and model.details.parameter_size) or "",
        quantization_level=(model.details and model.details.quantization_level) or "",
        size=model.size or 0,
        loaded=model.model in loaded,
    )
