"""Every reply under way. The server owns them; pages only follow, and may vanish at any moment.

Each is an asyncio task on one background loop, where cancelling closes the model's connection at
once, even before its first word. Nothing here knows Streamlit.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from weakref import WeakSet

from chatcore import repeating
from chatcore.asking import Asker, check_sight, outcome, prompt_to_send, shows_images
from chatcore.client import OllamaClient
from chatcore.errands import Errands
from chatcore.errors import (
    AlreadyGenerating,
    ChatError,
    MessageNotFound,
    PromptTooLong,
    ServerError,
)
from chatcore.generation import HEARTBEAT, Generation
from chatcore.host import ModelHost
from chatcore.line import Line, Ticket
from chatcore.options import BY_DEFAULT, Choice
from chatcore.saving import Saver
from chatcore.settings import Settings
from chatcore.store import Store
from chatcore.trial import Trial
from chatcore.types import File, InForce, Message, Said, Seen, Turn

log = logging.getLogger(__name__)

REGISTERED_WITHIN = 5.0  # seconds from the commit of a turn
# Seconds before another thread draws the page of a prompt: both would take turns with Python's
# lock, and the model be asked twice as late.
HEAD_START = 0.02
UNFOLLOWED_FOR = 10.0  # seconds after which what is tried out has no page any more


class Generations:
    """The registry, by the session's primary key; every public method from any thread."""

    def __init__(self, store: Store, host: ModelHost, settings: Settings) -> None:
        self._store = store
        self._host = host
        self._settings = settings
        self._asker = Asker(store, settings)
        self._line = Line(
            lambda: 1 if host.takes_one else settings.parallel, settings.parallel_owner
        )
        self._under_way: dict[int, Generation] = {}
        self._registered = threading.Condition()
        self._answers: dict[Generation, asyncio.Task[None]] = {}
        self._replies: set[asyncio.Task[None]] = set()
        self._errands = Errands(store, host, self._asker, self._line, settings.reply_seconds)
        self._clients: WeakSet[OllamaClient] = WeakSet()
        self._closing = asyncio.Event()
        # Its own, or a stop would wait for threads that wait for a model server.
        self._disk = ThreadPoolExecutor(2, "hearth-disk")
        self._saver = Saver(store, self._closing, self._disk)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="hearth-replies", daemon=True
        )
        self._thread.start()

    def start(
        self,
        owner: int,
        session_id: str | None,
        prompt: str,
        model: str,
        attachments: Sequence[File] = (),
        choice: Choice = BY_DEFAULT,
        in_force: InForce | None = None,
    ) -> Generation:
        """Store the prompt, then let the model answer it; a new chat keeps what is chosen.

        Raises TooBusy, PromptTooLong, CannotSee, and what Store.begin_turn raises; then nothing
        was stored or sent.
        """
        self._check_length(prompt)
        self._check_sight(model, any(file.text is None for file in attachments))
        with self._line.place(owner) as ticket:
            turn = self._store.begin_turn(
                owner, session_id, prompt, model, None, attachments, choice, in_force
            )
            return self._begin(ticket, turn)

    def send(
        self,
        owner: int,
        session_id: str | None,
        prompt: str,
        model: str,
        attachments: Sequence[File] = (),
        choice: Choice = BY_DEFAULT,
        in_force: InForce | None = None,
    ) -> str:
        """Start, and give the model a head start; or keep the prompt until the session's reply
        under way has ended.

        Returns the session's id. Raises as start, and TooBusy where a prompt waits already.
        """
        try:
            generation = self.start(owner, session_id, prompt, model, attachments, choice, in_force)
        except AlreadyGenerating:
            assert session_id is not None
            self._store.set_next(owner, session_id, prompt, model, attachments, in_force)
            self._start_next(owner, session_id)  # the reply may have ended meanwhile
            return session_id
        generation.wait_begun(HEAD_START)
        return generation.turn.session.id

    def edit_next(self, owner: int, message_id: int, prompt: str) -> None:
        """Change the prompt that waits. Raises PromptTooLong, and as Store.edit_next."""
        self._check_length(prompt)
        self._store.edit_next(owner, message_id, prompt)

    def release_next(self, owner: int, session_id: str, message_id: int) -> Generation | None:
        """Let the prompt that was held wait on; it begins where it would have begun meanwhile."""
        self._store.hold_next(owner, message_id, held=False)
        last = self._store.messages(owner, session_id, last=1)
        goes_on = any(message.state == "done" for message in last)
        return self._start_next(owner, session_id) if goes_on else None

    def start_next(self, owner: int, session_id: str) -> Generation | None:
        """Let the model answer the prompt that waits, unless it is at a reply, whose end will.

        Raises as start.
        """
        if self._store.session(owner, session_id).pk in self._under_way:
            return None
        return self._start_next(owner, session_id, accepted=False)

    def _start_next(self, owner: int, session_id: str, accepted: bool = True) -> Generation | None:
        """accepted: it has waited for this already, and is not refused now."""
        try:
            with self._line.place(owner, accepted=accepted) as ticket:
                turn = self._store.begin_next(owner, session_id)
                return self._begin(ticket, turn) if turn else None
        except AlreadyGenerating:
            return None

    def edit(
        self, owner: int, session_id: str, message: Message, prompt: str, model: str
    ) -> Generation:
        """Answer another version of a prompt, with its attachments.

        Raises MessageNotFound for what is no prompt, and as start.
        """
        if message.role != "user":
            raise MessageNotFound("Only a prompt can be edited: another message keeps its text.")
        self._check_length(prompt)
        self._check_sight(model, shows_images(message))
        with self._line.place(owner) as ticket:
            turn = self._store.begin_turn(owner, session_id, prompt, model, instead_of=message.id)
            return self._begin(ticket, turn)

    def post(
        self,
        owner: int,
        session_id: str | None,
        messages: Sequence[Said],
        model: str,
        key: str | None = None,
    ) -> Turn:
        """Store what a program sends, then let the model answer the last of it.

        Asked again under the same key it is the same turn, whose reply may have ended, unless this
        is refused first: Posts.begun tells. Raises as start, and what Posts.begin raises.
        """
        self._check_length(*(said.content for said in messages))
        with self._line.place(owner) as ticket:
            posted = self._store.posts.begin(owner, session_id, messages, model, key)
            if posted.new:
                self._begin(ticket, posted.turn)
            return posted.turn

    def regenerate(self, owner: int, reply: Message, model: str) -> Generation:
        """Another version of a reply, from this model. Raises LeftOut, and as start."""
        if prompt := prompt_to_send(self._store, owner, reply):
            self._check_sight(model, shows_images(prompt))
        with self._line.place(owner) as ticket:
            return self._begin(ticket, self._store.begin_version(owner, reply.id, model))

    def repeat(self, owner: int, reply: Message) -> Generation:
        """Another version of a reply by the same request, to the same model. May ask the server.

        Raises NotRepeatable, and as start.
        """
        reply = self._store.message(owner, reply.id)
        seen = repeating.request_of(reply, self._host.client().build(reply.model))
        with self._line.place(owner) as ticket:
            turn = self._store.begin_version(owner, reply.id, reply.model)
            return self._begin(ticket, turn, seen)

    def resume(self, owner: int, reply: Message) -> Generation:
        """Go on with a reply where it ended. Raises LeftOut, and as start."""
        prompt_to_send(self._store, owner, reply)
        with self._line.place(owner) as ticket:
            return self._begin(ticket, self._store.resume_reply(owner, reply.id))

    def name(self, owner: int, session_id: str) -> "Future[None]":
        """Let the session's model name it, when it has time. The future holds what went wrong."""
        return asyncio.run_coroutine_threadsafe(self._errands.name(owner, session_id), self._loop)

    def sum_up(self, owner: int, session_id: str) -> "Future[None]":
        """The same, for a summary of all but the session's last turn."""
        return asyncio.run_coroutine_threadsafe(self._errands.sum_up(owner, session_id), self._loop)

    def try_out(self, owner: int, trial: Trial, model: str) -> Generation:
        """Let the model answer what is stored nowhere, as long as somebody follows it.

        Raises TooBusy and PromptTooLong.
        """
        self._check_length(trial.said[-1].content)
        with self._line.place(owner) as ticket:
            generation = self._generation(ticket, trial.turn(model))
            self._loop.call_soon_threadsafe(self._spawn, generation, ticket, trial)
        return generation

    def end(self, generation: Generation) -> None:
        """As stop, of what was tried out, too."""
        self._loop.call_soon_threadsafe(self._stop, generation)
        generation.wait()

    def stop(self, owner: int, reply: Message) -> None:
        """End a reply now, its text kept; returns when it is stored. An ended one stays so."""
        if generation := self.of(owner, reply):
            self.end(generation)

    def delete(self, owner: int, session_id: str) -> None:
        """Put a session into the trash. Its reply ends there, its text kept: it would keep others
        waiting, and nobody could stop it. Raises SessionNotFound."""
        if reply := self._store.trash.put(owner, session_id):
            self.stop(owner, reply)

    def of(self, owner: int, message: Message) -> Generation | None:
        """The generation of a `streaming` message; None if it ended since it was read.

        Raises MessageNotFound, of another owner's as of one that is gone.
        """
        deadline = time.monotonic() + REGISTERED_WITHIN
        while message.state == "streaming" and time.monotonic() < deadline:
            with self._registered:
                generation = self._under_way.get(message.session_pk)
                if generation is not None and generation.is_of(owner, message):
                    return generation
                # Another page registers it within a moment; of another owner's the store will tell.
                self._registered.wait(HEARTBEAT)
            # Not in the lock, which the end of every reply takes.
            message = self._store.message(owner, message.id)
        return None

    def under_way(self, owner: int) -> set[int]:
        """The primary keys of the owner's sessions that are being answered."""
        return {pk for pk, each in list(self._under_way.items()) if each.owner == owner}

    def close(self) -> None:
        """End every reply where it is, as `interrupted`, and stop the loop. Idempotent."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._interrupt_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._disk.shutdown()

    def _check_length(self, *said: str) -> None:
        most = self._settings.prompt_characters
        if any(len(text) > most for text in said):
            raise PromptTooLong(
                f"A message takes {most:,} characters (HEARTH_PROMPT_CHARACTERS):"
                " send it in parts, or attach it as a file."
            )

    def _check_sight(self, model: str, needed: bool) -> None:
        if needed:
            check_sight(self._host.client, model)

    def _begin(self, ticket: Ticket, turn: Turn, repeats: Seen | None = None) -> Generation:
        generation = self._generation(ticket, turn, repeats)
        with self._registered:
            self._under_way[turn.session.pk] = generation
            # Before anyone can find it, so that a stop comes after it.
            self._loop.call_soon_threadsafe(self._spawn, generation, ticket)
            self._registered.notify_all()
        return generation

    def _generation(self, ticket: Ticket, turn: Turn, repeats: Seen | None = None) -> Generation:
        ticket.kept = True
        generation = Generation(ticket.owner, turn, repeats)
        generation.ahead = lambda: self._line.ahead_of(ticket)
        return generation

    def _spawn(self, generation: Generation, ticket: Ticket, trial: Trial | None = None) -> None:
        answer = self._loop.create_task(self._answer(generation, ticket, trial))
        # Not in the task: one that is cancelled before it began does nothing at all.
        answer.add_done_callback(lambda _: self._line.leave(ticket))
        self._answers[generation] = answer
        run = self._run_trial if trial else self._run
        reply = self._loop.create_task(run(generation))
        self._replies.add(reply)
        reply.add_done_callback(self._replies.discard)

    def _stop(self, generation: Generation) -> None:
        if answer := self._answers.get(generation):
            generation.stopped = True
            answer.cancel()

    async def _interrupt_all(self) -> None:
        self._closing.set()
        self._errands.cancel()
        while self._replies:  # more may begin while the first are stored
            for answer in self._answers.values():
                answer.cancel()
            await asyncio.gather(*self._replies, return_exceptions=True)
        self._asker.close()
        for client in list(self._clients):
            await client.aclose()
        await self._loop.shutdown_default_executor()

    async def _run(self, generation: Generation) -> None:
        drafts = self._loop.create_task(self._saver.save_drafts(generation))
        state = await outcome(self._answers[generation], generation)
        del self._answers[generation]
        drafts.cancel()
        try:
            await self._saver.finish(generation, state)
            self._forget(generation)
            if state == "done" and not generation.unsaved:
                await self._loop.run_in_executor(self._disk, self._go_on, generation)
        finally:
            self._forget(generation)
            generation.end()

    async def _run_trial(self, generation: Generation) -> None:
        watch = self._loop.create_task(self._stop_unfollowed(generation))
        await outcome(self._answers[generation], generation)
        watch.cancel()
        del self._answers[generation]
        generation.end()

    async def _stop_unfollowed(self, generation: Generation) -> None:
        """Its text is its page's alone: when that is gone, it only keeps others waiting."""
        left = self._loop.time()
        while self._loop.time() - left < UNFOLLOWED_FOR:
            await asyncio.sleep(UNFOLLOWED_FOR / 10)
            if generation.followers:
                left = self._loop.time()
        self._stop(generation)

    def _go_on(self, generation: Generation) -> None:
        """With the prompt that waits. Where the reply did not come to its end the person decides:
        a further turn would take from them that it can be continued."""
        try:
            started = self._start_next(generation.owner, generation.turn.session.id)
        except ChatError as error:
            log.warning("a prompt that waits was not sent: %s", error)
        else:
            generation.next = started.turn if started else None

    def _forget(self, generation: Generation) -> None:
        """Once stored, the session is free, and its next reply may be registered already."""
        with self._registered:
            pk = generation.turn.session.pk
            if self._under_way.get(pk) is generation:
                del self._under_way[pk]

    async def _answer(self, generation: Generation, ticket: Ticket, trial: Trial | None) -> None:
        """Wait for its turn in the line, then ask, within the limits of a reply."""
        await ticket.wait()
        generation.enter("starting")
        client = await asyncio.to_thread(self._host.client)
        self._clients.add(client)
        self._line.advance()  # it is known by now how many may go at once
        try:
            async with asyncio.timeout(self._settings.reply_seconds):
                await self._asker.ask(client, generation, trial)
        except TimeoutError:
            raise ServerError(
                f"The reply was ended after {self._settings.reply_seconds} s"
                " (HEARTH_REPLY_SECONDS): what was written is kept, and can be continued."
            ) from None
