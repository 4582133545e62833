"""The dashboard: what it counts of the store, for whom, and what it says where nothing is known."""

from datetime import UTC, datetime

import pytest

from chatcore import service
from chatcore.types import Usage
from tests.pages.components import chats, wish

USAGE = Usage("stop", 90_000_000_000, 1, 1200, 1, 300, 10_000_000_000, 2_000_000_000)
DAY = 86_400_000


@pytest.fixture
def open_dashboard(open_page):
    def open_dashboard(period=None):
        page = open_page()
        if period is not None:
            page.query_params["period"] = period
        return page.switch_page("pages/dashboard.py").run()

    return open_dashboard


def talk(owner=1, model="qwen3:8b", state="done", usage=USAGE):
    store = service.hearth().store
    turn = store.begin_turn(owner, None, "hello", model)
    store.finish_reply(owner, turn.reply.id, state, "hi", usage=usage)
    return turn


def age(turn, days):
    """Move a turn into the past, as if it had been written then."""
    at = [days * DAY, days * DAY, turn.prompt.id, turn.reply.id]
    service.hearth().store._writer.call(
        lambda db: (
            db.execute("pragma defer_foreign_keys = on"),
            db.execute(
                "update messages set id = id - ?, created_at = created_at - ?, parent_id = null"
                " where id in (?, ?)",
                at,
            ),
        )
    )


def metrics(page):
    return {metric.label: (metric.value, metric.delta) for metric in page.metric}


def test_before_the_first_chat_the_page_says_what_will_be_here(open_dashboard):
    page = open_dashboard()
    assert not page.exception
    assert "once you have chatted" in page.info[0].value
    assert len(page.metric) == 0


def test_totals_say_of_how_many_replies_they_are_made(open_dashboard):
    open_dashboard()
    talk()
    talk(state="stopped", usage=None)
    assert metrics(open_dashboard()) == {
        "Chats": ("2", "written in"),
        "Messages": ("4", "prompts and replies"),
        "Replies": ("2", "every version"),
        "Tokens in": ("1,200", "from 1 of 2 replies"),
        "Tokens out": ("300", "from 1 of 2 replies"),
        "Model time": ("2 min", "from 1 of 2 replies"),
    }


def test_what_no_reply_tells_is_unknown(open_dashboard):
    open_dashboard()
    talk(usage=None)
    page = open_dashboard()
    assert metrics(page)["Tokens out"] == ("unknown", "from 0 of 1 replies")
    speeds = page.dataframe[0]
    assert speeds.value["Median"].isna().all()
    assert speeds.proto.placeholder == "unknown"


def test_each_model_has_its_speed_and_the_replies_it_is_made_of(open_dashboard):
    open_dashboard()
    talk()
    talk()
    talk(model="other:1b", usage=None)
    speeds, waits, ratings = (table.value for table in open_dashboard().dataframe)
    assert list(speeds["Model"]) == ["qwen3:8b", "other:1b"]
    assert (round(speeds["Median"][0]), speeds["Of replies"][0]) == (30, 2)
    assert (waits["p95"][0], waits["Of replies"][1]) == (2.0, 0)
    assert list(ratings["Not rated"]) == [2, 1]


def test_the_period_leaves_out_what_is_older_and_is_read_from_the_address(open_dashboard):
    open_dashboard()
    age(talk(), 10)
    age(talk(), 40)
    talk()
    for period, n in ((None, "2"), ("7 days", "1"), ("30 days", "2"), ("all", "3")):
        assert metrics(open_dashboard(period))["Chats"][0] == n


def test_a_period_is_picked_on_the_page(open_dashboard):
    open_dashboard()
    age(talk(), 10)
    page = open_dashboard()
    page.segmented_control(key="period").set_value("7 days").run()
    assert page.info[0].value == "No messages in the last 7 days."


def test_a_period_that_is_none_is_no_error(open_dashboard):
    assert not open_dashboard("yesterday").exception


def test_days_are_the_visitors(open_page):
    page = open_page()
    talk()
    page.context["timezone"] = "Pacific/Apia"
    page.switch_page("pages/dashboard.py").run()
    assert not page.exception
    assert "Pacific/Apia" in page.main.caption[-1].value


def test_nothing_of_another_owner_is_counted(open_dashboard):
    open_dashboard()
    talk(owner=service.hearth().store.owner("somebody else"))
    assert "once you have chatted" in open_dashboard("all").info[0].value


def test_a_deleted_chat_is_not_counted_and_the_page_says_so(open_dashboard):
    open_dashboard()
    talk()
    service.hearth().store.trash.put(1, talk().session.id)
    page = open_dashboard()
    assert metrics(page)["Chats"][0] == "1"
    assert "without deleted chats" in page.main.caption[-1].value


def test_undo_on_the_dashboard_stays_there(open_dashboard):
    open_dashboard()
    session = talk().session
    page = open_dashboard()
    page = wish(page, "Delete", session.id)
    assert len(page.metric) == 0
    page.button(key="undo_delete").click().run()
    assert metrics(page)["Chats"][0] == "1"
    assert "session" not in page.query_params


def test_the_chats_are_listed_and_the_picker_is_left_to_the_chat(open_dashboard):
    open_dashboard()
    talk()
    page = open_dashboard()
    assert [title for _, title in chats(page)] == ["hello"]
    assert len(page.selectbox) == len(page.chat_input) == 0


def test_a_clock_that_stood_still_for_decades_is_no_error(open_dashboard):
    open_dashboard()
    turn = talk()
    since_1970 = (datetime.now(UTC) - datetime(1970, 1, 2, tzinfo=UTC)).days
    service.hearth().store._writer.call(
        lambda db: db.execute(
            "update messages set created_at = created_at - ? where id = ?",
            [since_1970 * DAY, turn.prompt.id],
        ).close()
    )
    page = open_dashboard("all")
    assert not page.exception
    assert "Messages by month" in [heading.value for heading in page.subheader]


def test_a_click_that_changed_nothing_says_why_here_too(open_dashboard):
    open_dashboard()
    session = talk().session
    page = open_dashboard()
    service.hearth().store.trash.put(1, session.id)
    page = wish(page, "Delete", session.id)
    assert "There is no such chat" in page.error[0].value
