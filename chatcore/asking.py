"""One reply asked of the model server: what is sent, what comes, and what it is at meanwhile."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

from chatcore import naming, wire
from chatcore.client import OllamaClient
from chatcore.errors import (
    CannotSee,
    ChatError,
    EngineError,
    LeftOut,
    ModelNotFound,
    NothingToSumUp,
    ServerError,
    ServerUnreachable,
    WindowExceeded,
)
from chatcore.generation import Generation
from chatcore.memory import Memory, Target
from chatcore.options import Options
from chatcore.settings import Settings
from chatcore.store import Store
from chatcore.trial import Trial
from chatcore.types import Build, ChatRequest, Message, Sample, Seen, Session, State

log = logging.getLogger(__name__)

T = TypeVar("T")
WITHOUT_THOUGHTS = Options(think="off")
CHARACTERS = 8  # that a token has at most, in the mean of an answer
TOKENS_OF_A_NAME = 200  # a model that cannot but think must get past it
MORE = 1.25  # times as much is reckoned with at least, where the server counted more than it holds
TRIES = 13
LOOK_AFTER = 0.05  # seconds that a request has for itself before anybody looks what it waits for
LOADED_EVERY = 0.5  # seconds between two looks whether the model is in memory
BEFORE_READING = ("queued", "summing", "loading")

WITHOUT_ANSWER = {
    "length": "The model reached the length limit before its answer began",
    "load": "The model server loaded the model, and wrote nothing",
    "unload": "The model server took the model out of memory, and wrote nothing",
}


class Asker:
    """Within the limits of a reply: its characters, and the window of the model."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._memory = Memory(store, settings)
        self._noting: set[asyncio.Task[None]] = set()

    async def ask(
        self, client: OllamaClient, generation: Generation, trial: Trial | None = None
    ) -> None:
        """Add to the generation what comes. Raises what the client raises, and ServerError where a
        limit is reached or nothing was said. On the client's event loop.

        trial: what is asked instead, of which nothing is stored."""
        generation.enter("loading")
        if generation.repeats:
            await self._answer(client, generation, replace(generation.repeats, build=Build()))
            return
        await self._check_model(client, generation.turn.reply.model)
        target = await _target(client, generation.turn.reply.model)
        if trial is not None:
            await _until_it_fits(target, partial(self._try_out, client, generation, trial))
        else:
            await _until_it_fits(target, partial(self._reply, client, generation))

    async def _try_out(
        self, client: OllamaClient, generation: Generation, trial: Trial, target: Target
    ) -> None:
        find = partial(self._memory.trial, generation.owner, trial, target)
        request, tokens = await asyncio.to_thread(find)
        await self._stream(client, generation, request, tokens)

    async def _reply(self, client: OllamaClient, generation: Generation, target: Target) -> None:
        owner, turn = generation.owner, generation.turn
        await self._sum_up(client, generation, target)
        plan = await asyncio.to_thread(self._memory.of, owner, turn.session, turn.reply, target)
        seen = replace(plan.seen, refused=generation.refused)
        try:
            await self._answer(client, generation, seen)
        except WindowExceeded as error:
            if error.counted:
                generation.refused = Sample(seen.size, error.counted, seen.bare)
            raise

    async def _answer(self, client: OllamaClient, generation: Generation, seen: Seen) -> None:
        reply = generation.turn.reply
        request = await asyncio.to_thread(self._memory.request, generation.owner, reply, seen)
        self._store.memory.saw(generation.owner, reply.id, seen)
        await self._stream(client, generation, request, seen.tokens, seen)

    async def _stream(
        self,
        client: OllamaClient,
        generation: Generation,
        request: ChatRequest,
        tokens: int,
        seen: Seen | None = None,
    ) -> None:
        """tokens: of the request, as predicted; seen: what is kept of it, where anything is."""
        clock = asyncio.create_task(self._watch_loading(client, generation, request.model, tokens))
        generation.asked()
        try:
            await self._read(client, generation, request, seen)
        finally:
            clock.cancel()
        if not generation.body.strip():
            raise _without_answer(generation)

    async def _read(
        self,
        client: OllamaClient,
        generation: Generation,
        request: ChatRequest,
        seen: Seen | None,
    ) -> None:
        room = self._settings.reply_characters
        async with aclosing(client.chat(request)) as chunks:
            async for chunk in chunks:
                generation.add(chunk)
                if seen:  # not before the first word, which nothing is to hold up
                    self._note(client, generation.owner, generation.turn.reply, seen)
                    seen = None
                room -= len(chunk.content) + len(chunk.thinking)
                if room < 0:
                    raise ServerError(
                        f"The reply was ended after {self._settings.reply_characters:,}"
                        " characters (HEARTH_REPLY_CHARACTERS): what was written is kept."
                    )

    def _note(self, client: OllamaClient, owner: int, reply: Message, seen: Seen) -> None:
        """Keep with the reply which model it is from, where that can be known; its end does not
        wait for it."""

        async def note() -> None:
            with suppress(ChatError):
                build = await asyncio.to_thread(client.build, reply.model)
                self._store.memory.built(owner, reply.id, seen, build)

        noting = asyncio.create_task(note())
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)

    def close(self) -> None:
        """What is not noted by now stays unknown."""
        for noting in self._noting:
            noting.cancel()

    async def name(self, client: OllamaClient, owner: int, session: Session) -> str:
        """What the session's model would call it. Raises as ask."""
        branch = await asyncio.to_thread(self._store.messages, owner, session.id)
        if not naming.wire_messages(branch):
            raise LeftOut("Every message of this chat is left out, so no model can name it.")
        target = await _target(client, session.model)
        chosen = await asyncio.to_thread(self._memory.options, owner, session, target.trained)
        # The chat's own window: for another one the model would be loaded anew.
        options = {"num_ctx": chosen.num_ctx, "num_predict": TOKENS_OF_A_NAME}
        think = WITHOUT_THOUGHTS.wire_think(target.thinks)

        async def attempt(target: Target) -> str:
            messages = naming.wire_messages(branch, int(naming.EXCERPT / target.more))
            return await _written(client, wire.request(session.model, messages, options, think))

        answer = await _until_it_fits(target, attempt)
        if not (title := naming.title(answer)):
            raise ServerError("The model found no name for this chat: give it one with Rename.")
        return title

    async def _check_model(self, client: OllamaClient, model: str) -> None:
        if not model:
            await asyncio.to_thread(client.version)  # a dead server is the better reason
            raise ModelNotFound("No model is installed: get one, e.g. `ollama pull qwen3:8b`.")

    async def _sum_up(self, client: OllamaClient, generation: Generation, target: Target) -> None:
        """What finds no room, where the chat is set so; without a word of the model it is left
        out."""
        owner, turn = generation.owner, generation.turn
        find = partial(self._memory.older, owner, turn.session, turn.reply.id, target)
        while older := await asyncio.to_thread(find):
            generation.enter("summing")
            if not await self._summarise(client, owner, target, *older):
                return
        generation.enter("loading")

    async def sum_up(self, client: OllamaClient, owner: int, session: Session) -> None:
        """All but its last turn, by the session's model. Raises as ask."""
        target = await _target(client, session.model)
        find = partial(self._memory.older, owner, session, session.leaf_id, whole=True)
        if await asyncio.to_thread(find, target) is None:
            raise NothingToSumUp("There is nothing before the last prompt to sum up.")

        async def attempt(target: Target) -> None:
            while older := await asyncio.to_thread(find, target):
                if not await self._summarise(client, owner, target, *older):
                    raise ServerError(
                        "The model wrote no summary: try again, or pick another model."
                    )

        await _until_it_fits(target, attempt)

    async def _summarise(
        self,
        client: OllamaClient,
        owner: int,
        target: Target,
        message_id: int,
        told_to: int,
        request: ChatRequest,
    ) -> bool:
        """Whether the model had a word for it."""
        request = replace(request, think=WITHOUT_THOUGHTS.wire_think(target.thinks))
        summary = (await _written(client, request)).strip()
        if summary:
            keep = self._store.memory.summarise
            await asyncio.to_thread(keep, owner, message_id, summary, told_to)
        return bool(summary)

    async def _watch_loading(
        self, client: OllamaClient, generation: Generation, model: str, tokens: int
    ) -> None:
        """Tell loading the model from reading the prompt, until the first word ends both."""
        await asyncio.sleep(LOOK_AFTER)
        with suppress(ChatError):  # the request itself will tell
            while not await asyncio.to_thread(client.is_loaded, model):
                if generation.phase.doing not in BEFORE_READING:
                    return
                generation.enter("loading")
                await asyncio.sleep(LOADED_EVERY)
        if generation.phase.doing in BEFORE_READING:
            generation.enter("reading", tokens)


async def outcome(answer: asyncio.Task[None], generation: Generation) -> State:
    """How a reply is stored that was asked for by this task: with what went wrong, if anything."""
    try:
        await answer
    except ChatError as error:
        generation.error = str(error)
        return "error"
    except asyncio.CancelledError:
        return "stopped" if generation.stopped else "interrupted"
    # Whatever it is: only a reply that ends is stored, with its text and the reason.
    except Exception:
        log.exception("a reply failed in our own code")
        generation.error = "Hearth made a mistake here: its log says more."
        return "error"
    return "done"


async def _target(client: OllamaClient, model: str) -> Target:
    # First, since what it learns of the model is known to the client from then on.
    trained = await client.context_length(model)
    return Target(model, trained, client.sees(model), client.thinks(model))


async def _until_it_fits(target: Target, attempt: Callable[[Target], Awaitable[T]]) -> T:
    """Again with more reckoned for the same text, and so with less of it, where the server counts
    more than the window holds, which it tells before its first word. Raises as the attempt."""
    for _ in range(TRIES - 1):
        try:
            return await attempt(target)
        except WindowExceeded as error:
            target = replace(target, more=target.more * max(MORE, error.beyond))
    return await attempt(target)


async def _written(client: OllamaClient, request: ChatRequest) -> str:
    """What the model answers, read no further than the tokens go that it was given: a server need
    not heed them, and what is kept must fit the next request."""
    most, text = CHARACTERS * request.options["num_predict"], ""
    async with aclosing(client.chat(request)) as chunks:
        async for chunk in chunks:
            text += chunk.content
            if len(text) >= most:
                break
    return text[:most]


def check_sight(find: Callable[[], OllamaClient], model: str) -> None:
    """Raises CannotSee for a model that takes no images. May ask the server, and one that cannot
    be asked is no reason to refuse."""
    with suppress(ServerUnreachable, ServerError, ModelNotFound, EngineError):
        if find().sees(model):
            return
        raise CannotSee(
            f"The model {model!r} cannot see images: pick one that can, then send it again;"
            " `ollama pull gemma3:4b` gets one."
        )


def prompt_to_send(store: Store, owner: int, reply: Message) -> Message | None:
    """What a reply answers. Raises LeftOut where that is never to be sent."""
    if reply.parent_id is None:
        return None
    prompt = store.message(owner, reply.parent_id)
    if prompt.keep == "left_out":
        raise LeftOut(
            "The prompt of this reply is left out, and so is never sent: choose 'Send it while"
            " there is room' in its menu, or write another one."
        )
    return prompt


def shows_images(message: Message) -> bool:
    return any(attachment.is_image for attachment in message.attachments)


def _without_answer(generation: Generation) -> ServerError:
    reason = generation.usage and generation.usage.done_reason
    what = WITHOUT_ANSWER.get(reason or "", "The model ended without an answer")
    return ServerError(f"{what}: try again, or pick another model.")
