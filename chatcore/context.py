"""What the model sees of a chat: which of its messages fit, and how they are sent. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol

from chatcore import wire
from chatcore.errors import PromptTooLong
from chatcore.types import Message, Part, Seen

ROOM = 1024  # tokens kept for the reply, and of a small window a quarter
# A shorter prompt takes so much as well: what is told to be left out before it is written, is.
PROMPT = 256  # tokens, and of a small window a sixteenth
CUT = 0.75  # of the tokens predicted: a server that read fewer cut the chat
CUT_BESIDE = 50  # tokens a template may add to what is new


OF_PERSONA = -(2**62)  # the id of its part; a summary's is the negative of its own


def is_summary(part_id: int) -> bool:
    return OF_PERSONA < part_id < 0


class Count(Protocol):
    """How many tokens messages take."""

    def request(self, bare: bool) -> float:
        """Those of no message. bare: no system message begins it."""
        ...

    def tokens(self, part: Part) -> float: ...

    def margin(self, part: Part) -> float:
        """The share by which they are to be reckoned with beyond that."""
        ...


@dataclass(frozen=True)
class Fit:
    """The messages of a request by id, oldest first, and what it is predicted to take."""

    sent: tuple[int, ...]
    left_out: tuple[int, ...]
    """Those without room."""
    first: int
    """The message after them: from it on nothing is left out for want of room."""
    tokens: int
    budget: int
    """What there is for them: the window, less the room kept for the reply."""
    num_ctx: int
    spare: int = 0
    """Tokens by which the last prompt may be longer before more is left out."""
    messages: int = 0
    """Those of one role that follow each other as one, as they are sent."""
    unsent: tuple[int, ...] = ()
    """Pinned replies that are not sent, as no prompt stands before them that is."""


def fit(parts: Sequence[Part], num_ctx: int, num_predict: int | None, count: Count) -> Fit:
    """As much of a chat as the window holds beside the reply: whole turns, the oldest left out.

    A turn is a prompt and what follows it. System messages, turns with a pinned message and the
    last turn are always in; a message that the person left out is not, unless it is the prompt to
    be answered. What stands before the first prompt that is sent is not sent either, as models
    expect a person to begin. `parts` holds a prompt at least.

    Raises PromptTooLong where what must be in is too much.
    """
    budget = num_ctx - room(num_ctx, num_predict)
    system = [part for part in parts if part.role == "system" and part.keep != "left_out"]
    *turns, last = _turns(_wanted(parts))
    kept = system + last + [part for turn in turns if _is_pinned(turn) for part in turn]
    beside = count.request(is_bare([part for part in parts if part.keep != "left_out"]))
    needed, at_most = _cost(kept, count)
    tokens = beside + needed
    if tokens > budget:
        raise PromptTooLong(_too_long(tokens, budget, num_ctx, kept, goes_on=len(last) > 1))
    unused = _unused(last[0], num_ctx, count)
    free = budget - beside - at_most - unused
    open_turns = [turn for turn in turns if not _is_pinned(turn)]
    while open_turns:
        needed, at_most = _cost(open_turns[-1], count)
        if at_most > free:
            break
        tokens += needed
        free -= at_most
        kept += open_turns.pop()
    ids = {part.id for part in kept}
    kept = [part for part in parts if part.id in ids]
    sent = tuple(part.id for part in kept)
    messages = len(list(groupby(kept, key=attrgetter("role"))))
    left_out = tuple(part.id for turn in open_turns for part in turn)
    unsent = tuple(part.id for part in parts if part.keep == "pinned" and part.id not in ids)
    first, spare = _first(parts, left_out), max(0, int(free + unused))
    return Fit(sent, left_out, first, round(tokens), budget, num_ctx, spare, messages, unsent)


def is_bare(parts: Sequence[Part]) -> bool:
    """Whether no system message begins them: then many templates put one there."""
    return not parts or parts[0].role != "system"


def _cost(parts: Iterable[Part], count: Count) -> tuple[float, float]:
    """Tokens as predicted, and as many as are reckoned with."""
    needed = at_most = 0.0
    for part in parts:
        tokens = count.tokens(part)
        needed += tokens
        at_most += tokens * (1 + count.margin(part))
    return needed, at_most


def uncovered(parts: Sequence[Part], message_id: int) -> list[Part]:
    """Without what a summary down to this message stands for. System messages stay, and the turns
    of which it need not tell: where they are pinned, or were when it was made, or left out."""
    at = [part.id for part in parts].index(message_id) + 1
    wanted = [part for part in parts[:at] if part.role != "system" and part.keep != "left_out"]
    apart = {part.id for turn in _turns(wanted) if any(p.apart for p in turn) for part in turn}
    apart |= {part.id for part in wanted if part.keep == "pinned"}
    before = [part for part in parts[:at] if part.role == "system" or part.id in apart]
    return [*before, *parts[at:]]


def earlier(parts: Sequence[Part]) -> list[list[Part]]:
    """The turns that can be summed up: never the last one, nor a pinned one."""
    return [turn for turn in _turns(_wanted(parts))[:-1] if not _is_pinned(turn)]


def to_cover(parts: Sequence[Part], fitted: Fit) -> list[list[Part]]:
    """Those to sum up where not all fits: what is left out, and half of the turns that are in.

    So that it need not be done again at the next prompt.
    """
    if not fitted.left_out:
        return []
    turns = earlier(parts)
    left_out = set(fitted.left_out)
    outside = sum(turn[0].id in left_out for turn in turns)
    return turns[: outside + (len(turns) - outside) // 2]


def room(num_ctx: int, num_predict: int | None) -> int:
    """Tokens of the window kept for the reply: as many as were asked for, and at most half."""
    if num_predict is not None and num_predict > 0:
        return min(num_predict, num_ctx // 2)
    return min(ROOM, num_ctx // 4)


def _unused(prompt: Part, num_ctx: int, count: Count) -> float:
    least = min(PROMPT, num_ctx // 16)
    return max(0.0, least - _cost([prompt], count)[1])


def _wanted(parts: Sequence[Part]) -> list[Part]:
    """Without system messages, and without what the person left out, as far as that can be."""
    last = max((n for n, part in enumerate(parts) if part.role == "user"), default=0)
    return [
        part
        for n, part in enumerate(parts)
        if part.role != "system" and (part.keep != "left_out" or n >= last)
    ]


def _turns(parts: Iterable[Part]) -> list[list[Part]]:
    """Each begins with a prompt; what comes before the first is in none."""
    turns: list[list[Part]] = []
    for part in parts:
        if part.role == "user":
            turns.append([part])
        elif turns:
            turns[-1].append(part)
    return turns


def _is_pinned(turn: list[Part]) -> bool:
    return any(part.keep == "pinned" for part in turn)


def _first(parts: Sequence[Part], left_out: tuple[int, ...]) -> int:
    ids = [part.id for part in parts]
    return ids[ids.index(left_out[-1]) + 1] if left_out else ids[0]


def _too_long(tokens: float, budget: int, num_ctx: int, kept: Sequence[Part], goes_on: bool) -> str:
    """goes_on: what is asked for is the rest of a reply, which nobody can shorten."""
    what, mend = ("This reply", "Continue") if goes_on else ("This prompt", "Regenerate")
    beside = ", with what is always sent before it," * (len(kept) > 1)
    summary = any(is_summary(part.id) for part in kept)
    return (
        f"{what}{beside} takes about {tokens:,.0f} tokens, and {budget:,} of the context window of"
        f" {num_ctx:,} are free for it:{' shorten it,' * (not goes_on)} unpin messages,"
        f"{' shorten the summary,' * summary} or choose a larger num_ctx under Options, then press"
        f" {mend}."
    )


def sent(branch: Sequence[int], seen: Seen) -> set[int]:
    """Which of the messages before a reply, by id and oldest first, were in its request."""
    whole = branch[branch.index(seen.first) :] if seen.first in branch else ()
    return {*whole, *seen.before}.difference(seen.without)


def is_cut(seen: Seen, prompt_eval_count: int) -> bool:
    """Whether the server read less than was sent, and so cut the chat further.

    A prediction that rests on counts is seldom wrong by a quarter, and more messages never take
    less than fewer. Some versions of Ollama count only what was not in their cache: that is at
    most what is new since the reply before.
    """
    less = prompt_eval_count < seen.least or (seen.sure and prompt_eval_count < CUT * seen.tokens)
    all_new = seen.new >= seen.tokens
    return less and (all_new or prompt_eval_count > seen.new / CUT + CUT_BESIDE)


def wire_messages(
    branch: Iterable[Message], contents: Mapping[int, str | bytes], sees: bool = True
) -> list[dict[str, Any]]:
    """The messages of a branch as /api/chat takes them, oldest first.

    `contents` are those of the attachments, by id; a model that does not see is told of images by
    name. A reply that failed before its first word is left out; thinking is never sent back.
    """
    return [
        _wire(message, contents, sees) for message in branch if message.body or message.attachments
    ]


def _wire(message: Message, contents: Mapping[int, str | bytes], sees: bool) -> dict[str, Any]:
    files: list[tuple[str, str | None]] = []
    images: list[bytes] = []
    for attachment in message.attachments:
        content = contents[attachment.id]
        if isinstance(content, bytes) and sees:
            images.append(content)
        else:
            files.append((attachment.name, content if isinstance(content, str) else None))
    text = wire.content(message.body, files)
    sent: dict[str, Any] = {"role": message.role, "content": text}
    return sent | {"images": images} if images else sent


def window(asked: int, trained: int | None) -> int:
    """num_ctx: the window asked for, never above what the model was trained for."""
    return min(asked, trained) if trained else asked
