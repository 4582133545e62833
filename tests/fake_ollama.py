"""A scripted Ollama server on loopback, for tests and for the benchmark.

It speaks HTTP by hand over asyncio, since a script may break the wire: half a line, a cut
connection, silence before the first byte. It knows nothing about the program under test.

Without a script, a chat answers `You said: ...`. A prompt that holds `[[t200-n1000.TAG]]` is
answered with 1,000 tokens at 200 tokens a second (t0: full speed), the first one `STARTTAG`, the
last `ENDTAG`; `[[t200-n1000-w500.TAG]]` waits 500 ms before the first; of several the last one
counts. `fake.timings` and GET /fake/timings tell when.

By hand: `python tests/fake_ollama.py --port 11500`, then `OLLAMA_HOST=127.0.0.1:11500 ...`.
"""

import argparse
import asyncio
import json
import re
import socket
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

TIMED = re.compile(r"\[\[t(\d+)-n(\d+)(?:-w(\d+))?\.([\w-]+)\]\]")
DEFAULT_NUM_CTX = 4096
REDIRECTS = range(300, 400)
REUSE_PORT = hasattr(socket, "SO_REUSEPORT")


@dataclass(frozen=True)
class Thinking:
    """A chunk of thought, sent beside an empty content."""

    text: str


@dataclass(frozen=True)
class Wait:
    """Nothing for a while."""

    seconds: float


@dataclass(frozen=True)
class Hang:
    """Nothing until the client goes or `release` is called."""


PAUSE = Hang()


@dataclass(frozen=True)
class Timed:
    """`count` tokens on a fixed schedule, noted in `timings` under `tag`."""

    rate: int
    count: int
    wait: float
    tag: str


@dataclass(frozen=True)
class HalfLine:
    """Text put on the wire as it is. As the last step the connection is cut after it."""

    text: str


@dataclass(frozen=True)
class Done:
    """The final chunk. A count left out is the number of chunks, or a guess at the prompt."""

    reason: str = "stop"
    eval_count: int | None = None
    prompt_eval_count: int | None = None


@dataclass(frozen=True)
class Status:
    """An HTTP error; only before the first chunk."""

    code: int
    error: str


@dataclass(frozen=True)
class ErrorLine:
    """An error inside a reply that began well."""

    error: str


@dataclass(frozen=True)
class Drop:
    """The connection is cut."""


@dataclass(frozen=True)
class End:
    """The stream ends well-formed, but without a final chunk."""


def raw(text: str) -> HalfLine:
    """A chunk in which the text stands in JSON as it is written here."""
    return HalfLine(f'{{"message": {{"role": "assistant", "content": "{text}"}}, "done": false}}\n')


Step = str | Thinking | Wait | Hang | Timed | HalfLine | Done | Status | ErrorLine | Drop | End


@dataclass
class Timing:
    """When a timed reply happened, in `time.time()` seconds."""

    request: float
    first: float | None = None
    last: float | None = None
    gone: float | None = None
    sent: int = 0


@dataclass(frozen=True)
class FakeModel:
    """An installed model as /api/tags, /api/ps and /api/show describe it."""

    name: str
    parameter_size: str = "3.2B"
    quantization_level: str = "Q4_K_M"
    size: int = 2_019_393_189
    size_vram: int | None = None
    context_length: int = 131_072
    capabilities: list[str] = field(default_factory=lambda: ["completion"])
    family: str = "llama"
    modified_at: str = "2026-01-01T00:00:00Z"
    template: str = "{{ .Prompt }}"
    parameters: str = 'stop "<|eot_id|>"'
    license: str = "MIT"
    digest: str = ""
    """Left out: one that is the name's own."""

    def tag(self) -> dict[str, Any]:
        """The model as /api/tags lists it."""
        digest = self.digest or self.name.encode().hex().ljust(64, "0")[:64]
        return {
            "name": self.name,
            "model": self.name,
            "modified_at": self.modified_at,
            "size": self.size,
            "digest": digest,
            "details": self.details(),
        }

    def details(self) -> dict[str, Any]:
        return {
            "parent_model": "",
            "format": "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": self.parameter_size,
            "quantization_level": self.quantization_level,
        }

    def loaded(self, num_ctx: int) -> dict[str, Any]:
        """The model as /api/ps lists it."""
        card = self.tag()
        del card["modified_at"]
        expires = datetime.now(UTC) + timedelta(minutes=5)
        vram = self.size if self.size_vram is None else self.size_vram
        context = min(num_ctx, self.context_length)
        return card | {
            "expires_at": expires.isoformat(),
            "size_vram": vram,
            "context_length": context,
        }

    def show(self) -> dict[str, Any]:
        return {
            "license": self.license,
            "modelfile": f"FROM {self.name}\n",
            "parameters": self.parameters,
            "template": self.template,
            "details": self.details(),
            "model_info": {
                "general.architecture": self.family,
                f"{self.family}.context_length": self.context_length,
            },
            "capabilities": self.capabilities,
            "modified_at": self.modified_at,
        }


fake_model = FakeModel  # reads as a call in a test: fake.models = [fake_model("x")]


def tokens(count: int, tag: str) -> list[str]:
    """The tokens of a timed reply: prose of 4 characters a token, a paragraph every 60 or so."""
    if count < 2:
        return [f"START{tag} END{tag}"]
    prose = (
        "The quick measure of a chat is how soon the first word shows up on the page, and then how "
        "little work each further word costs. A reply of this kind reads like plain talk: short "
        "words, a few longer sentences, no surprises."
    )
    size = 4 * (count - 2)
    text = "".join(f"({number}) {prose}\n\n" for number in range(1, size // len(prose) + 2))
    return [f"START{tag} ", *(text[at : at + 4] for at in range(0, size, 4)), f" END{tag}"]


def _last_user_text(body: dict[str, Any]) -> str:
    said = [m for m in body.get("messages") or [] if m.get("role") == "user"]
    return str(said[-1].get("content") or "") if said else str(body.get("prompt") or "")


def _unscripted(body: dict[str, Any]) -> tuple[Step, ...]:
    prompt = _last_user_text(body)
    if timed := TIMED.findall(prompt):
        rate, count, wait, tag = timed[-1]
        return (Timed(int(rate), int(count), int(wait or 0) / 1000, tag),)
    return tuple(re.findall(r"\s*\S+", f"You said: {prompt}."))


def _guess_prompt_tokens(body: dict[str, Any]) -> int:
    messages = body.get("messages") or [{"content": body.get("prompt")}]
    return sum(4 + len(str(m.get("content") or "")) // 4 for m in messages)


class _Wire:
    """One reply being written: what the steps of a script become on the connection."""

    def __init__(self, writer: asyncio.StreamWriter, body: dict[str, Any], *, chat: bool) -> None:
        self.writer = writer
        self.body = body
        self.chat = chat
        self.stream = body.get("stream", True)
        self.began = time.perf_counter()
        self.first: float | None = None
        self.text = self.thought = ""
        self.chunks = 0
        self.open = False

    async def say(self, text: str = "", thought: str = "") -> None:
        self.first = self.first or time.perf_counter()
        self.chunks += 1
        if self.stream:
            await self.line(self._shape(text, thought) | {"done": False})
        else:
            self.text += text
            self.thought += thought

    async def line(self, data: dict[str, Any]) -> None:
        named = {"model": self.body["model"], "created_at": datetime.now(UTC).isoformat()}
        await self.raw(json.dumps(data if "error" in data else named | data) + "\n")

    async def raw(self, text: str) -> None:
        """One HTTP chunk. The head goes out with the first, as Ollama's does."""
        if not self.open:
            kind = "application/x-ndjson" if self.stream else "application/json; charset=utf-8"
            self.writer.write(_head(200, f"Content-Type: {kind}", "Transfer-Encoding: chunked"))
            self.open = True
        if data := text.encode():  # an empty chunk would be the end
            self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self.writer.drain()

    async def finish(self, done: Done) -> None:
        last = self._shape(self.text, self.thought) | {"done": True, "done_reason": done.reason}
        await self.line(last | self._counts(done))
        await self.end()

    async def end(self) -> None:
        if not self.open:
            await self.raw("" if self.stream else json.dumps(self._shape(self.text, self.thought)))
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def error(self, message: str) -> None:
        if self.stream:
            await self.line({"error": message})
            await self.end()
        else:
            await self.status(500, message)

    async def status(self, code: int, message: str) -> None:
        await _send_json(self.writer, code, {"error": message})

    def _shape(self, text: str, thought: str) -> dict[str, Any]:
        extra = {"thinking": thought} if thought else {}
        if self.chat:
            return {"message": {"role": "assistant", "content": text, **extra}}
        return {"response": text, **extra}

    def _counts(self, done: Done) -> dict[str, int]:
        now = time.perf_counter()
        prompt, spoken = (self.first or now) - self.began, now - (self.first or now)
        read = done.prompt_eval_count
        said = done.eval_count
        return {
            "total_duration": int((now - self.began) * 1e9) + 1_000_000,
            "load_duration": 1_000_000,
            "prompt_eval_count": _guess_prompt_tokens(self.body) if read is None else read,
            "prompt_eval_duration": max(1, int(prompt * 1e9)),
            "eval_count": self.chunks if said is None else said,
            "eval_duration": max(1, int(spoken * 1e9)),
        }


class FakeOllama:
    """The server; a context manager. Everything public may be used from any thread."""

    def __init__(self, port: int = 0) -> None:
        self.models: list[FakeModel] = [FakeModel("llama3.2:3b")]
        self.loaded: set[str] = set()
        self.version = "0.12.6"
        self.disconnects: list[float] = []
        self.timings: dict[str, Timing] = {}
        self.calls: list[str] = []
        """Every request, oldest first: GET /api/tags"""
        self._requests: list[dict[str, Any]] = []
        self._num_ctx: dict[str, int] = {}
        self._scripts: deque[tuple[Step, ...]] = deque()
        self._gates: set[asyncio.Semaphore] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._reserve(port)

    def _reserve(self, port: int) -> None:
        # The bound socket never listens: it only keeps the port ours while the server is stopped.
        self._holder = socket.socket()
        if REUSE_PORT:
            self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._holder.bind(("127.0.0.1", port))
        self.port: int = self._holder.getsockname()[1]
        self.host = f"http://127.0.0.1:{self.port}"
        if not REUSE_PORT:
            self._holder.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._holder.close()

    # For the test.

    def reply(self, *steps: Step) -> None:
        """Queue a script for the next chat. If its last step is not an end, `Done()` follows."""
        spoken = [isinstance(step, str | Thinking | Timed | HalfLine) for step in steps]
        late = [
            step for at, step in enumerate(steps) if isinstance(step, Status) and any(spoken[:at])
        ]
        if late:
            raise ValueError(f"{late[0]} comes after the first chunk; use ErrorLine")
        self._scripts.append(steps)

    def release(self) -> None:
        """Let each reply under way past one PAUSE or Hang: the one it is at, or else its next."""
        with self._changed:
            if self._thread:
                self._loop.call_soon_threadsafe(self._open_gates)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies of all chats so far, oldest first."""
        with self._changed:
            return list(self._requests)

    @property
    def running(self) -> int:
        """Replies under way."""
        with self._changed:
            return len(self._gates)

    def wait_for_request(self, n: int = 1, timeout: float = 10) -> dict[str, Any]:
        """Wait until there were at least n chats; the body of the n-th."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._requests) >= n, timeout):
                raise AssertionError(f"{len(self._requests)} chats after {timeout} s, not {n}")
            return self._requests[n - 1]

    def wait_until_idle(self, timeout: float = 10) -> None:
        """Wait until no reply is under way, which is so before the first request too."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._gates, timeout):
                raise AssertionError(
                    f"{len(self._gates)} replies still under way after {timeout} s"
                )

    def start(self) -> None:
        """Listen, on the same port each time. Nothing happens if it does already."""
        if self._thread:
            return
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        thread.start()
        if not ready.wait(10):
            raise RuntimeError(f"the fake server did not start on port {self.port}")
        self._thread = thread

    def stop(self) -> None:
        """Be gone as a killed process is: connections are cut, new ones refused."""
        with self._changed:
            thread, self._thread = self._thread, None
        if thread:
            self._loop.call_soon_threadsafe(self._stopping.set)
            thread.join()

    # On the server's own loop.

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, reuse_address=True, reuse_port=REUSE_PORT or None
        )
        ready.set()
        await self._stopping.wait()
        server.close()
        await self._cut_connections()
        await asyncio.sleep(0.02)  # one that was being accepted shows up only now
        await self._cut_connections()
        await server.wait_closed()

    async def _cut_connections(self) -> None:
        for task, writer in list(self._connections.items()):
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connection(reader, writer))
        self._connections[task] = writer
        task.add_done_callback(lambda ended: self._connections.pop(ended, None))

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection lives on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.split(" ", 2)
        self.calls.append(f"{method} {path}")
        length = re.search(r"(?im)^content-length:\s*(\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        if method == "POST":
            return await self._post(path, json.loads(body or b"{}"), reader, writer)
        await self._get(path, writer, only_head=method == "HEAD")
        return True

    async def _get(self, path: str, writer: asyncio.StreamWriter, *, only_head: bool) -> None:
        match path:
            case "/api/version":
                await _send_json(writer, 200, {"version": self.version})
            case "/api/tags":
                await _send_json(writer, 200, {"models": [model.tag() for model in self.models]})
            case "/api/ps":
                await _send_json(writer, 200, {"models": self._ps()})
            case "/fake/timings":
                timings = {tag: asdict(timing) for tag, timing in self.timings.items()}
                await _send_json(writer, 200, timings)
            case "/fake/requests":
                await _send_json(writer, 200, self.requests)
            case "/":
                await _send(writer, 200, "Ollama is running", "text/plain", only_head=only_head)
            case _:
                await _send(writer, 404, "404 page not found", "text/plain", only_head=only_head)

    def _ps(self) -> list[dict[str, Any]]:
        return [
            model.loaded(self._num_ctx.get(model.name, DEFAULT_NUM_CTX))
            for model in self.models
            if model.name in self.loaded
        ]

    async def _post(
        self,
        path: str,
        body: dict[str, Any],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        model = self._find(body.get("model") or body.get("name") or "")
        wire = _Wire(writer, body, chat=path == "/api/chat")
        if path not in ("/api/show", "/api/chat", "/api/generate"):
            await _send(writer, 404, "404 page not found", "text/plain")
            return True
        if path == "/api/show" and model:
            await _send_json(writer, 200, model.show())
            return True
        if path == "/api/show":
            await wire.status(404, f"model '{body.get('model', '')}' not found")
            return True
        return await self._watch(wire, self._script(body, model, chat=wire.chat), reader)

    def _find(self, name: str) -> FakeModel | None:
        full = name if ":" in name else f"{name}:latest"
        return next((model for model in self.models if model.name in (name, full)), None)

    def _script(
        self, body: dict[str, Any], model: FakeModel | None, *, chat: bool
    ) -> tuple[Step, ...]:
        """The steps that answer this body, after the checks that Ollama makes first."""
        if refusal := _refusal(body, model):
            return (refusal,)
        assert model is not None
        unload = body.get("keep_alive") in (0, "0", "0s")
        (self.loaded.discard if unload else self.loaded.add)(model.name)
        self._num_ctx[model.name] = (body.get("options") or {}).get("num_ctx") or DEFAULT_NUM_CTX
        if not (body.get("messages") if chat else body.get("prompt")):
            return (Done(reason="unload" if unload else "load", eval_count=0, prompt_eval_count=0),)
        return self._scripts.popleft() if chat and self._scripts else _unscripted(body)

    async def _watch(
        self, wire: _Wire, script: tuple[Step, ...], reader: asyncio.StreamReader
    ) -> bool:
        """Play a script, giving up at once when the client goes."""
        gate = self._begin(wire)
        play = asyncio.create_task(self._play(script, wire, gate))
        gone = asyncio.create_task(_closed(reader))
        try:
            await asyncio.wait({play, gone}, return_when=asyncio.FIRST_COMPLETED)
            if play.done() and not isinstance(play.exception(), ConnectionError):
                return play.result()
            self.disconnects.append(time.monotonic())
            return False
        finally:
            await _cancel(play, gone)
            self._over(gate)

    def _begin(self, wire: _Wire) -> asyncio.Semaphore:
        gate = asyncio.Semaphore(0)
        with self._changed:
            self._gates.add(gate)
            if wire.chat:
                self._requests.append(wire.body)
            self._changed.notify_all()
        return gate

    def _over(self, gate: asyncio.Semaphore) -> None:
        with self._changed:
            self._gates.discard(gate)
            self._changed.notify_all()

    def _open_gates(self) -> None:
        for gate in self._gates:
            gate.release()

    async def _play(self, script: tuple[Step, ...], wire: _Wire, gate: asyncio.Semaphore) -> bool:
        """Write the steps; whether the connection is still good for another request."""
        step: Step = ""
        for step in script:
            match step:
                case str():
                    await wire.say(step)
                case Thinking(text):
                    await wire.say(thought=text)
                case HalfLine(text):
                    await wire.raw(text)
                case Wait(seconds):
                    await asyncio.sleep(seconds)
                case Hang():
                    await gate.acquire()
                case Timed():
                    await self._pace(step, wire)
                case _:
                    return await _conclude(step, wire)
        return await _conclude(Drop() if isinstance(step, HalfLine) else Done(), wire)

    async def _pace(self, step: Timed, wire: _Wire) -> None:
        timing = self.timings[step.tag] = Timing(request=time.time())
        try:
            await self._pace_timed(step, wire, timing)
        except (asyncio.CancelledError, ConnectionError):
            timing.gone = time.time()
            raise

    async def _pace_timed(self, step: Timed, wire: _Wire, timing: Timing) -> None:
        await asyncio.sleep(step.wait)
        start = time.perf_counter()
        for at, token in enumerate(tokens(step.count, step.tag)):
            late = start + at / step.rate - time.perf_counter() if step.rate else 0.0
            if late > 0 or at % 32 == 0:  # at full speed too, others need the loop now and then
                await asyncio.sleep(max(0.0, late))
            timing.last = time.time()
            timing.first = timing.first or timing.last
            await wire.say(token)
            timing.sent = at + 1


def _refusal(body: dict[str, Any], model: FakeModel | None) -> Status | None:
    name = body.get("model") or ""
    if not name:
        return Status(400, "model is required")
    if not model:
        return Status(404, f"model '{name}' not found")
    if body.get("think") and "thinking" not in model.capabilities:
        return Status(400, f'"{name}" does not support thinking')
    if body.get("tools") and "tools" not in model.capabilities:
        return Status(400, f"{name} does not support tools")
    shown = [body, *(body.get("messages") or [])]
    if any(part.get("images") for part in shown) and "vision" not in model.capabilities:
        return Status(400, "this model is missing data required for image input")
    return None


async def _conclude(step: Done | Status | ErrorLine | Drop | End, wire: _Wire) -> bool:
    match step:
        case Done():
            await wire.finish(step)
        case Status(code, message):
            await wire.status(code, message)
        case ErrorLine(message):
            await wire.error(message)
        case End():
            await wire.end()
    return not isinstance(step, Drop)


async def _closed(reader: asyncio.StreamReader) -> None:
    """Return when the client closed the connection; it has nothing to say during a reply."""
    with suppress(ConnectionError):
        await reader.read(1)


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _head(code: int, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {code} Scripted", *headers, "", ""]).encode()


async def _send(
    writer: asyncio.StreamWriter, code: int, text: str, kind: str, *, only_head: bool = False
) -> None:
    data = text.encode()
    head = _head(
        code,
        f"Content-Type: {kind}; charset=utf-8",
        f"Content-Length: {len(data)}",
        *(["Location: /api/chat"] if code in REDIRECTS else []),
    )
    writer.write(head if only_head else head + data)
    await writer.drain()


async def _send_json(writer: asyncio.StreamWriter, code: int, data: Any) -> None:
    await _send(writer, code, json.dumps(data), "application/json")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description="A scripted Ollama server on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    with FakeOllama(parser.parse_args(arguments).port) as fake, suppress(KeyboardInterrupt):
        print(f"Fake Ollama on {fake.host}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1:])
