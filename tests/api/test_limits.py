"""How much may be asked: bytes, characters, replies and requests."""

import dataclasses
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from chatcore import service
from chatcore.line import WAITING_PER_OWNER
from chatcore.web.api import limits
from chatcore.web.refusals import TooMany
from tests.api.conftest import PATIENCE, chat, said
from tests.fake_ollama import PAUSE
from tests.test_generations import until


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
def strict(hearth):
    """Under these settings; the services are stopped as ever."""

    def strict(**settings):
        changed = dataclasses.replace(hearth.settings, **settings)
        service._running = dataclasses.replace(hearth, settings=changed)

    return strict


def test_a_message_that_is_too_long_is_refused(ann):
    assert code(chat(ann, "x" * 400_001)) == (413, "prompt_too_long")
    assert ann("GET", "/sessions").json() == {"sessions": []}


def test_the_longest_message_is_taken_however_it_is_written(ann, fake):
    content = '{"messages": [{"content": "%s"}]}' % ("\\u00fc" * 400_000)
    fake.reply("yes")
    assert ann("POST", "/chat", content=content).status_code == 413
    content = '{"messages": [{"content": "%s"}]}' % ("\\u00fc" * 399_000)
    assert ann("POST", "/chat", content=content).status_code == 200


def test_a_body_is_read_no_further_than_it_may_be_long(server, strict):
    strict(prompt_characters=1000)
    head = b"POST /api/chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    host, port = server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"1000\r\n%b\r\n" % (b" " * 0x1000) * 2)  # and it never ends
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"too_large" in answer


def test_a_body_that_says_that_it_is_too_long_is_not_read(ann, strict):
    strict(prompt_characters=1000)
    assert code(ann("POST", "/chat", content=b" " * 6001)) == (413, "too_large")


def test_one_owner_has_so_many_requests_a_minute(ann, bob, strict):
    strict(requests_per_minute=3)
    answers = [ann("GET", "/sessions") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert code(answers[-1]) == (429, "too_many_requests")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    assert bob("GET", "/sessions").status_code == 200


def test_false_tokens_are_counted_together(client, strict):
    strict(requests_per_minute=2)
    asked = [client.get("/sessions", headers={"authorization": f"Bearer {n}"}) for n in range(3)]
    assert [answer.status_code for answer in asked] == [401, 401, 429]


def test_fresh_cookies_are_counted_together(client, hearth, strict):
    strict(requests_per_minute=2)
    cookies = [hearth.cookie.sign(f"b{n}", secure=False).split(";")[0] for n in range(3)]
    asked = [client.get("/sessions", headers={"cookie": cookie}) for cookie in cookies]
    assert [answer.status_code for answer in asked] == [200, 200, 429]


def test_newcomers_are_not_told_apart_by_what_they_say(app):
    app.stop()
    app.environ["HEARTH_REQUESTS_PER_MINUTE"] = "3"
    app.start()
    addresses = [{"x-forwarded-for": f"192.0.2.{n}"} for n in range(4)]
    asked = [
        httpx.post(f"{app.url}/api/sessions", json={}, headers=address, trust_env=False)
        for address in addresses
    ]
    assert [answer.status_code for answer in asked] == [201, 201, 201, 429]


def test_one_owner_has_so_many_replies_waiting_and_keeps_no_other_from_asking(
    ann, bob, fake, hearth
):
    for _ in range(hearth.settings.parallel):
        fake.reply(PAUSE)
    owner, line = hearth.store.owner("ann"), hearth.generations._line
    while len(line._waiting) < WAITING_PER_OWNER:
        begun = len(fake.requests) + len(line._waiting)
        hearth.generations.start(owner, None, "hello", "llama3.2:3b")
        until(lambda begun=begun: len(fake.requests) + len(line._waiting) > begun)
    with ThreadPoolExecutor(2) as threads:
        bobs = threads.submit(chat, bob)
        until(lambda: bob("GET", "/sessions").json()["sessions"])
        anns = threads.submit(chat, ann)
        until(lambda: anns.done() or len(line._waiting) > WAITING_PER_OWNER + 1)
        fake.release()
        assert said(bobs.result(PATIENCE)) == "You said: hello."
    assert code(anns.result()) == (429, "too_busy")
    assert int(anns.result().headers["retry-after"]) > 0


def test_a_prompt_that_was_taken_is_not_refused_when_it_is_sent_again(
    ann, fake, hearth, monkeypatch
):
    fake.reply("one")
    once = chat(ann, idempotency_key="a key")
    monkeypatch.setattr("chatcore.line.WAITING_PER_OWNER", 0)
    fake.models = []
    hearth.host.look()
    body = {"messages": [{"content": "hello"}], "idempotency_key": "a key"}
    again = ann("POST", "/chat", json=body)
    assert (once.status_code, said(again)) == (200, "one")
    assert code(chat(ann, "else", idempotency_key="a key")) == (409, "key_reused")


def test_requests_come_back_with_time(monkeypatch):
    now = 0.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    minute = limits.Minute()
    minute.take("ann", 2)
    minute.take("ann", 2)
    with pytest.raises(TooMany) as refused:
        minute.take("ann", 2)
    now += refused.value.seconds
    minute.take("ann", 2)
    minute.take("bob", 2)


def test_those_who_ask_are_not_remembered_for_ever():
    minute = limits.Minute()
    for caller in range(limits.KNOWN + 10):
        minute.take(caller, 2)
    assert len(minute._left) == limits.KNOWN
