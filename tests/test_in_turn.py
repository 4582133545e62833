"""What a browser asks of its page, handed on one after the other: over raw ASGI."""

import asyncio
import logging

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from chatcore import service
from chatcore.asked import Stamped
from chatcore.ui.asked import CLICK, PROMPT, stamped
from chatcore.web.in_turn import InTurn

SCOPE = {"type": "websocket"}
CLOSED = {"type": "websocket.disconnect"}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    monkeypatch.setenv("HEARTH_DATABASE", str(tmp_path / "hearth.db"))
    yield service.hearth().asked
    service.stop()


def frame(content):
    return {"type": "websocket.receive", "bytes": content}


class Page:
    """A connection: notes what reaches Streamlit, in order."""

    def __init__(self, *messages, patience=60.0, reads=None):
        self.got = []
        self._reads = len(messages) if reads is None else reads
        self._messages = asyncio.Queue()
        for message in messages:
            self._messages.put_nowait(message)
        app = InTurn(self._streamlit, lambda content: self._stamp(content, patience))
        self.task = asyncio.create_task(app(SCOPE, self._messages.get, None))

    def _stamp(self, content, patience):
        asks = content.startswith(b"ask")
        return Stamped(content.decode(), content + b"!", patience) if asks else None

    async def _streamlit(self, scope, receive, send):
        for _ in range(self._reads):
            message = await receive()
            self.got.append(message.get("bytes", message["type"]))


async def passes():
    """All that can happen by now."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_what_comes_waits_until_what_came_before_was_taken(asked):
    async def scenario():
        page = Page(frame(b"ask 1"), frame(b"ask 2"), frame(b"heartbeat"), CLOSED)
        await passes()
        assert page.got == [b"ask 1!"]
        await asyncio.to_thread(asked.take, ["ask 1"])
        await passes()
        assert page.got == [b"ask 1!", b"ask 2!"]
        asked.take(["ask 2"])
        await page.task
        assert page.got[2:] == [b"heartbeat", "websocket.disconnect"]

    asyncio.run(scenario())


def test_what_was_taken_before_the_next_comes_holds_nothing(asked):
    async def scenario():
        page = Page(frame(b"ask 1"), reads=2)
        await passes()
        asked.take(["ask 1"])
        page._messages.put_nowait(frame(b"stop"))
        await page.task
        assert page.got == [b"ask 1!", b"stop"]

    asyncio.run(scenario())


def test_one_page_does_not_wait_for_another(asked):
    async def scenario():
        Page(frame(b"ask 1"), frame(b"ask 2"))
        other = Page(frame(b"ask 3"), frame(b"other"))
        await passes()
        asked.take(["ask 3"])
        await other.task
        assert other.got == [b"ask 3!", b"other"]

    asyncio.run(scenario())


def test_what_nobody_takes_holds_the_next_for_a_while_only(asked, caplog):
    async def scenario():
        page = Page(frame(b"ask 1"), frame(b"next"), patience=0.01)
        await page.task
        assert page.got == [b"ask 1!", b"next"]

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    assert "did not take" in caplog.text
    assert len(asked) == 0


def test_a_page_that_is_gone_leaves_nothing(asked):
    async def scenario():
        page = Page(frame(b"ask 1"), frame(b"never read"), reads=1)
        await page.task
        assert len(asked) == 0
        cut = Page(frame(b"ask 2"), frame(b"never handed on"))
        await passes()
        cut.task.cancel()
        await asyncio.gather(cut.task, return_exceptions=True)
        assert len(asked) == 0

    asyncio.run(scenario())


def test_without_services_nothing_is_held():
    async def scenario():
        page = Page(frame(b"ask 1"), frame(b"ask 2"))
        await page.task
        assert page.got == [b"ask 1", b"ask 2"]

    asyncio.run(scenario())


def test_a_run_is_asked_for_with_a_token():
    message = BackMsg()
    message.rerun_script.query_string = "session=1"
    found = stamped(message.SerializeToString())
    assert found.token.startswith(CLICK)
    message.rerun_script.widget_states.widgets.add(id="x").chat_input_value.data = "hello"
    found = stamped(message.SerializeToString())
    assert found.token.startswith(PROMPT)
    message.rerun_script.cached_message_hashes.append(found.token)
    assert BackMsg.FromString(found.frame) == message


def test_a_fragment_and_what_asks_for_no_run_are_left_alone():
    message = BackMsg()
    message.rerun_script.fragment_id = "f"
    assert stamped(message.SerializeToString()) is None
    message.stop_script = True
    assert stamped(message.SerializeToString()) is None
    assert stamped(b"") is None
    assert stamped(b"no frame") is None


def test_that_a_page_is_gone_is_told_in_its_turn(asked):
    async def gone(_message):
        raise OSError

    async def streamlit(scope, receive, send):
        await receive()
        await send({"type": "websocket.send", "bytes": b"drawn"})
        went_on.append(True)

    async def receive():
        return frame(b"ask 1")

    went_on = []

    app = InTurn(streamlit, lambda content: Stamped("ask 1", content, 1.0))
    asyncio.run(app(SCOPE, receive, gone))
    assert went_on == [True]
