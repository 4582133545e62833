"""That a run has begun is told late after a prompt: over raw ASGI, with Streamlit's own frames."""

import asyncio

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from chatcore.ui.asked import is_prompt, stamped, tells_begin, tells_end
from chatcore.web import later
from chatcore.web.later import Later


def told_by(**content):
    return ForwardMsg(**content).SerializeToString()


def status(running):
    return told_by(session_status_changed={"script_is_running": running})


BEGINS, STOPS = status(True), status(False)
NEW_RUN = told_by(new_session={"name": "frame"})
DRAWN = told_by(delta={"new_element": {"empty": {}}})
DONE = told_by(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY)
CONFIG = told_by(page_config_changed={"title": "Hearth"})


CLOSE = "websocket.close"


def asked_for(**value):
    asked = BackMsg()
    asked.rerun_script.widget_states.widgets.add(id="x", **value)
    return stamped(asked.SerializeToString()).frame


PROMPT = asked_for(chat_input_value={"data": "hello"})
CLICK = asked_for(trigger_value=True)


def heard(*frames, asked=PROMPT):
    """What the browser hears of these, in order, after it asked for something."""
    got = []

    async def receive():
        return {"type": "websocket.receive", "bytes": asked}

    async def send(message):
        got.append(message.get("bytes", message["type"]))

    async def streamlit(scope, receive, send):
        await receive()
        for frame in frames:
            if frame is None:
                await told_in_time()
            elif frame == CLOSE:
                await send({"type": CLOSE})
            else:
                await send({"type": "websocket.send", "bytes": frame})

    app = Later(streamlit, is_prompt=is_prompt, begins=tells_begin, ends=tells_end)
    asyncio.run(app({"type": "websocket"}, receive, send))
    return got


async def told_in_time():
    for _ in range(5):
        await asyncio.sleep(0)


def test_after_a_prompt_what_is_drawn_comes_before_the_word_that_the_run_began():
    assert heard(NEW_RUN, BEGINS, CONFIG, DRAWN, DRAWN) == [NEW_RUN, CONFIG, DRAWN, DRAWN]


def test_a_click_is_told_of_its_run_in_order():
    assert heard(NEW_RUN, BEGINS, DRAWN, asked=CLICK) == [NEW_RUN, BEGINS, DRAWN]


@pytest.mark.parametrize("end", [STOPS, DONE, NEW_RUN], ids=["stops", "done", "new run"])
def test_that_a_run_began_is_told_before_its_end(end):
    assert heard(NEW_RUN, BEGINS, DRAWN, end) == [NEW_RUN, DRAWN, BEGINS, end]


def test_it_is_told_in_time_though_nothing_more_is_drawn(monkeypatch):
    monkeypatch.setattr(later, "LATER", 0.0)
    assert heard(NEW_RUN, BEGINS, None) == [NEW_RUN, BEGINS]


def test_it_is_told_once():
    frames = [NEW_RUN, BEGINS, DRAWN, DONE, STOPS, BEGINS, DRAWN]
    assert heard(*frames) == [NEW_RUN, DRAWN, BEGINS, DONE, STOPS, BEGINS, DRAWN]


def test_a_connection_that_is_closed_is_told_nothing_more(monkeypatch):
    monkeypatch.setattr(later, "LATER", 0.0)
    assert heard(NEW_RUN, BEGINS, CLOSE, None) == [NEW_RUN, CLOSE]
