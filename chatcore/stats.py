"""What the dashboard tells, counted from records. Pure.

A figure is made of the replies that tell it; where none does it is None, never 0.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

from chatcore.types import Record, State

Outcome = State | Literal["length"]


@dataclass(frozen=True, slots=True)
class Sum:
    """Of the `of` replies that tell it."""

    value: int | None
    of: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Of the `of` replies that tell it, by nearest rank: each is the figure of one of them."""

    median: float | None
    p95: float | None
    of: int


@dataclass(frozen=True, slots=True)
class Totals:
    chats: int
    messages: int
    replies: int
    tokens_in: Sum
    tokens_out: Sum
    duration: Sum
    """In nanoseconds, loading the model and reading the prompt included."""


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    prompts: int
    replies: int


@dataclass(frozen=True, slots=True)
class ModelFigures:
    model: str
    replies: int
    tokens_per_second: Spread
    first_token_duration: Spread
    """In nanoseconds, from the request on."""
    good: int
    bad: int


def totals(records: list[Record]) -> Totals:
    replies = _replies(records)
    return Totals(
        chats=len({record.session_pk for record in records}),
        messages=len(records),
        replies=len(replies),
        tokens_in=_sum(reply.prompt_eval_count for reply in replies),
        tokens_out=_sum(reply.eval_count for reply in replies),
        duration=_sum(reply.total_duration for reply in replies),
    )


def by_day(records: list[Record], zone: tzinfo | None, first: date | None, last: date) -> list[Day]:
    """Each day from the first to the last as a clock in `zone` has them, the empty ones too.

    Without a first, from the first message on. `zone` None is this machine's.
    """
    counts = Counter(
        (datetime.fromtimestamp(record.created_at / 1000, zone).date(), record.role)
        for record in records
    )
    first = min([first or last, *(day for day, _ in counts)])
    last = max([last, *(day for day, _ in counts)])
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [Day(day, counts[day, "user"], counts[day, "assistant"]) for day in days]


def by_model(records: list[Record]) -> list[ModelFigures]:
    """The model with the most replies first."""
    replies: dict[str, list[Record]] = {}
    for reply in _replies(records):
        replies.setdefault(reply.model, []).append(reply)
    figures = [_of_model(model, its) for model, its in replies.items()]
    return sorted(figures, key=lambda each: (-each.replies, each.model))


def outcomes(records: list[Record]) -> dict[Outcome, int]:
    """How many replies ended how; one `length` was done, but cut at the length limit."""
    return dict(Counter(_outcome(reply) for reply in _replies(records)))


def nearest_rank(figures: list[float], percent: int) -> float | None:
    """The least of the figures that so many of them do not exceed."""
    if not figures:
        return None
    rank = -(-percent * len(figures) // 100)
    return sorted(figures)[rank - 1]


def _replies(records: list[Record]) -> list[Record]:
    """Without those that a program told as said elsewhere, which no model here wrote."""
    return [
        record
        for record in records
        if record.role == "assistant" and (record.model or record.state != "done")
    ]


def _of_model(model: str, replies: list[Record]) -> ModelFigures:
    return ModelFigures(
        model,
        len(replies),
        _spread(reply.tokens_per_second for reply in replies),
        _spread(reply.first_token_duration for reply in replies),
        good=sum(reply.rating == 1 for reply in replies),
        bad=sum(reply.rating == 0 for reply in replies),
    )


def _outcome(reply: Record) -> Outcome:
    cut = reply.state == "done" and reply.done_reason == "length"
    return "length" if cut else reply.state


def _sum(figures: Iterable[int | None]) -> Sum:
    told = [figure for figure in figures if figure is not None]
    return Sum(sum(told) if told else None, len(told))


def _spread(figures: Iterable[float | None]) -> Spread:
    told = [figure for figure in figures if figure is not None]
    return Spread(nearest_rank(told, 50), nearest_rank(told, 95), len(told))
