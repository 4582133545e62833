"""Pages that are gone as soon as their prompt was sent, by a click or with their network."""

import asyncio

import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.server import App
from tests.fake_ollama import FakeOllama
from tests.incidents.test_uploads import cookie_of
from tests.test_generations import until

PAGES = 20  # not each of them would lose its prompt


@pytest.fixture
def app(fake: FakeOllama, tmp_path):
    app = App(tmp_path, OLLAMA_HOST=fake.host).start()
    yield app
    app.stop()


async def send_and_leave(app, cookie, text, leave):
    address = f"{app.url.replace('http', 'ws')}/_stcore/stream"
    wire = await websockets.connect(
        address,
        origin=app.url,
        subprotocols=["streamlit"],
        additional_headers={"cookie": cookie},
    )
    run = BackMsg()
    run.rerun_script.query_string = ""
    await wire.send(run.SerializeToString())
    prompt = run.rerun_script.widget_states.widgets.add(id=await composer(wire))
    prompt.chat_input_value.data = text
    await wire.send(run.SerializeToString())
    if leave == "close":
        await wire.close()
    else:
        wire.transport.abort()


async def composer(wire):
    """The id of the widget, when the page is drawn."""
    found = ""
    while True:
        told = ForwardMsg.FromString(await wire.recv())
        if told.delta.new_element.HasField("chat_input"):
            found = told.delta.new_element.chat_input.id
        if told.WhichOneof("type") == "script_finished":
            return found


@pytest.mark.parametrize("leave", ["close", "abort"])
def test_what_was_sent_just_before_is_answered(app, fake, leave):
    cookie = cookie_of(app)
    for n in range(PAGES):
        asyncio.run(send_and_leave(app, cookie, f"prompt {n}", leave))
    until(lambda: len(fake.requests) == PAGES)
    sent = {request["messages"][-1]["content"] for request in fake.requests}
    assert sent == {f"prompt {n}" for n in range(PAGES)}
