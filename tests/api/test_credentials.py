"""Whose a request is: by token, by cookie, or by neither."""

import dataclasses

import httpx
import pytest

from chatcore import service
from tests.api.conftest import chat, history

BODY = {"messages": [{"role": "user", "content": "hello"}], "session_id": "my-session"}


@pytest.fixture
def post(client):
    """A POST without a token, with these headers."""

    def post(path="/chat", json=BODY, **headers: str) -> httpx.Response:
        return client.post(path, json=json, headers=headers)

    return post


@pytest.fixture
def origin(server):
    return server


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_a_page_of_this_server_may_ask_with_its_cookie(post, origin):
    assert post(cookie="owner=x", origin=origin).status_code == 200


@pytest.mark.parametrize(
    "evil",
    ["http://evil.example", "null", "", "http://127.0.0.1:1", "http://127.0.0.1", "nonsense"],
)
@pytest.mark.parametrize("cookie", [{"cookie": "owner=x"}, {}])
@pytest.mark.parametrize("path", ["/chat", "/sessions", "/sessions/my-session/clear"])
def test_a_page_of_another_host_may_not(post, client, path, evil, cookie):
    answer = post(path, origin=evil, **cookie)
    assert code(answer) == (403, "foreign_origin")
    assert "set-cookie" not in answer.headers
    assert client.get("/session/my-session").json() == {"history": []}


def test_a_browser_that_does_not_say_who_asks_may_not(post):
    assert code(post(cookie="owner=x")) == (403, "foreign_origin")


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/sessions/my-session"), ("DELETE", "/sessions/my-session")]
)
def test_no_other_method_is_open_to_another_host(client, method, path):
    headers = {"origin": "http://evil.example", "cookie": "owner=x"}
    answer = client.request(method, path, headers=headers)
    assert code(answer) == (403, "foreign_origin")


@pytest.mark.parametrize(
    ("scheme", "host", "same"),
    [
        ("https", "chat.example", True),
        ("https", "chat.example:443", True),
        ("http", "CHAT.example:80", True),
        ("https", "chat.example:80", False),
        ("https", "chat.example.evil", False),
    ],
)
def test_an_origin_is_compared_by_host_and_port(post, scheme, host, same):
    answer = post(origin=f"{scheme}://chat.example", host=host, cookie="owner=x")
    assert answer.status_code == (200 if same else 403)


def test_to_read_needs_no_origin(client):
    assert client.get("/sessions", headers={"cookie": "owner=x"}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_is_no_json(client, origin, kind):
    headers = {"origin": origin, "cookie": "owner=x", "content-type": kind}
    assert code(client.post("/chat", content=b"{}", headers=headers)) == (415, "not_json")


def test_a_token_needs_neither_origin_nor_content_type(ann):
    headers = {"origin": "http://evil.example", "content-type": "text/plain"}
    content = b'{"messages": [{"content": "hello"}]}'
    assert ann("POST", "/chat", content=content, headers=headers).status_code == 200


def test_a_token_goes_before_a_cookie(ann, bob):
    chat(ann, session_id="my-session")
    answer = ann("GET", "/session/my-session", headers={"cookie": "owner=bob"})
    assert len(answer.json()["history"]) == 2


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "bearer hearth_x", "Bearer a b"])
def test_a_false_token_is_told_everywhere_but_for_a_history(client, header):
    headers = {"authorization": header}
    answer = client.get("/sessions", headers=headers)
    assert code(answer) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert code(client.post("/chat", json=BODY, headers=headers)) == (401, "unauthorized")
    answer = client.get("/session/my-session", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"history": []})


def test_a_revoked_token_opens_nothing(ann, hearth):
    chat(ann, session_id="my-session")
    owner = hearth.store.owner("ann")
    hearth.store.tokens.revoke(owner, hearth.store.tokens.of(owner)[0].id)
    assert ann("GET", "/sessions").status_code == 401
    assert history(ann, "my-session") == []


def test_no_answer_is_kept_by_a_cache(ann):
    assert ann("GET", "/sessions").headers["cache-control"] == "no-store"


def test_who_comes_without_anything_gets_a_cookie_with_the_answer(client, origin):
    cookie = client.post("/chat", json=BODY).headers["set-cookie"]
    assert "HttpOnly" in cookie
    client.headers = {"cookie": cookie.split(";")[0], "origin": origin}
    assert len(client.get("/session/my-session").json()["history"]) == 2
    client.headers = {}
    client.cookies.clear()
    assert client.get("/session/my-session").json() == {"history": []}


def test_who_only_reads_gets_none(client):
    answer = client.get("/sessions")
    assert (answer.json(), "set-cookie" in answer.headers) == ({"sessions": []}, False)


def test_newcomers_are_counted_together(client, hearth):
    settings = dataclasses.replace(hearth.settings, requests_per_minute=2)
    service._running = dataclasses.replace(hearth, settings=settings)
    statuses = []
    for _ in range(3):
        statuses.append(client.post("/chat", json=BODY).status_code)
        client.cookies.clear()
    assert statuses == [200, 200, 429]


def test_a_page_of_another_host_gets_no_cookie(post):
    """A form on another site is sent without its visitor's cookie, which this would replace."""
    assert "set-cookie" not in post(origin="http://evil.example").headers


@pytest.fixture
def where_people_sign_in(monkeypatch, request):
    """The server's address."""
    monkeypatch.setenv("HEARTH_IDENTITY", "header:X-User")
    monkeypatch.setenv("HEARTH_TRUSTED_PROXIES", "10.0.0.1")
    return request.getfixturevalue("server")


@pytest.mark.parametrize("path", ["sessions", "models", "trash", "search?q=hello"])
def test_where_people_sign_in_a_stranger_is_told_nothing(where_people_sign_in, fake, path):
    answer = httpx.get(f"{where_people_sign_in}/api/{path}", trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "no_identity")


def test_where_people_sign_in_a_history_is_empty_for_a_stranger(where_people_sign_in):
    answer = httpx.get(f"{where_people_sign_in}/api/session/any-chat", trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"history": []})
