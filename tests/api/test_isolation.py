"""On every route the id of another, or of the trash, is answered as one that never was."""

import pytest

from chatcore.web.api.operations import OPERATIONS
from tests.api.conftest import chat, history

BODIES = {
    "/chat": {"messages": [{"content": "hello"}], "model": "llama3.2:3b"},
    "/sessions": {"title": "mine"},
    "/sessions/{id}": {"title": "mine"},
}
BY_SESSION = [o for o in OPERATIONS if "session" in o.path and "{id}" in o.path]
BY_MESSAGE = [o for o in OPERATIONS if "/messages/{id}" in o.path]
MADE_HERE = [o for o in OPERATIONS if "session_id" in o.asks.model_fields]
UNKNOWN = {"session": "never-made", "message": str(9 << 41)}


def ids(operations):
    return [f"{operation.method} {operation.path}" for operation in operations]


def asked(ask, operation, found):
    """Status and body, with the id that was asked for taken out."""
    body = BODIES.get(operation.path)
    if body and operation in MADE_HERE:
        body = body | {"session_id": found}
    answer = ask(operation.method, operation.path.replace("{id}", found), json=body)
    return answer.status_code, answer.text.replace(found, "ID")


def begin(ask, session_id):
    chat(ask, "a secret", session_id=session_id)
    return ask("GET", f"/session/{session_id}").json()["history"][-1]["id"]


def test_every_route_that_takes_an_id_is_tried():
    takes = [o for o in OPERATIONS if "{id}" in o.path or "session_id" in o.asks.model_fields]
    assert {*BY_SESSION, *BY_MESSAGE, *MADE_HERE} == {*takes}


@pytest.mark.parametrize("operation", BY_SESSION, ids=ids(BY_SESSION))
def test_anothers_session_is_as_none(ann, bob, operation):
    begin(ann, "anns-own-session")
    before = history(ann, "anns-own-session")
    assert asked(bob, operation, "anns-own-session") == asked(bob, operation, "never-made")
    assert history(ann, "anns-own-session") == before
    assert ann("GET", "/sessions").json()["sessions"][0]["title"] == "a secret"


@pytest.mark.parametrize(
    "operation",
    [o for o in BY_SESSION if not o.path.endswith("/restore")],
    ids=lambda o: f"{o.method} {o.path}",
)
def test_a_session_in_the_trash_is_as_none(ann, operation):
    begin(ann, "deleted-session")
    ann("DELETE", "/sessions/deleted-session")
    assert asked(ann, operation, "deleted-session") == asked(ann, operation, "never-made")


@pytest.mark.parametrize("operation", BY_MESSAGE, ids=ids(BY_MESSAGE))
def test_anothers_message_is_as_none_and_so_is_one_in_the_trash(ann, bob, operation):
    message = begin(ann, "anns-own-session")
    as_none = asked(bob, operation, UNKNOWN["message"])
    assert as_none[0] == 404
    assert asked(bob, operation, message) == as_none
    ann("DELETE", "/sessions/anns-own-session")
    assert asked(ann, operation, message) == as_none


@pytest.mark.parametrize("message", ["0", "-1", "x", "1.0", "٣", str(2**63), str(2**70), "%00"])
@pytest.mark.parametrize("operation", BY_MESSAGE, ids=ids(BY_MESSAGE))
def test_what_is_no_number_of_a_message_is_as_none(ann, operation, message):
    assert asked(ann, operation, message) == asked(ann, operation, UNKNOWN["message"])


@pytest.mark.parametrize("operation", MADE_HERE, ids=ids(MADE_HERE))
def test_an_id_that_another_has_chosen_is_free(ann, bob, operation):
    begin(ann, "anns-own-session")
    begin(bob, "deleted-session")
    bob("DELETE", "/sessions/deleted-session")
    statuses = {
        found: asked(bob, operation, found)[0]
        for found in ("anns-own-session", "deleted-session", "never-made")
    }
    assert set(statuses.values()) == {operation.status}
    for found in statuses:
        assert "a secret" not in str(history(bob, found))
    assert history(ann, "anns-own-session")[0] == ("user", "a secret")


def test_lists_and_searches_hold_ones_own(ann, bob):
    begin(ann, "anns-own-session")
    assert bob("GET", "/sessions").json() == {"sessions": []}
    assert bob("GET", "/search?q=secret").json() == {"hits": []}
    assert ann("GET", "/search?q=secret").json()["hits"]
