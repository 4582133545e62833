"""What the next request of a chat will hold, and what that of a reply held."""

import secrets
from dataclasses import dataclass, replace
from typing import Any

from chatcore import summing, wire
from chatcore.context import (
    OF_PERSONA,
    Fit,
    earlier,
    fit,
    is_bare,
    is_cut,
    room,
    sent,
    to_cover,
    uncovered,
    window,
    wire_messages,
)
from chatcore.counting import Counter, Estimator, size, total
from chatcore.errors import PromptTooLong, SummaryRefused
from chatcore.options import USUAL, Compact, Options, Think
from chatcore.personas import Persona
from chatcore.settings import Settings
from chatcore.store import Store
from chatcore.trial import Trial
from chatcore.types import ChatRequest, Message, Part, Seen, Session, Size, Summary
from chatcore.voice import Voice, speaking

SEEDS = 2**31
LOOKED_AT = 20  # replies, from the last, among which one with a count is looked for
NEXT_PROMPT = Part(0, "user", Size(messages=1))  # as long as nothing is written yet


@dataclass(frozen=True)
class Target:
    """The model that a request is for, and what it can."""

    model: str
    trained: int | None = None
    """The window it was trained for."""
    sees: bool = True
    thinks: tuple[Think, ...] = ()
    more: float = 1
    """How many times as many tokens as predicted a request took that its server refused."""


@dataclass(frozen=True)
class Plan:
    """What fits, and the same as it is kept with the reply."""

    fit: Fit
    seen: Seen
    summary: Summary | None = None
    """What stands for the messages before it."""


class Memory:
    """Of every chat in a store; it keeps nothing itself."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def options(self, owner: int, session: Session, trained: int | None) -> Options:
        """In effect for a chat's next request, to a model trained for so many tokens: the chat's
        own, and its persona's where it has none. The window is always among them."""
        return self._in_effect(
            session.choice.options.over(self._persona_options(owner, session)), trained
        )

    def _in_effect(self, chosen: Options, trained: int | None) -> Options:
        num_ctx = window(chosen.num_ctx or self._settings.num_ctx, trained)
        return chosen.model_copy(update={"num_ctx": num_ctx})

    def next(self, owner: int, session: Session, target: Target) -> Plan:
        """With a prompt that is not written yet. Raises PromptTooLong."""
        parts = [*self._store.memory.parts(owner, session.leaf_id), NEXT_PROMPT]
        return self._plan(owner, session, parts, target)

    def of(self, owner: int, session: Session, reply: Message, target: Target) -> Plan:
        """For a reply that is to be asked for now, so with a seed. Raises PromptTooLong."""
        parts = self._store.memory.parts(owner, reply.id)
        plan = self._plan(owner, session, parts, target)
        options = {"seed": secrets.randbelow(SEEDS)} | plan.seen.options
        seen = replace(plan.seen, continued=len(reply.body), options=options)
        return replace(plan, seen=seen)

    def request(self, owner: int, reply: Message, seen: Seen) -> ChatRequest:
        """The body of the request, made from the messages that it names."""
        # Of a long chat no more than was sent, unless some of it is from before the first.
        branch = self._store.branch(owner, reply.id, None if seen.before else seen.first)
        if seen.continued:
            branch[-1] = replace(branch[-1], body=branch[-1].body[: seen.continued])
        else:
            del branch[-1]
        wanted = sent([message.id for message in branch], seen)
        messages = self._wire(owner, [m for m in branch if m.id in wanted], seen.sees)
        if seen.summary is not None:
            summary = self._store.memory.summary_text(owner, seen.summary)
            messages = [summing.wire_message(summary), *messages]
        if seen.persona is not None:
            kept = self._store.personas.version(owner, seen.persona)
            messages = [*Voice(kept.persona, seen.values).wire_messages(), *messages]
        return wire.request(reply.model, messages, seen.options, seen.think, seen.keep_alive)

    def correct(
        self, owner: int, session: Session, summary: Summary, body: str, target: Target
    ) -> Summary:
        """Let this stand in the place of a summary. Raises SummaryRefused."""
        if not body.strip():
            raise SummaryRefused(
                "A summary cannot be empty: to do without it, let the chat leave out the oldest"
                " messages, under Options."
            )
        options = self.options(owner, session, target.trained)
        assert options.num_ctx is not None
        counter = self._without_counts(owner, target)
        most = (options.num_ctx - room(options.num_ctx, options.num_predict)) // 2
        if (tokens := counter.at_most(_standing(summary.id, body))) > most:
            raise SummaryRefused(
                f"This summary takes up to {tokens:,.0f} tokens, and of the context window of"
                f" {options.num_ctx:,} {most:,} are for it: shorten it, or choose a larger num_ctx"
                " under Options."
            )
        return self._store.memory.summarise(owner, summary.message_id, body)

    def tokens_of(
        self,
        owner: int,
        persona: Persona,
        target: Target,
        chosen: Options = USUAL,
        fields: dict[str, str] | None = None,
    ) -> tuple[int, Fit]:
        """About how many tokens its system prompt takes, and what the first request of a chat with
        such options and values of its fields will. Raises PromptTooLong where no prompt would fit
        beside it."""
        voice = speaking(persona, fields or {}, "", "", target.model)
        options = self._in_effect(chosen.over(persona.options), target.trained)
        counter = self._without_counts(owner, target)
        own = voice.parts()
        fitted = _fit([*own, NEXT_PROMPT], options, counter, voice)
        return round(sum(map(counter.tokens, own))), fitted

    def trial(self, owner: int, trial: Trial, target: Target) -> tuple[ChatRequest, int]:
        """The request of a conversation that is not stored, and about how many tokens it takes.
        Raises PromptTooLong."""
        persona = trial.persona
        voice = speaking(persona, {}, trial.zone, trial.locale, target.model)
        said = [Part(n, each.role, size(each.content)) for n, each in enumerate(trial.said)]
        options = self._in_effect(persona.options, target.trained)
        counter = self._without_counts(owner, target)
        fitted = _fit([*voice.parts(), *said], options, counter, voice)
        kept = [trial.said[n] for n in fitted.sent if n >= 0]
        messages = [{"role": each.role, "content": each.content} for each in kept]
        request = wire.request(
            target.model,
            [*voice.wire_messages(), *messages],
            options.wire(),
            options.wire_think(target.thinks),
            options.wire_keep_alive(),
        )
        return request, fitted.tokens

    def older(
        self, owner: int, session: Session, leaf_id: int | None, target: Target, whole: bool = False
    ) -> tuple[int, int, ChatRequest] | None:
        """How to sum up what finds no room: down to which message, to which of those it did not
        stand for before, and what to ask.

        As much as one request holds. None where all has room, or the chat does not want it.
        whole: all but the last turn is to be summed up, whether it has room or not.
        """
        if session.choice.compact is not Compact.ALWAYS and not whole:
            return None
        parts = self._store.memory.parts(owner, leaf_id)
        plan = self._plan(owner, session, parts, target)
        num_ctx, before = plan.seen.num_ctx, plan.summary.body if plan.summary else ""
        own = min(summing.TOKENS, num_ctx // 6)
        if plan.summary:
            parts = uncovered(parts, plan.summary.message_id)
        turns = earlier(parts) if whole else to_cover(parts, plan.fit)
        if not turns:
            return None
        counter = self._without_counts(owner, target)
        asking = [_part(0, message) for message in summing.wire_messages(before, [])]
        beside = counter.request(bare=not before) + sum(map(counter.at_most, asking))
        messages = self._chunk(owner, counter, turns, num_ctx - own - beside)
        options = {"num_ctx": num_ctx, "num_predict": own}
        asked = summing.wire_messages(before, [said for _, said in messages])
        told_to = messages[-1][0]
        down_to = max(told_to, plan.summary.message_id if plan.summary else 0)
        return down_to, told_to, wire.request(target.model, asked, options)

    def _chunk(
        self, owner: int, counter: Counter, turns: list[list[Part]], budget: float
    ) -> list[tuple[int, dict[str, Any]]]:
        """The first turns that fit, by id and as they are sent; one that is too long is cut."""
        chunk: list[tuple[int, dict[str, Any]]] = []
        for turn in turns:
            tokens = sum(map(counter.at_most, map(_without_images, turn)))
            if chunk and tokens > budget:
                break
            for part in turn:
                [said] = self._wire(owner, [self._store.message(owner, part.id)], sees=False)
                if tokens > budget:
                    characters = len(said["content"]) * budget / tokens
                    said["content"] = said["content"][: max(1, int(characters))]
                chunk.append((part.id, said))
            budget -= tokens
        return chunk

    def _wire(self, owner: int, messages: list[Message], sees: bool) -> list[dict[str, Any]]:
        contents = {
            attachment.id: self._store.content(owner, attachment.id)
            for message in messages
            for attachment in message.attachments
        }
        return wire_messages(messages, contents, sees)

    def _persona_options(self, owner: int, session: Session) -> Options:
        if session.persona is None:
            return USUAL
        return self._store.personas.version(owner, session.persona.version).persona.options

    def _voice(self, owner: int, session: Session, model: str) -> Voice | None:
        """As it speaks now, by the clock of the visitor."""
        if session.persona is None:
            return None
        chosen = session.persona
        persona = self._store.personas.version(owner, chosen.version).persona
        return speaking(persona, chosen.values, chosen.zone, chosen.locale, model)

    def _summary(self, owner: int, session: Session, parts: list[Part]) -> Summary | None:
        """What stands for the first of them, where that is wanted and a prompt follows it."""
        if not session.choice.compact:
            return None
        written = [part.id for part in parts if part.id != NEXT_PROMPT.id]
        summary = self._store.memory.summary(owner, written[-1]) if written else None
        if summary is None:
            return None
        ids = [part.id for part in parts]
        follows = parts[ids.index(summary.message_id) + 1 :]
        return summary if any(part.role == "user" for part in follows) else None

    def _plan(self, owner: int, session: Session, said: list[Part], target: Target) -> Plan:
        """said: the messages of the chat."""
        if not target.sees:
            said = list(map(_without_images, said))
        options = self.options(owner, session, target.trained)
        voice = self._voice(owner, session, target.model)
        own = voice.parts() if voice else []
        persona = session.persona.version if session.persona else None
        counter = self._counter(owner, said, own, target, persona)
        summary = self._summary(owner, session, said)
        first, rest = _summed_up(said, summary)
        parts = [*own, *rest]
        fitted = _fit(parts, options, counter, voice)
        fitted = fitted if fitted.left_out else replace(fitted, first=first)
        seen = replace(
            _seen(fitted, options, said, parts, counter),
            think=options.wire_think(target.thinks),
            sees=target.sees,
            summary=summary.id if summary else None,
            persona=persona,
            values=voice.values if voice else {},
        )
        return Plan(fitted, seen, summary)

    def _without_counts(self, owner: int, target: Target) -> Counter:
        """That knows of no request of this chat."""
        samples = self._store.memory.samples(owner, target.model)
        return Counter(Estimator(samples), more=target.more)

    def _counter(
        self,
        owner: int,
        said: list[Part],
        own: list[Part],
        target: Target,
        persona: int | None,
    ) -> Counter:
        """That knows what the last reply saw whose count can be believed.

        said: the messages of the chat, and of these what a summary stands for, too; own: what is
        always sent before them."""
        estimator = Estimator(self._store.memory.samples(owner, target.model))
        replies: dict[int, int] = {}
        last: set[int] = set()
        places = [n for n, part in enumerate(said) if part.role == "assistant"]
        for place in reversed(places[-LOOKED_AT:]):
            message = self._store.message(owner, said[place].id)
            usage, seen = message.usage, message.seen
            if message.model != target.model or usage is None or seen is None or seen.continued:
                continue
            if seen.persona != persona:
                break
            if usage.eval_count and not message.thinking:
                replies[message.id] = usage.eval_count
            wanted = sent([part.id for part in said[:place]], seen)
            counted = [part for part in said[:place] if part.id in wanted]
            if seen.summary is not None:
                text = self._store.memory.summary_text(owner, seen.summary)
                counted.insert(0, _standing(seen.summary, text))
            counted = [*own, *counted]
            last = last or {part.id for part in counted}
            count = usage.prompt_eval_count
            if count and count >= seen.least and not is_cut(seen, count):
                return Counter(estimator, counted, count, replies, last, target.more)
        return Counter(estimator, replies=replies, sent=last, more=target.more)


def _fit(parts: list[Part], options: Options, counter: Counter, voice: Voice | None) -> Fit:
    """options: in effect, so with a window. Raises PromptTooLong; of the persona, where that takes
    more than half of what there is, and the rest alone would fit."""
    num_ctx = options.num_ctx
    assert num_ctx is not None
    try:
        return fit(parts, num_ctx, options.num_predict, counter)
    except PromptTooLong:
        if not voice or not (own := voice.parts()):
            raise
        fit(parts[len(own) :], num_ctx, options.num_predict, counter)
        tokens = counter.tokens(own[0])
        if tokens < (num_ctx - room(num_ctx, options.num_predict)) / 2:
            raise
    raise PromptTooLong(
        f"The system prompt of {voice.persona.name} takes about {tokens:,.0f} tokens, too many"
        f" for a context window of {num_ctx:,}: shorten it, choose another persona, or a larger"
        " num_ctx under Options, then try again."
    )


def _summed_up(said: list[Part], summary: Summary | None) -> tuple[int, list[Part]]:
    """The first message that the summary does not stand for, and all that may be sent with it."""
    if summary is None:
        return said[0].id, said
    ids = [part.id for part in said]
    stands = _standing(summary.id, summary.body)
    return (
        ids[ids.index(summary.message_id) + 1],
        [stands, *uncovered(said, summary.message_id)],
    )


def _seen(
    fitted: Fit, options: Options, said: list[Part], parts: list[Part], counter: Counter
) -> Seen:
    """parts: what was to fit, of which the messages said are some."""
    assert options.num_ctx is not None
    ids, wanted = [part.id for part in said], set(fitted.sent)
    at = ids.index(fitted.first)
    kept = [part for part in parts if part.id in wanted]
    return Seen(
        num_ctx=options.num_ctx,
        tokens=fitted.tokens,
        new=_new(kept, fitted, counter),
        sure=counter.sure,
        size=total(part.size for part in kept)._replace(messages=fitted.messages),
        first=fitted.first,
        before=tuple(n for n in ids[:at] if n in wanted),
        without=tuple(n for n in ids[at:] if n not in wanted),
        left_out=len(fitted.left_out),
        options=options.wire(),
        keep_alive=options.wire_keep_alive(),
        least=counter.least(kept),
        bare=is_bare(kept),
    )


def _standing(summary_id: int, text: str) -> Part:
    return _part(-summary_id, summing.wire_message(text))


def _part(part_id: int, message: dict[str, Any]) -> Part:
    return Part(part_id, message["role"], size(message["content"]))


def _new(kept: list[Part], fitted: Fit, counter: Counter) -> int:
    """Tokens of what the server cannot have in its cache: a persona's system prompt it may have
    from another chat."""
    new = [part for part in kept if counter.is_new(part) and part.id != OF_PERSONA]
    return fitted.tokens if new == kept else round(sum(map(counter.tokens, new)))


def _without_images(part: Part) -> Part:
    return part._replace(size=part.size._replace(images=0)) if part.size.images else part
