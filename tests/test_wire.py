"""Everything a model server may do on the wire, and the message that each of it leaves."""

import re
from dataclasses import asdict

import pytest

from tests.fake_ollama import (
    Done,
    Drop,
    End,
    ErrorLine,
    HalfLine,
    Hang,
    Status,
    Thinking,
    raw,
)

SILENCE = 1  # seconds, the least that HEARTH_TIMEOUT takes
LAST_CHUNK = (
    '{"message": {"role": "assistant", "content": ""},'
    ' "done": true, "done_reason": "stop", "eval_count": 1}\n'
)


@pytest.fixture
def reply_of(generations_with, store, ann):
    """Asks one prompt under these settings, and returns the message that is left of the reply."""

    def reply_of(**settings):
        generations = generations_with(timeout=SILENCE, **settings)
        generation = generations.start(ann, None, "hello", "llama3.2:3b")
        generation.wait()
        return store.message(ann, generation.turn.reply.id)

    return reply_of


@pytest.mark.parametrize(
    ("steps", "thinking", "body", "done_reason"),
    [
        (["", "one ", "", "two", ""], "", "one two", "stop"),
        ([Thinking("hm "), Thinking("so"), "one ", "two"], "hm so", "one two", "stop"),
        ([Thinking("hm"), "one ", Thinking(" so"), "two"], "hm so", "one two", "stop"),
        (["one", Done("length")], "", "one", "length"),
        (["one", Done("load")], "", "one", "load"),
        (["one", Done("unload")], "", "one", "unload"),
        (["one", Done("a reason of tomorrow")], "", "one", "a reason of tomorrow"),
        ([raw("on\x85e "), raw("\u2028"), "two"], "", "on\x85e \u2028two", "stop"),
    ],
    ids=[
        "empty chunks",
        "thinking",
        "thinking between",
        "length",
        "load",
        "unload",
        "unknown",
        "ends of lines in Unicode",
    ],
)
def test_a_reply_that_ends_is_whole(reply_of, fake, steps, thinking, body, done_reason):
    fake.reply(*steps)
    reply = reply_of()
    assert (reply.state, reply.error) == ("done", None)
    assert (reply.thinking, reply.body) == (thinking, body)
    assert reply.usage.done_reason == done_reason


@pytest.mark.parametrize("after", [Hang(), Drop(), ErrorLine("too late")])
def test_what_goes_wrong_after_the_last_chunk_spoils_no_reply(reply_of, fake, after):
    fake.reply("one", HalfLine(LAST_CHUNK), after)
    reply = reply_of()
    assert (reply.state, reply.body, reply.error) == ("done", "one", None)
    assert reply.usage.eval_count == 1
    fake.wait_until_idle()


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([Done()], "ended without an answer"),
        ([""], "ended without an answer"),
        (["\n \n"], "ended without an answer"),
        ([Thinking("hm")], "ended without an answer"),
        ([Thinking("hm"), Done("length")], "length limit"),
        ([Done("load")], "loaded the model"),
        ([Done("unload")], "out of memory"),
    ],
    ids=["nothing", "an empty chunk", "blanks", "thinking", "length", "load", "unload"],
)
def test_a_reply_that_ends_without_an_answer_says_so(reply_of, fake, steps, said):
    fake.reply(*steps)
    reply = reply_of()
    assert reply.state == "error"
    assert said in told(reply)
    assert reply.usage is not None


@pytest.mark.parametrize(
    ("breakage", "said"),
    [
        ([End()], "broke off"),
        ([Drop()], "broke off"),
        ([HalfLine('{"message": {"content": "lo')], "broke off"),
        ([HalfLine('{"message": {"content": "lo'), End()], "broke off"),
        ([HalfLine("no JSON at all\n")], "broke off"),
        ([HalfLine("[1, 2]\n")], "broke off"),
        ([HalfLine('{"message": "no object"}\n')], "broke off"),
        ([HalfLine('{"error": {"message": "deep"}}\n')], "broke off"),
        ([ErrorLine("model runner has crashed")], "model runner has crashed"),
        ([ErrorLine("")], "broke off"),
        ([Hang()], "said nothing for 1 s"),
    ],
    ids=[
        "no last chunk",
        "cut",
        "half a line",
        "half a line and the end",
        "no JSON",
        "a list",
        "no message",
        "an error that is no text",
        "an error",
        "an error without words",
        "hangs",
    ],
)
@pytest.mark.parametrize(
    ("written", "known"),
    [
        ([], None),
        ([Thinking("hm"), "some ", "text"], {"first_token_duration", "thinking_duration"}),
    ],
    ids=["at once", "late"],
)
def test_a_reply_that_breaks_keeps_its_text_and_says_why(
    reply_of, fake, written, known, breakage, said
):
    fake.reply(*written, *breakage)
    reply = reply_of()
    assert reply.state == "error"
    assert figures(reply) == known
    assert (reply.thinking, reply.body) == (("hm", "some text") if written else ("", ""))
    assert said in told(reply)


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        (400, "this model is only meant for embeddings", "only meant for embeddings"),
        (401, "unauthorized", "unauthorized"),
        (404, "model 'llama3.2:3b' not found", "ollama pull llama3.2:3b"),
        (499, "", "499"),
        (500, "llama runner has terminated:\n\nexit status 2", "has terminated: exit status 2"),
        (500, {"message": "CUDA error", "type": "server_error"}, "CUDA error"),
        (502, "<html><body><h1>Bad Gateway</h1></body></html>", "502"),
        (503, "server busy, please try again", "server busy"),
        (503, "x" * 100_000, "xxx…"),
    ],
)
def test_a_refusal_is_told_in_one_sentence(reply_of, fake, code, error, said):
    fake.reply(Status(code, error))
    reply = reply_of()
    assert (reply.state, reply.body, reply.usage) == ("error", "", None)
    assert said in told(reply)


def test_a_server_that_is_gone_is_told(reply_of, fake):
    fake.stop()
    assert "change OLLAMA_HOST" in told(reply_of())


def test_no_server_at_all_is_told(reply_of, fake, monkeypatch):
    monkeypatch.setattr("chatcore.host.LOCAL", fake.host)
    fake.stop()
    assert "HEARTH_EMBEDDED=off" in told(reply_of(ollama_host=None, embedded="off"))


def test_a_server_that_takes_connections_and_says_nothing_is_told(reply_of, silent):
    reply = reply_of(ollama_host=silent)
    assert (reply.state, reply.usage) == ("error", None)
    assert "said nothing for 1 s" in told(reply)


def figures(reply):
    """The names of what is known of its cost; None where nothing is."""
    return reply.usage and {
        name for name, value in asdict(reply.usage).items() if value is not None
    }


def told(reply):
    """The error of a message, which is one sentence short enough to be read."""
    assert re.fullmatch(r"[A-Z][^\n]{20,400}\.", reply.error), reply.error
    assert not re.search(r"[.!?] [A-Z]", reply.error), reply.error
    return reply.error
