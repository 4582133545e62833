"""One reply asked of the model server: what is sent, what comes, and what it is at meanwhile."""

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial

from chatcore import naming
from chatcore.client import OllamaClient
from chatcore.errors import CannotSee, ChatError, ModelNotFound, ServerError
from chatcore.generation import Generation
from chatcore.memory import Memory, Target
from chatcore.settings import Settings
from chatcore.store import Store
from chatcore.trial import Trial
from chatcore.types import ChatRequest, Message, Seen, Session, Think

TOKENS_OF_A_NAME = 200  # a model that cannot but think must get past it
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

    async def ask(
        self, client: OllamaClient, generation: Generation, trial: Trial | None = None
    ) -> None:
        """Add to the generation what comes. Raises what the client raises, and ServerError where a
        limit is reached or nothing was said. On the client's event loop.

        trial: what is asked instead, of which nothing is stored."""
        generation.enter("loading")
        if trial is not None:
            await self._try_out(client, generation, trial)
            return
        seen = await self._seen(client, generation)
        reply = generation.turn.reply
        request = await asyncio.to_thread(self._memory.request, generation.owner, reply, seen)
        self._store.memory.saw(generation.owner, reply.id, seen)
        await self._stream(client, generation, request, seen.tokens)

    async def _try_out(self, client: OllamaClient, generation: Generation, trial: Trial) -> None:
        model = generation.turn.reply.model
        await self._check_model(client, model)
        target = Target(model, await client.context_length(model), client.sees(model))
        find = partial(self._memory.trial, generation.owner, trial, target)
        request, tokens = await asyncio.to_thread(find)
        think = _think(trial.persona.options.think, client.thinks(model))
        await self._stream(client, generation, replace(request, think=think), tokens)

    async def _stream(
        self, client: OllamaClient, generation: Generation, request: ChatRequest, tokens: int
    ) -> None:
        clock = asyncio.create_task(self._watch_loading(client, generation, request.model, tokens))
        room = self._settings.reply_characters
        generation.asked()
        try:
            async with aclosing(client.chat(request)) as chunks:
                async for chunk in chunks:
                    generation.add(chunk)
                    room -= len(chunk.content) + len(chunk.thinking)
                    if room < 0:
                        raise ServerError(
                            f"The reply was ended after {self._settings.reply_characters:,}"
                            " characters (HEARTH_REPLY_CHARACTERS): what was written is kept."
                        )
        finally:
            clock.cancel()
        if not generation.body.strip():
            raise _without_answer(generation)

    async def name(self, client: OllamaClient, owner: int, session: Session) -> str:
        """What the session's model would call it. Raises as ask."""
        branch = await asyncio.to_thread(self._store.messages, owner, session.id)
        num_ctx = self._memory.num_ctx(session, await client.context_length(session.model))
        think = _think("off", client.thinks(session.model))
        options = {"num_ctx": num_ctx, "num_predict": TOKENS_OF_A_NAME}
        request = ChatRequest(session.model, naming.wire_messages(branch), options, think)
        async with aclosing(client.chat(request)) as chunks:
            answer = "".join([chunk.content async for chunk in chunks])
        if not (title := naming.title(answer)):
            raise ServerError("The model found no name for this chat: give it one with Rename.")
        return title

    async def _seen(self, client: OllamaClient, generation: Generation) -> Seen:
        owner, turn = generation.owner, generation.turn
        reply = turn.reply
        await self._check_model(client, reply.model)
        # First, since what it learns of the model is known to the client from then on.
        trained = await client.context_length(reply.model)
        target = Target(reply.model, trained, client.sees(reply.model))
        await self._sum_up(client, generation, target)
        plan = await asyncio.to_thread(self._memory.of, owner, turn.session, reply, target)
        think = _think(turn.session.think, client.thinks(reply.model))
        return replace(plan.seen, think=think)

    async def _check_model(self, client: OllamaClient, model: str) -> None:
        if not model:
            await asyncio.to_thread(client.version)  # a dead server is the better reason
            raise ModelNotFound(
                f"No model is installed on {client.host}: get one, e.g. `ollama pull qwen3:8b`."
            )

    async def _sum_up(self, client: OllamaClient, generation: Generation, target: Target) -> None:
        """What finds no room, where the chat is set so; without a word of the model it is left
        out."""
        owner, turn = generation.owner, generation.turn
        think = _think("off", client.thinks(target.model))
        find = partial(self._memory.older, owner, turn.session, turn.reply, target)
        while older := await asyncio.to_thread(find):
            generation.enter("summing")
            message_id, request = older
            async with aclosing(client.chat(replace(request, think=think))) as chunks:
                summary = "".join([chunk.content async for chunk in chunks]).strip()
            if not summary:
                return
            await asyncio.to_thread(self._store.memory.summarise, owner, message_id, summary)
        generation.enter("loading")

    async def _watch_loading(
        self, client: OllamaClient, generation: Generation, model: str, tokens: int
    ) -> None:
        """Tell loading the model from reading the prompt, until the first word ends both."""
        with suppress(ChatError):  # the request itself will tell
            while not await asyncio.to_thread(client.is_loaded, model):
                if generation.phase.doing not in BEFORE_READING:
                    return
                generation.enter("loading")
                await asyncio.sleep(LOADED_EVERY)
        if generation.phase.doing in BEFORE_READING:
            generation.enter("reading", tokens)


def check_sight(client: OllamaClient, model: str) -> None:
    """Raises CannotSee for a model that takes no images. May ask the server."""
    if not client.sees(model):
        raise CannotSee(
            f"The model {model!r} cannot see images: pick one that can, then send it again;"
            " `ollama pull gemma3:4b` gets one."
        )


def shows_images(message: Message) -> bool:
    return any(attachment.is_image for attachment in message.attachments)


def _without_answer(generation: Generation) -> ServerError:
    reason = generation.usage and generation.usage.done_reason
    what = WITHOUT_ANSWER.get(reason or "", "The model ended without an answer")
    return ServerError(f"{what}: try again, or pick another model.")


def _think(chosen: Think, possible: tuple[Think, ...]) -> bool | str | None:
    """As /api/chat takes it. What was chosen for another model may not be possible here."""
    if chosen not in possible:
        return None
    return {"on": True, "off": False}.get(chosen, chosen)
