"""One reply under way: its text so far, what it is waiting for, and everyone who follows it.

It knows neither the store nor the model server, and nothing of Streamlit.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from chatcore.types import Chunk, Message, Sample, Seen, Turn, Usage

HEARTBEAT = 0.1  # seconds a follower waits before it looks whether its page is still there
SOON = 0.02  # seconds, where it has more to do

Doing = Literal["queued", "starting", "summing", "loading", "reading", "thinking", "writing"]


@dataclass(frozen=True, slots=True)
class Phase:
    """What a reply is at. `since` is a reading of time.monotonic()."""

    doing: Doing
    since: float
    tokens: int = 0
    """queued: how many are ahead; reading: of the prompt, about; writing: of the reply so far."""
    before: int = 0
    """writing: how many of these were there already when it began."""


class Added(NamedTuple):
    """What came of a reply, as of one moment, and in how many pieces all of it did."""

    thinking: str
    body: str
    pieces: tuple[int, int]
    over: bool


class Generation:
    """One reply: all its text so far, for as many followers as come, from the first word."""

    def __init__(self, owner: int, turn: Turn, repeats: Seen | None = None) -> None:
        """repeats: what is to be asked, where that is not to be found out first."""
        self.owner = owner
        self.turn = turn
        self.repeats = repeats
        self.usage: Usage | None = None
        self.error: str | None = None
        self.unsaved: str | None = None
        """Why the finished reply is not on disk yet."""
        self.stopped = False
        self.refused: Sample | None = None
        """The last request for it that was longer than the window, as the server counted it."""
        self.next: Turn | None = None
        """The turn that began when this reply ended, of a prompt that had waited for it."""
        self.unread = False
        """Whether it was stored as a reply that nobody saw come."""
        self.followers = 0
        self.ahead: Callable[[], int] = lambda: 0
        self._parts = [turn.reply.body] if turn.reply.body else []
        self._thoughts = [turn.reply.thinking] if turn.reply.thinking else []
        self._kept = len(self._parts)
        self._parting = "\n\n" if turn.reply.thinking else ""
        self._thinks_since: int | None = None
        self._thought_for: int | None = None
        self._asked_at: int | None = None
        self._first_token: int | None = None
        self._phase = Phase("queued", time.monotonic())
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._watchers: list[Callable[[], None]] = []

    def is_of(self, owner: int, message: Message) -> bool:
        return (self.owner, self.turn.reply.id) == (owner, message.id)

    @property
    def body(self) -> str:
        return "".join(self._parts)

    @property
    def thinking(self) -> str:
        return "".join(self._thoughts)

    @property
    def rev(self) -> int:
        """Grows with the text."""
        return len(self._parts) + len(self._thoughts)

    @property
    def phase(self) -> Phase:
        phase = self._phase
        if phase.doing == "queued":
            return replace(phase, tokens=self.ahead())
        if phase.doing == "writing":
            return replace(phase, tokens=self._written)
        return phase

    @property
    def _written(self) -> int:
        return len(self._parts) - self._kept

    def enter(self, doing: Doing, tokens: int = 0) -> None:
        """Begin a phase; one that the reply is in already goes on."""
        with self._changed:
            if self._phase.doing != doing:
                self._phase = Phase(doing, time.monotonic(), tokens, self._written)
                self._tell()

    def asked(self) -> None:
        """The request goes out now: the time to the first token counts from here."""
        self._asked_at = time.perf_counter_ns()

    def add(self, chunk: Chunk) -> None:
        if chunk.content or chunk.thinking:
            self._time(chunk)
            self.enter("writing" if chunk.content else "thinking")
        with self._changed:
            if chunk.content:
                self._parts.append(chunk.content)
            if chunk.thinking:
                self._thoughts.append(self._parting + chunk.thinking)
                self._parting = ""
            if chunk.usage:
                self._end_thinking()
                self.usage = replace(
                    chunk.usage,
                    first_token_duration=self._first_token,
                    thinking_duration=self._thought_for,
                )
            self._tell()

    def _time(self, chunk: Chunk) -> None:
        now = time.perf_counter_ns()
        if self._first_token is None and self._asked_at is not None:
            self._first_token = now - self._asked_at
        if chunk.thinking:
            self._thinks_since = self._thinks_since or now
        if chunk.content:
            self._end_thinking()

    def _end_thinking(self) -> None:
        """Not at its last chunk: all thoughts may come in one, long before the text."""
        if self._thinks_since is not None:
            spent = time.perf_counter_ns() - self._thinks_since
            self._thought_for = (self._thought_for or 0) + spent
            self._thinks_since = None

    def figures(self) -> Usage | None:
        """What is known of the cost, where the model did not come to tell it, too."""
        self._end_thinking()
        usage = self.usage
        if usage is None and self._first_token is not None:
            usage = Usage(
                first_token_duration=self._first_token, thinking_duration=self._thought_for
            )
        kept = self.turn.reply
        if not (kept.body or kept.thinking):
            return usage
        first = kept.usage or Usage()
        if not kept.thinking:
            first = replace(first, thinking_duration=0)
        return _added(first, usage or Usage())

    def end(self) -> None:
        """Nothing more will come: followers finish with what there is."""
        self._ended.set()
        with self._changed:
            self._tell()

    def wait(self) -> None:
        """Until the end."""
        self._ended.wait()

    def wait_begun(self, seconds: float) -> None:
        """Until there is a word of it, or the end, or for so long."""
        self._waited_for(lambda: self.rev > 0 or self._ended.is_set(), seconds)

    @contextmanager
    def watched(self, changed: Callable[[], None]) -> Iterator[None]:
        """Meanwhile `changed` is called, on any thread, at each news; it counts as a follower."""
        with self._changed:
            self.followers += 1
            self._watchers.append(changed)
        try:
            yield
        finally:
            with self._changed:
                self.followers -= 1
                self._watchers.remove(changed)

    def added(self, pieces: tuple[int, int] = (0, 0)) -> Added:
        """What came after so many pieces of thinking and of text. For those who watch."""
        thoughts, parts = pieces
        with self._changed:
            return Added(
                "".join(self._thoughts[thoughts:]),
                "".join(self._parts[parts:]),
                (len(self._thoughts), len(self._parts)),
                self._ended.is_set(),
            )

    def _tell(self) -> None:
        self._changed.notify_all()
        for changed in self._watchers:
            changed()

    def follow(self, rate: float, heartbeat: Callable[[], object]) -> Iterator[str]:
        """The text from its first word to its last, in at most `rate` pieces a second.

        `heartbeat` is called between them and while waiting: it may raise to leave. What is true
        has it called again soon, as long as there is nothing to hand on.
        """
        return self._pieces(self._parts, self._ended.is_set, rate, heartbeat)

    def follow_thoughts(self, rate: float, heartbeat: Callable[[], object]) -> Iterator[str]:
        """The thoughts, in the same way, until the text begins, or goes on."""
        return self._pieces(
            self._thoughts, lambda: self._written > 0 or self._ended.is_set(), rate, heartbeat
        )

    def _pieces(
        self,
        parts: list[str],
        is_over: Callable[[], bool],
        rate: float,
        heartbeat: Callable[[], object],
    ) -> Iterator[str]:
        taken, last, is_busy = 0, float("-inf"), False

        def has_more() -> bool:
            return is_over() or len(parts) > taken

        with self._followed():
            while True:
                while not self._waited_for(has_more, SOON if is_busy else HEARTBEAT):
                    is_busy = bool(heartbeat())
                while (pause := last + 1 / rate - time.monotonic()) > 0:
                    if self._ended.wait(min(pause, SOON) if is_busy else pause):
                        break
                    is_busy = is_busy and bool(heartbeat())
                with self._changed:
                    new, over = "".join(parts[taken:]), is_over()
                    taken = len(parts)
                last = time.monotonic()
                if new:
                    yield new
                if over:
                    return
                is_busy = bool(heartbeat())

    def _waited_for(self, condition: Callable[[], bool], seconds: float = HEARTBEAT) -> bool:
        """Whether it came true, for no longer than that."""
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    @contextmanager
    def _followed(self) -> Iterator[None]:
        with self._changed:
            self.followers += 1
        try:
            yield
        finally:
            with self._changed:
                self.followers -= 1


def _added(first: Usage, then: Usage) -> Usage:
    """Of a reply in two parts: sums where both are known; of its prompt what the second tells."""
    return replace(
        then,
        total_duration=_sum(first.total_duration, then.total_duration),
        load_duration=_sum(first.load_duration, then.load_duration),
        eval_count=_sum(first.eval_count, then.eval_count),
        eval_duration=_sum(first.eval_duration, then.eval_duration),
        first_token_duration=first.first_token_duration,
        thinking_duration=_sum(first.thinking_duration, then.thinking_duration or 0) or None,
    )


def _sum(first: int | None, then: int | None) -> int | None:
    return None if first is None or then is None else first + then
