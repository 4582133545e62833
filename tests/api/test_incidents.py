"""What went wrong behind other programs' APIs, and why it does not here. One test an incident."""

import pytest

from chatcore.sharing import key_hash, make_key
from chatcore.types import File
from tests.api.conftest import chat, events, history
from tests.api.test_chat import under_way
from tests.api.test_isolation import BY_MESSAGE, BY_SESSION, asked, begin, ids
from tests.browser.conftest import sink
from tests.fake_ollama import Status

__all__ = ["sink"]
PROMPT = [{"role": "user", "content": "go on"}]


def test_cve_2026_45349_anothers_chat_is_neither_continued_nor_read(ann, bob, fake):
    """Whoever knew a chat's id could go on with it, and was told what had been said."""
    begin(ann, "anns-own-session")
    before = ann("GET", "/session/anns-own-session").json()
    answer = chat(bob, "go on", session_id="anns-own-session")
    assert "a secret" not in answer.text + str(fake.requests[-1])
    assert fake.requests[-1]["messages"] == PROMPT
    assert history(bob, "anns-own-session")[0] == ("user", "go on")
    assert ann("GET", "/session/anns-own-session").json() == before


def test_cve_2026_31950_anothers_reply_under_way_cannot_be_followed(ann, bob, fake):
    """The stream of a reply was open to all who knew its id."""
    reply, begun = under_way(ann, fake, "a secret", session_id="anns-own-session")
    unknown = bob("GET", f"/messages/{9 << 41}/stream")
    for last_event_id in ({}, {"last-event-id": "0-0"}):
        foreign = bob("GET", f"/messages/{reply}/stream", headers=last_event_id)
        assert (foreign.status_code, foreign.text) == (404, unknown.text)
    assert bob("POST", f"/messages/{reply}/stop").status_code == 404
    fake.release()
    begun.join()
    assert history(ann, "anns-own-session")[-1] == ("assistant", "a secret end")


@pytest.fixture
def link(ann, hearth):
    """The query that opens Ann's chat to whoever has it."""
    begin(ann, "anns-own-session")
    key = make_key()
    hearth.store.shares.create(hearth.store.owner("ann"), "anns-own-session", key_hash(key))
    return f"?session=anns-own-session&key={key}"


@pytest.mark.parametrize("operation", BY_SESSION + BY_MESSAGE, ids=ids(BY_SESSION + BY_MESSAGE))
def test_cve_2026_45671_a_link_to_a_chat_is_no_right_to_the_api(ann, bob, link, operation):
    """A link made for reading was taken for the right to change and to delete."""
    before = ann("GET", "/session/anns-own-session").json()
    message = before["history"][-1]["id"]
    theirs, none = ("anns-own-session", "never-made")
    if operation in BY_MESSAGE:
        theirs, none = message, str(9 << 41)

    def with_link(method, path, **options):
        return bob(method, f"{path}{link}", **options)

    assert asked(with_link, operation, theirs) == asked(with_link, operation, none)
    assert ann("GET", "/session/anns-own-session").json() == before


def test_cve_2026_54010_a_file_of_another_is_not_claimed_by_its_number(ann, bob, hearth):
    """Whoever named another's file in a chat of their own could read and delete it."""
    notes = File("notes.txt", "text/plain; charset=utf-8", b"a secret", "a secret")
    owner = hearth.store.owner("ann")
    turn = hearth.store.begin_turn(owner, None, "look", "m", attachments=[notes])
    claimed = {"attachments": [{"id": str(turn.prompt.attachments[0].id)}]}
    answer = bob(
        "POST",
        "/chat",
        json={"session_id": "bobs-own-session", "messages": [PROMPT[0] | claimed]} | claimed,
    )
    assert answer.status_code == 200
    assert "a secret" not in answer.text
    (prompt, _) = bob("GET", "/session/bobs-own-session").json()["history"]
    assert prompt["attachments"] == []


@pytest.mark.parametrize("path", ["", "/latest", "@169.254.169.254/"])
def test_cve_2026_45400_cve_2026_28416_the_name_of_a_model_is_no_address(ann, fake, sink, path):
    """An address sent by a visitor was fetched by the server."""
    fake.reply(Status(404, "model not found"))
    answer = chat(ann, model=f"{sink.url}{path}")
    assert events(answer)[-1][0] == "error"
    assert sink.requests == []


def test_cve_2024_12537_a_message_of_10_mb_is_refused_with_a_reason(ann):
    answer = chat(ann, "x" * 10_000_000)
    assert answer.status_code == 413
    assert "send less at once" in answer.json()["error"]["message"]
    assert ann("GET", "/sessions").json() == {"sessions": []}
