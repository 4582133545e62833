"""A reply by the API: asked for, followed, left and found again."""

import json
import threading

import httpx
import pytest

from tests.api.conftest import chat, events, history, said
from tests.fake_ollama import PAUSE, Done, Drop, Thinking


def names(answer):
    return [name for name, _, _ in events(answer)]


def first(answer, name):
    return next(data for event, data, _ in events(answer) if event == name)


def under_way(ann, fake, *steps, **fields):
    """A reply that says `steps` and pauses: the id of its message, and the thread that asked."""
    fake.reply(*steps, PAUSE, " end", Done())
    begun = threading.Thread(target=chat, args=(ann,), kwargs=fields)
    begun.start()
    fake.wait_for_request()
    (_, reply) = ann("GET", f"/session/{fields['session_id']}").json()["history"]
    return reply["id"], begun


def test_a_reply_is_streamed_and_stored(ann):
    answer = chat(ann, session_id="my-session")
    assert said(answer) == "You said: hello."
    assert names(answer)[0] == "session"
    assert names(answer)[-1] == "done"
    assert history(ann, "my-session") == [("user", "hello"), ("assistant", "You said: hello.")]


def test_done_holds_the_stored_message_with_its_usage(ann, fake):
    fake.reply("one ", "two", Done(eval_count=2))
    message = first(chat(ann, session_id="my-session"), "done")["message"]
    assert message == ann("GET", "/session/my-session").json()["history"][-1]
    assert (message["content"], message["usage"]["eval_count"]) == ("one two", 2)


def test_ids_are_strings(ann):
    session = first(chat(ann), "session")
    assert session["message_id"].isdecimal()
    assert int(session["message_id"]) > 2**41
    assert history(ann, session["session_id"])[0] == ("user", "hello")


def test_the_lessons_own_signature_works(ann):
    answer = ann(
        "POST",
        "/chat",
        params={"session_id": "my-session", "model": "llama3.2:3b"},
        json=[{"role": "user", "content": "hello"}],
    )
    assert said(answer) == "You said: hello."
    assert len(history(ann, "my-session")) == 2


def test_a_chat_goes_on_with_all_that_was_said(ann, fake):
    chat(ann, session_id="my-session")
    chat(ann, "again", session_id="my-session", model=None)
    sent = [message["content"] for message in fake.requests[-1]["messages"]]
    assert sent == ["hello", "You said: hello.", "again"]


def test_several_messages_are_sent_and_stored_in_order(ann, fake):
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "two"},
    ]
    ann("POST", "/chat", json={"session_id": "my-session", "messages": messages})
    assert fake.requests[-1]["messages"] == messages
    assert history(ann, "my-session")[:4] == [(m["role"], m["content"]) for m in messages]


def test_thoughts_come_apart_from_the_text(ann, fake):
    fake.reply(Thinking("hm, "), Thinking("well"), "yes", Done())
    answer = chat(ann)
    assert (said(answer, "thinking"), said(answer)) == ("hm, well", "yes")
    assert first(answer, "done")["message"]["thinking"] == "hm, well"
    assert events(answer)[-1][2] == "8-3"


def test_phases_are_told(ann, fake):
    fake.reply(Thinking("hm"), "yes", Done())
    phases = [data["phase"] for name, data, _ in events(chat(ann)) if name == "phase"]
    assert phases[-1] == "writing"


def test_a_reply_that_fails_ends_with_the_reason_and_keeps_its_text(ann, fake):
    fake.reply("so far", Drop())
    answer = chat(ann, session_id="my-session")
    assert names(answer)[-1] == "error"
    assert set(first(answer, "error")) == {"code", "message", "hint"}
    assert "broke off" in first(answer, "error")["message"]
    assert history(ann, "my-session")[-1] == ("assistant", "so far")


def test_an_ended_reply_is_streamed_from_any_place(ann):
    message_id = first(chat(ann), "session")["message_id"]
    path = f"/messages/{message_id}/stream"
    assert said(ann("GET", path)) == "You said: hello."
    assert names(ann("GET", path)) == ["session", "delta", "done"]
    assert said(ann("GET", path, headers={"last-event-id": "0-4"})) == "said: hello."
    end = ann("GET", path, headers={"last-event-id": "0-16"})
    assert names(end) == ["session", "done"]


@pytest.mark.parametrize("place", ["", "nonsense", "1", "-1-2", "٣-٣", "9" * 40])
def test_a_place_that_is_none_is_the_beginning(ann, place):
    message_id = first(chat(ann), "session")["message_id"]
    headers = {"last-event-id": place.encode()}
    answer = ann("GET", f"/messages/{message_id}/stream", headers=headers)
    assert said(answer) == "You said: hello."


def test_a_place_beyond_the_end_is_the_end(ann):
    message_id = first(chat(ann), "session")["message_id"]
    headers = {"last-event-id": "50-5000"}
    answer = ann("GET", f"/messages/{message_id}/stream", headers=headers)
    assert names(answer) == ["session", "done"]


def test_every_id_is_a_place_to_go_on_from(ann, fake):
    fake.reply(Thinking("hm "), *(f"word{n} " for n in range(200)), Done())
    answer = chat(ann)
    whole = (said(answer, "thinking"), said(answer))
    message_id = first(answer, "session")["message_id"]
    places = [at for name, _, at in events(answer) if name == "delta"]
    for place in places:
        thinking, text = map(int, place.split("-"))
        rest = ann("GET", f"/messages/{message_id}/stream", headers={"last-event-id": place})
        assert whole[0][:thinking] + said(rest, "thinking") == whole[0]
        assert whole[1][:text] + said(rest) == whole[1]


def test_a_client_that_goes_away_loses_nothing(ann, fake, server, hearth):
    fake.reply("one ", PAUSE, "two", Done())
    token = hearth.store.tokens.create(hearth.store.owner("ann"), "mine")
    headers = {"authorization": f"Bearer {token}"}
    body = {"session_id": "my-session", "messages": [{"role": "user", "content": "hello"}]}
    with httpx.stream("POST", f"{server}/api/chat", json=body, headers=headers) as answer:
        lines = iter(answer.iter_lines())
        while (line := next(lines)) != 'data: {"content": "one "}':
            if line.startswith('data: {"session_id'):
                message_id = json.loads(line[6:])["message_id"]
    fake.release()
    rest = ann("GET", f"/messages/{message_id}/stream", headers={"last-event-id": "0-4"})
    assert said(rest) == "two"
    assert history(ann, "my-session")[-1] == ("assistant", "one two")


def test_two_follow_the_same_reply(ann, fake):
    message_id, begun = under_way(ann, fake, "one", session_id="my-session")
    answers = []
    others = [
        threading.Thread(
            target=lambda: answers.append(ann("GET", f"/messages/{message_id}/stream"))
        )
        for _ in range(2)
    ]
    for other in others:
        other.start()
    fake.release()
    for thread in (*others, begun):
        thread.join()
    assert [said(answer) for answer in answers] == ["one end", "one end"]


def test_a_reply_that_is_continued_goes_on_from_the_place_before(ann, fake, hearth):
    fake.reply("one ", Done(reason="length"))
    message_id = first(chat(ann, session_id="my-session"), "session")["message_id"]
    owner = hearth.store.owner("ann")
    fake.reply("two", Done())
    generation = hearth.generations.resume(owner, hearth.store.message(owner, int(message_id)))
    rest = ann("GET", f"/messages/{message_id}/stream", headers={"last-event-id": "0-4"})
    generation.wait()
    assert said(rest) == "two"
    assert first(rest, "done")["message"]["content"] == "one two"


def test_a_chat_that_still_replies_takes_no_other_message(ann, fake):
    _, begun = under_way(ann, fake, "one", session_id="my-session")
    answer = chat(ann, session_id="my-session")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "already_generating")
    assert ann("POST", "/sessions/my-session/clear").status_code == 409
    fake.release()
    begun.join()
    assert len(history(ann, "my-session")) == 2


def test_a_reply_ends_when_its_chat_is_deleted(ann, fake):
    message_id, begun = under_way(ann, fake, "one", session_id="my-session")
    ann("DELETE", "/sessions/my-session")
    begun.join()  # its stream ended, and the model was not heard to the end
    ann("POST", "/sessions/my-session/restore")
    stored = ann("GET", "/session/my-session").json()["history"][-1]
    assert (stored["id"], stored["state"]) == (message_id, "stopped")


def test_a_stopped_reply_keeps_its_text(ann, fake):
    message_id, begun = under_way(ann, fake, session_id="my-session")
    stopped = ann("POST", f"/messages/{message_id}/stop").json()
    begun.join()
    assert stopped["state"] == "stopped"
    assert ann("POST", f"/messages/{message_id}/stop").json() == stopped


@pytest.mark.parametrize("fields", [{}, {"session_id": "my-session"}])
def test_a_retry_under_the_same_key_asks_once(ann, fake, fields):
    once = chat(ann, idempotency_key="a key", **fields)
    again = chat(ann, idempotency_key="a key", **fields)
    assert first(once, "session") == first(again, "session")
    assert said(once) == said(again)
    assert len(fake.requests) == 1


def test_the_key_may_be_a_header(ann, fake):
    body = {"model": "llama3.2:3b", "messages": [{"content": "hello"}]}
    for _ in range(2):
        ann("POST", "/chat", json=body, headers={"idempotency-key": "a key"})
    assert len(fake.requests) == 1


def test_a_key_of_another_message_is_told(ann):
    chat(ann, idempotency_key="a key")
    answer = chat(ann, "else", idempotency_key="a key")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "key_reused")


def test_followers_hold_no_thread(ann, fake):
    message_id, begun = under_way(ann, fake, "one", session_id="my-session")
    path = f"/messages/{message_id}/stream"
    followers = [threading.Thread(target=ann, args=("GET", path)) for _ in range(60)]
    for follower in followers:
        follower.start()
    assert ann("GET", "/sessions").status_code == 200
    fake.release()
    for follower in (*followers, begun):
        follower.join()


def test_without_a_model_installed_the_reason_is_told(ann, fake):
    fake.models = []
    answer = chat(ann, model=None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert ann("GET", "/sessions").json() == {"sessions": []}
