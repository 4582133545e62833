"""Files that no message took: each has its limit, and all of them together."""

import asyncio

import httpx
import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.server import App
from tests.fake_ollama import FakeOllama

FILE = b"x" * (19 << 20)


@pytest.fixture
def app(fake: FakeOllama, tmp_path):
    app = App(tmp_path, OLLAMA_HOST=fake.host).start()
    yield app
    app.stop()


def on_a_page(app, cookie, use):
    """What use() says of the session of a page that this browser has open."""

    async def visit():
        address = f"{app.url.replace('http', 'ws')}/_stcore/stream"
        headers = {"cookie": cookie}
        async with websockets.connect(
            address, origin=app.url, subprotocols=["streamlit"], additional_headers=headers
        ) as wire:
            run = BackMsg()
            run.rerun_script.query_string = ""
            await wire.send(run.SerializeToString())
            session_id = ""
            while True:
                told = ForwardMsg()
                told.ParseFromString(await wire.recv())
                if told.WhichOneof("type") == "new_session":
                    session_id = told.new_session.initialize.session_id
                if told.WhichOneof("type") == "script_finished":
                    return await asyncio.to_thread(use, session_id)

    return asyncio.run(visit())


def upload(app, cookie, session_id, n):
    return asked(app, cookie, "PUT", f"{session_id}/{n}", files={"file": ("x", FILE)})


def asked(app, cookie, method, path, **body):
    """The status, with all that Streamlit wants to see of its own page."""
    with httpx.Client(base_url=app.url, trust_env=False, timeout=60) as client:
        token = client.get("/_stcore/health").cookies["_streamlit_xsrf"]
        headers = {"x-xsrftoken": token, "cookie": f"{cookie}; _streamlit_xsrf={token}"}
        path = f"/_stcore/upload_file/{path}"
        return client.request(method, path, headers=headers, **body).status_code


def cookie_of(app):
    return httpx.get(app.url, trust_env=False).headers["set-cookie"].split(";")[0]


def test_files_that_no_message_took_do_not_pile_up(app):
    mine = cookie_of(app)
    statuses = on_a_page(app, mine, lambda tab: [upload(app, mine, tab, n) for n in range(6)])
    assert statuses == [204] * 5 + [413]


def test_nobody_else_puts_a_file_on_a_page(app):
    mine, theirs = cookie_of(app), cookie_of(app)
    assert on_a_page(app, mine, lambda tab: upload(app, theirs, tab, 1)) == 403
    assert on_a_page(app, mine, lambda tab: upload(app, "none=none", tab, 1)) == 403
    assert upload(app, mine, "unknown", 1) == 403


def test_nobody_else_takes_a_file_from_a_page(app):
    mine, theirs = cookie_of(app), cookie_of(app)

    def use(tab):
        upload(app, mine, tab, 1)
        cookies = (theirs, "none=none", mine)
        return [asked(app, cookie, "DELETE", f"{tab}/1") for cookie in cookies]

    assert on_a_page(app, mine, use) == [403, 403, 204]
    assert asked(app, mine, "DELETE", "unknown/1") == 403


@pytest.mark.parametrize("path", ["metrics", "metrics?families=active_sessions", "agent/mcp"])
def test_how_much_waits_on_the_pages_of_others_is_told_to_nobody(app, path):
    assert httpx.get(f"{app.url}/_stcore/{path}", trust_env=False).status_code == 403
