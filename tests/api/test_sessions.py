"""Sessions, search and models by the API."""

import pytest

from tests.api.conftest import chat, history


def listed(ask):
    return [session["id"] for session in ask("GET", "/sessions").json()["sessions"]]


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_sessions_are_listed_last_used_first(ann):
    for session_id in ("session-1", "session-2"):
        chat(ann, session_id=session_id)
    assert listed(ann) == ["session-2", "session-1"]
    assert [s["id"] for s in ann("GET", "/sessions?limit=1").json()["sessions"]] == ["session-2"]


def test_a_session_is_made_under_an_id_of_ones_own_once(ann):
    made = ann("POST", "/sessions", json={"session_id": "session-1", "title": "My plan"})
    assert (made.status_code, made.json()["id"], made.json()["title"]) == (
        201,
        "session-1",
        "My plan",
    )
    again = ann("POST", "/sessions", json={"session_id": "session-1"})
    assert code(again) == (409, "session_exists")
    assert history(ann, "session-1") == []


def test_a_session_is_renamed(ann):
    chat(ann, session_id="session-1")
    renamed = ann("PATCH", "/sessions/session-1", json={"title": " Another\nname "})
    assert renamed.json()["title"] == "Another name"


def test_a_deleted_session_is_gone_until_it_is_restored(ann):
    chat(ann, session_id="session-1")
    assert ann("DELETE", "/sessions/session-1").json() == {"ok": True}
    assert (listed(ann), history(ann, "session-1")) == ([], [])
    [trashed] = ann("GET", "/trash").json()["sessions"]
    assert (trashed["id"], trashed["n_messages"]) == ("session-1", 2)
    assert ann("POST", "/sessions/session-1/restore").json()["id"] == "session-1"
    assert len(history(ann, "session-1")) == 2


def test_clear_empties_a_session_into_the_trash(ann, hearth):
    chat(ann, session_id="session-1")
    message_id = ann("GET", "/session/session-1").json()["history"][-1]["id"]
    assert ann("POST", "/sessions/session-1/clear").json() == {"ok": True}
    assert (listed(ann), history(ann, "session-1")) == (["session-1"], [])
    owner = hearth.store.owner("ann")
    assert hearth.store.branch(owner, int(message_id))[0].body == "hello"
    [trashed] = ann("GET", "/trash").json()["sessions"]
    assert ann("POST", f"/sessions/{trashed['id']}/restore").json()["n_messages"] == 2


def test_messages_are_found_by_their_words(ann):
    chat(ann, "where is the needle?", session_id="session-1")
    question = ann("GET", "/search", params={"q": "needles"}).json()["hits"][-1]
    assert (question["session_id"], question["role"]) == ("session-1", "user")
    assert question["snippet"] == "where is the needle?"
    assert question["message_id"].isdecimal()


def test_models_are_told(ann, fake):
    models = ann("GET", "/models").json()["models"]
    assert [model["name"] for model in models] == [model.name for model in fake.models]


def test_a_server_that_is_down_is_told(ann, fake, hearth):
    fake.stop()
    hearth.host.look_again()
    assert code(ann("GET", "/models")) == (503, "server_unreachable")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/chat", {}, "messages"),
        ("/chat", {"messages": []}, "messages"),
        ("/chat", {"messages": [{"role": "user"}]}, "messages.0.content"),
        ("/chat", {"messages": [{"role": "user", "content": " "}]}, "messages.0.content"),
        ("/chat", {"messages": [{"content": "\0\u200b\ufeff"}]}, "messages.0.content"),
        ("/chat", {"messages": [{"role": "root", "content": "x"}]}, "messages.0.role"),
        ("/chat", {"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        ("/chat", {"messages": [{"content": "x"}], "session_id": "short"}, "session_id"),
        ("/chat", {"messages": [{"content": "x"}], "session_id": "a/b c d e f"}, "session_id"),
        ("/chat", {"messages": [{"content": "x"}], "model": ""}, "model"),
        ("/chat", [{"role": "user"}], "messages.0.content"),
        ("/chat", "text", "body"),
        ("/sessions", {"title": 5}, "title"),
        ("/sessions", [], "body"),
    ],
)
def test_a_bad_body_is_told_by_its_field(ann, path, body, field):
    answer = ann("POST", path, json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
    assert field in answer.json()["error"]["message"]
    assert listed(ann) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b'"\\ud800"', b"[" * 100_000, b'{"a":' * 50_000, b"1" * 10_000],
    ids=["none", "half", "no utf-8", "surrogate", "nested", "nested objects", "number"],
)
def test_what_is_no_json_is_told(ann, body):
    answer = ann("POST", "/chat", content=body)
    assert code(answer) == (422, "invalid")
    assert "traceback" not in answer.text.lower()


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1001"])
def test_a_bad_query_is_told_by_its_field(ann, query):
    assert ann("GET", f"/sessions?{query}").json()["error"]["field"] == "limit"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nothing", (404, "not_found")),
        ("GET", "/chat", (405, "method_not_allowed")),
        ("PUT", "/sessions", (405, "method_not_allowed")),
    ],
)
def test_what_is_not_there_is_told_as_json(ann, method, path, expected):
    assert code(ann(method, path)) == expected


def test_a_mistake_of_ours_tells_nothing_of_the_program(ann, hearth, monkeypatch):
    monkeypatch.setattr(hearth.store, "sessions", lambda *_: 1 / 0)
    answer = ann("GET", "/sessions")
    assert code(answer) == (500, "mistake")
    assert "division" not in answer.text
    assert "Error" not in answer.text


def test_a_name_in_which_nothing_can_be_seen_is_refused(ann):
    ann("POST", "/sessions", json={"session_id": "session-1", "title": "My plan"})
    answer = ann("PATCH", "/sessions/session-1", json={"title": "\u200b"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "title")
