"""The dashboard's figures, each against one computed in another way."""

import statistics
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore import stats
from chatcore.types import Record

LAST = date(2026, 3, 31)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]
figures = st.none() | st.integers(0, 10**6)
prompts = st.builds(
    Record,
    session_pk=st.integers(1, 4),
    created_at=st.integers(1_770_000_000_000, 1_774_900_000_000),
    role=st.just("user"),
    state=st.just("done"),
    model=st.just(""),
)
replies = st.builds(
    Record,
    session_pk=st.integers(1, 4),
    created_at=st.integers(1_770_000_000_000, 1_774_900_000_000),
    role=st.just("assistant"),
    state=st.sampled_from(["done", "streaming", "stopped", "interrupted", "error"]),
    model=st.sampled_from(["a:1b", "b:2b"]),
    rating=st.sampled_from([None, 0, 1]),
    done_reason=st.sampled_from([None, "stop", "length"]),
    total_duration=figures,
    prompt_eval_count=figures,
    eval_count=figures,
    eval_duration=figures,
    first_token_duration=figures,
)
records = st.lists(prompts | replies, max_size=30)


def of_replies(records):
    return [record for record in records if record.role == "assistant"]


def reply(**known):
    return Record(1, 0, "assistant", "done", "m", **known)


@given(records)
def test_totals_are_sums_over_the_replies_that_tell(records):
    totals = stats.totals(records)
    assert totals.chats == len({record.session_pk for record in records})
    assert (totals.messages, totals.replies) == (len(records), len(of_replies(records)))
    for figure, name in (
        (totals.tokens_in, "prompt_eval_count"),
        (totals.tokens_out, "eval_count"),
        (totals.duration, "total_duration"),
    ):
        told = [n for record in of_replies(records) if (n := getattr(record, name)) is not None]
        assert figure == stats.Sum(sum(told) if told else None, len(told))


@given(records, st.sampled_from(ZONES), st.none() | st.dates(date(2026, 1, 20), LAST))
def test_every_message_is_counted_on_one_day_and_no_day_is_left_out(records, name, first):
    zone = ZoneInfo(name)
    days = stats.by_day(records, zone, first, LAST)
    assert days[-1].day == LAST
    assert all(later.day - day.day == timedelta(days=1) for day, later in pairwise(days))
    written = [
        (datetime.fromtimestamp(record.created_at / 1000, UTC).astimezone(zone).date(), record.role)
        for record in records
    ]
    assert sum(day.prompts + day.replies for day in days) == len(records)
    for day in days:
        assert day.prompts == written.count((day.day, "user"))
        assert day.replies == written.count((day.day, "assistant"))


def test_a_message_near_midnight_is_of_the_visitors_day():
    at = int(datetime(2026, 3, 30, 23, 30, tzinfo=UTC).timestamp() * 1000)
    record = Record(1, at, "user", "done", "")
    for name, day in (("Europe/Berlin", 31), ("America/New_York", 30)):
        days = stats.by_day([record], ZoneInfo(name), None, LAST)
        assert days[0] == stats.Day(date(2026, 3, day), 1, 0)


@given(records)
def test_the_figures_of_a_model_are_of_its_replies_alone(records):
    models = stats.by_model(records)
    assert {m.model for m in models} == {record.model for record in of_replies(records)}
    assert [m.replies for m in models] == sorted((m.replies for m in models), reverse=True)
    for m in models:
        its = [record for record in of_replies(records) if record.model == m.model]
        rated = [record.rating for record in its]
        assert (m.replies, m.good, m.bad) == (len(its), rated.count(1), rated.count(0))
        waits = [r.first_token_duration for r in its if r.first_token_duration is not None]
        rates = [r.eval_count * 1e9 / r.eval_duration for r in its if speaks(r)]
        for spread, told in ((m.first_token_duration, waits), (m.tokens_per_second, rates)):
            assert spread.of == len(told)
            assert spread.median == pytest.approx(statistics.median_low(told) if told else None)


def speaks(record):
    return bool(record.eval_count and record.eval_duration)


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(1, 100))
def test_a_rank_is_the_least_figure_that_enough_do_not_exceed(figures, percent):
    rank = stats.nearest_rank([float(n) for n in figures], percent)
    assert rank == min(
        n for n in figures if 100 * sum(other <= n for other in figures) >= percent * len(figures)
    )


@given(records)
def test_every_reply_ended_in_one_way(records):
    outcomes = stats.outcomes(records)
    assert sum(outcomes.values()) == len(of_replies(records))
    for state in ("stopped", "interrupted", "error", "streaming"):
        assert outcomes.get(state, 0) == sum(r.state == state for r in of_replies(records))


def test_what_no_model_here_wrote_is_a_message_and_no_reply():
    told = Record(1, 1_774_000_000_000, "assistant", "done", "")
    failed = told._replace(state="error")
    assert stats.totals([told, failed]).messages == 2
    assert stats.totals([told, failed]).replies == 1
    assert stats.outcomes([told, failed]) == {"error": 1}


def test_a_reply_cut_at_the_limit_is_not_counted_as_done():
    assert stats.outcomes([reply(done_reason="length"), reply(done_reason="stop")]) == {
        "length": 1,
        "done": 1,
    }


def test_what_nobody_measured_is_unknown_and_not_zero():
    assert stats.totals([reply()]).tokens_out == stats.Sum(None, 0)
    assert stats.by_model([reply()])[0].tokens_per_second == stats.Spread(None, None, 0)
    assert stats.totals([reply(eval_count=0)]).tokens_out == stats.Sum(0, 1)
