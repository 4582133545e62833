"""The dashboard's figures, charts and tables. Each says of how many replies it is made."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from chatcore import stats
from chatcore.types import Record
from chatcore.ui import state, words
from chatcore.ui.state import View

MOST = 200_000  # records that are counted at most, the newest
PERIODS = {"7 days": 7, "30 days": 30, "all": None}
BY_MONTH_FROM = 120  # days, which would be too thin to be told apart
OUTCOMES: dict[stats.Outcome, str] = {
    "done": "Done",
    "length": "Cut at the length limit",
    "stopped": "Stopped",
    "interrupted": "Interrupted",
    "error": "Error",
    "streaming": "Under way",
}
HOW = """
Counted is every version of every prompt and reply, without deleted chats and without the copies
that a fork begins with. A reply's figures come from the model server at its end: of one that was
stopped or broke off they are unknown, of one that was continued they are those of all its parts. A
median has half of the replies below it, p95 has 95 of 100. Days are those of {zone}.
"""


def choose_period() -> str:
    return st.segmented_control(
        "Period",
        list(PERIODS),
        default="30 days",
        required=True,
        key="period",
        bind="query-params",
        label_visibility="collapsed",
    )


def first_day(period: str) -> date | None:
    """Today is the period's last day."""
    days = PERIODS[period]
    return None if days is None else _today() - timedelta(days=days - 1)


def midnight(day: date | None) -> int:
    """When the day begins for the visitor, in milliseconds; 0 of none."""
    if day is None:
        return 0
    return int(datetime.combine(day, time(), state.zone()).timestamp() * 1000)


def empty(view: View, period: str) -> None:
    if PERIODS[period] is not None and view.services.store.sessions(view.owner, limit=1):
        st.info(f"No messages in the last {period}.", icon=":material/bar_chart:")
        return
    st.info(
        "Nothing to count yet: once you have chatted, this page shows how much, how fast each"
        " model answered, and how its replies ended.",
        icon=":material/bar_chart:",
    )


def draw(records: list[Record], first: date | None) -> None:
    if len(records) == MOST:
        st.caption(f"Only the newest {MOST:,} messages are counted.")
    _totals(stats.totals(records))
    _days(stats.by_day(records, state.zone(), first, _today()))
    models = stats.by_model(records)
    _speeds(models)
    _outcomes(stats.outcomes(records))
    _ratings(models)
    zone = state.zone()
    st.caption(HOW.format(zone=zone.key if zone else "the server's time zone"))


def _today() -> date:
    return datetime.now(state.zone()).date()


def _totals(totals: stats.Totals) -> None:
    with st.container(key="totals"), st.grid(3, min_column_width=140):
        _count("Chats", totals.chats, "written in")
        _count("Messages", totals.messages, "prompts and replies")
        _count("Replies", totals.replies, "every version")
        _sum("Tokens in", totals.tokens_in, totals.replies, words.count)
        _sum("Tokens out", totals.tokens_out, totals.replies, words.count)
        _sum("Model time", totals.duration, totals.replies, words.span)


def _count(label: str, value: int, of: str) -> None:
    st.metric(label, words.count(value), of, delta_color="off", delta_arrow="off")


def _sum(label: str, figure: stats.Sum, replies: int, shown: Callable[[int], str]) -> None:
    value = "unknown" if figure.value is None else shown(figure.value)
    of = f"from {figure.of:,} of {replies:,} replies"
    st.metric(label, value, of, delta_color="off", delta_arrow="off")


def _days(days: list[stats.Day]) -> None:
    unit = "month" if len(days) >= BY_MONTH_FROM else "day"
    st.subheader(f"Messages by {unit}", anchor=False)
    st.vega_lite_chart(
        [
            {"day": day.day.isoformat(), "of": of, "messages": n}
            for day in days
            for of, n in (("Prompts", day.prompts), ("Replies", day.replies))
        ],
        _over_time("utcyearmonth" if unit == "month" else "utcyearmonthdate"),
        height=260,
        alt=f"Prompts and replies by {unit}, {days[0].day} to {days[-1].day}",
    )


def _over_time(unit: str) -> dict[str, Any]:
    """Bars by day or month. UTC keeps the browser from moving the visitor's days once more."""
    when = {"field": "day", "type": "temporal", "timeUnit": unit, "title": None}
    messages = {"field": "messages", "aggregate": "sum", "type": "quantitative", "title": None}
    return {
        "mark": "bar",
        "encoding": {
            "x": when | {"scale": {"type": "utc"}},
            "y": messages | {"axis": {"tickMinStep": 1}},
            "color": {"field": "of", "title": None, "legend": {"orient": "top"}},
            "tooltip": [when, {"field": "of", "title": "Of"}, messages | {"title": "Messages"}],
        },
    }


def _speeds(models: list[stats.ModelFigures]) -> None:
    names = [_name(model) for model in models]
    st.subheader("Tokens per second", anchor=False)
    _spreads(names, [model.tokens_per_second for model in models], 1, "%.1f")
    st.subheader("Time to the first token", anchor=False)
    _spreads(names, [model.first_token_duration for model in models], 1e9, "%.2f s")


def _spreads(names: list[str], spreads: list[stats.Spread], unit: float, form: str) -> None:
    figure = st.column_config.NumberColumn(format=form, width=76)
    st.dataframe(
        {
            "Model": names,
            "Median": [spread.median and spread.median / unit for spread in spreads],
            "p95": [spread.p95 and spread.p95 / unit for spread in spreads],
            "Of replies": [spread.of for spread in spreads],
        },
        hide_index=True,
        placeholder="unknown",
        column_config={"Model": _name_column(), "Median": figure, "p95": figure},
    )


def _outcomes(outcomes: dict[stats.Outcome, int]) -> None:
    st.subheader("How replies ended", anchor=False)
    counts = {o: outcomes.get(o, 0) for o in OUTCOMES if o != "streaming" or o in outcomes}
    labels = [f"{OUTCOMES[outcome]}: {n:,}" for outcome, n in counts.items()]
    st.vega_lite_chart(
        {"outcome": labels, "replies": list(counts.values())},
        {
            "mark": "bar",
            "encoding": {
                "x": {
                    "field": "replies",
                    "type": "quantitative",
                    "title": None,
                    "axis": None,
                },
                "y": {
                    "field": "outcome",
                    "sort": None,
                    "title": None,
                    "axis": {"labelLimit": 200},
                },
            },
        },
        alt="How replies ended: " + ", ".join(labels),
    )


def _ratings(models: list[stats.ModelFigures]) -> None:
    st.subheader("Ratings", anchor=False)
    st.dataframe(
        {
            "Model": [_name(model) for model in models],
            "Good": [model.good for model in models],
            "Bad": [model.bad for model in models],
            "Not rated": [model.replies - model.good - model.bad for model in models],
        },
        hide_index=True,
        column_config={"Model": _name_column()},
    )


def _name_column() -> ColumnConfig:
    """Of one width, or a long name would fill a phone's screen."""
    return st.column_config.TextColumn(width=130)


def _name(model: stats.ModelFigures) -> str:
    return model.model or "no model"
