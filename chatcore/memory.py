"""What the next request of a chat will hold, and what that of a reply held."""

from dataclasses import dataclass, replace

from chatcore.context import Fit, fit, is_cut, sent, window, wire_messages
from chatcore.counting import Counter, Estimator, total
from chatcore.settings import Settings
from chatcore.store import Store
from chatcore.types import ChatRequest, Message, Part, Seen, Session, Size

LOOKED_AT = 3  # replies, from the last, among which one with a count is looked for
NEXT_PROMPT = Part(0, "user", Size(messages=1))  # as long as nothing is written yet


@dataclass(frozen=True)
class Target:
    """The model that a request is for: the window it was trained for, whether it takes images."""

    model: str
    trained: int | None = None
    sees: bool = True


@dataclass(frozen=True)
class Plan:
    """What fits, and the same as it is kept with the reply."""

    fit: Fit
    seen: Seen


class Memory:
    """Of every chat in a store; it keeps nothing itself."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def num_ctx(self, session: Session | None, trained: int | None) -> int:
        """The window of a chat's next request, of a model trained for so many tokens."""
        chosen = session.num_ctx if session else None
        return window(chosen or self._settings.num_ctx, trained)

    def next(self, owner: int, session: Session, target: Target) -> Plan:
        """With a prompt that is not written yet. Raises PromptTooLong."""
        parts = [*self._store.memory.parts(owner, session.leaf_id), NEXT_PROMPT]
        return self._plan(owner, session, parts, target)

    def of(self, owner: int, session: Session, reply: Message, target: Target) -> Plan:
        """For a reply that is to be asked for now. Raises PromptTooLong."""
        parts = self._store.memory.parts(owner, reply.id)
        plan = self._plan(owner, session, parts, target)
        return replace(plan, seen=replace(plan.seen, continued=len(reply.body)))

    def request(self, owner: int, reply: Message, seen: Seen) -> ChatRequest:
        """The body of the request, made from the messages that it names."""
        branch = self._store.branch(owner, reply.id)
        if seen.continued:
            branch[-1] = replace(branch[-1], body=branch[-1].body[: seen.continued])
        else:
            del branch[-1]
        wanted = sent([message.id for message in branch], seen)
        branch = [message for message in branch if message.id in wanted]
        contents = {
            attachment.id: self._store.content(owner, attachment.id)
            for message in branch
            for attachment in message.attachments
        }
        messages = wire_messages(branch, contents, seen.sees)
        return ChatRequest(reply.model, messages, seen.options, seen.think)

    def _plan(self, owner: int, session: Session, parts: list[Part], target: Target) -> Plan:
        if not target.sees:
            parts = list(map(_without_images, parts))
        num_ctx = self.num_ctx(session, target.trained)
        estimator = Estimator(self._store.memory.samples(owner, target.model))
        counter = self._counter(owner, parts, target.model, estimator)
        fitted = fit(parts, num_ctx, None, counter)
        ids = [part.id for part in parts]
        at = ids.index(fitted.first)
        wanted = set(fitted.sent)
        kept = [part for part in parts if part.id in wanted]
        seen = Seen(
            num_ctx=num_ctx,
            tokens=fitted.tokens,
            new=round(sum(counter.tokens(part) for part in kept if not counter.knows(part))),
            sure=estimator.sure,
            size=total(part.size for part in kept),
            first=fitted.first,
            before=tuple(n for n in ids[:at] if n in wanted),
            without=tuple(n for n in ids[at:] if n not in wanted),
            left_out=len(fitted.left_out),
            options={"num_ctx": num_ctx},
            sees=target.sees,
        )
        return Plan(fitted, seen)

    def _counter(self, owner: int, parts: list[Part], model: str, estimator: Estimator) -> Counter:
        """That knows what the last reply saw, where its count can be believed."""
        replies: dict[int, int] = {}
        places = [n for n, part in enumerate(parts) if part.role == "assistant"]
        for place in reversed(places[-LOOKED_AT:]):
            message = self._store.message(owner, parts[place].id)
            usage, seen = message.usage, message.seen
            if message.model != model or usage is None or seen is None or seen.continued:
                continue
            if usage.eval_count and not message.thinking:
                replies[message.id] = usage.eval_count
            count = usage.prompt_eval_count
            if count and not is_cut(seen, count):
                wanted = sent([part.id for part in parts[:place]], seen)
                counted = [part for part in parts[:place] if part.id in wanted]
                return Counter(estimator, counted, count, replies)
        return Counter(estimator, replies=replies)


def _without_images(part: Part) -> Part:
    return part._replace(size=part.size._replace(images=0))
