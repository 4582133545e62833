"""A stream that is followed while the server is told to stop."""

import json

import httpx

from chatcore.store import open_store
from tests.browser.server import PATIENCE
from tests.fake_ollama import PAUSE, Done

BODY = {
    "session_id": "my-session",
    "model": "llama3.2:3b",
    "messages": [{"role": "user", "content": "hello"}],
}


def test_the_server_ends_at_once_and_the_reply_keeps_its_text(app, fake, token, tmp_path):
    fake.reply("so far", PAUSE, "never said", Done())
    came = []
    address, headers = f"{app.url}/api/chat", {"authorization": f"Bearer {token}"}
    with httpx.stream("POST", address, json=BODY, headers=headers, timeout=PATIENCE) as answer:
        for line in answer.iter_lines():
            came += [json.loads(line[6:])] if line.startswith("data: ") else []
            if came and came[-1] == {"content": "so far"}:
                app.stop()
    assert came[-1] == {"content": "so far"}
    store = open_store(tmp_path / "hearth.db")
    (reply,) = store.messages(store.owner("ann"), "my-session", last=1)
    store.close()
    assert (reply.state, reply.body) == ("interrupted", "so far")
