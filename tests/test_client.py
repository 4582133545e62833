"""The client against a server on loopback that does on the wire what Ollama does, and worse."""

import asyncio
import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chatcore.client import OllamaClient
from chatcore.errors import (
    ModelNotFound,
    ServerError,
    ServerUnreachable,
    SettingsError,
    WindowExceeded,
)
from chatcore.types import ChatRequest
from tests.fake_ollama import (
    Done,
    Drop,
    End,
    ErrorLine,
    HalfLine,
    Hang,
    Status,
    Thinking,
    fake_model,
    raw,
)


@pytest.fixture
def sink():
    """A web server that answers everything with a page."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(fake):
    fake.models = [fake_model("qwen3:8b", context_length=40960), fake_model("gemma3:4b")]
    return OllamaClient(fake.host, timeout=30)


def ask(client, model="qwen3:8b", received=None, **message):
    """All chunks of one reply; `received` gets those before an error, too."""
    chunks = [] if received is None else received
    request = ChatRequest(model, [{"role": "user", "content": "hi"} | message], {"num_ctx": 512})

    async def collect():
        async for chunk in client.chat(request):
            chunks.append(chunk)

    asyncio.run(collect())
    return chunks


def test_what_is_no_character_is_not_handed_on(client, fake):
    fake.reply(raw(r"o\u0000ne \ud83d"), "two")
    assert "".join(chunk.content for chunk in ask(client)) == "one ?two"


def test_models_are_listed_by_name_with_those_in_memory_marked(client, fake):
    fake.loaded = {"qwen3:8b"}
    models = client.models()
    assert [(m.name, m.loaded) for m in models] == [("gemma3:4b", False), ("qwen3:8b", True)]
    assert models[1].parameter_size
    assert models[1].size > 0


@pytest.mark.parametrize(
    ("loaded", "asked", "is_loaded"),
    [
        ("llama3:latest", "llama3", True),
        ("llama3:latest", "llama3:latest", True),
        ("llama3:8b", "llama3", False),
        ("host:5000/llama3:latest", "host:5000/llama3", True),
    ],
)
def test_a_model_is_in_memory_under_its_short_name_too(client, fake, loaded, asked, is_loaded):
    fake.models, fake.loaded = [fake_model(loaded)], {loaded}
    assert client.is_loaded(asked) is is_loaded


def test_the_version_is_the_servers(client, fake):
    assert client.version() == fake.version


def test_the_window_a_model_was_trained_for_is_asked_once(client, fake):
    assert asyncio.run(client.context_length("qwen3:8b")) == 40960
    fake.stop()
    assert asyncio.run(client.context_length("qwen3:8b")) == 40960


def test_what_a_model_can_do_is_asked_once_with_its_window(client, fake):
    fake.models = [fake_model("gemma3:4b", capabilities=["completion", "vision"])]
    assert asyncio.run(client.context_length("gemma3:4b"))
    fake.stop()
    assert client.sees("gemma3:4b")
    assert client.trained_for("gemma3:4b") == 131_072


def test_a_server_that_does_not_tell_what_a_model_can_do_is_believed(client, fake):
    fake.models = [fake_model("gemma3:4b", capabilities=None)]
    assert client.sees("gemma3:4b")


def test_images_are_sent_as_ollama_takes_them(client, fake):
    fake.models = [fake_model("gemma3:4b", capabilities=["completion", "vision"])]
    image = bytes(range(256))
    ask(client, "gemma3:4b", images=[image])
    [sent] = fake.requests[0]["messages"][0]["images"]
    assert base64.b64decode(sent) == image


def test_images_for_a_model_that_cannot_see_are_refused_by_the_server(client):
    with pytest.raises(ServerError, match="image input"):
        ask(client, images=[b"png"])


def test_a_reply_streams_and_ends_with_its_usage(client, fake):
    fake.reply(Thinking("hm"), "one ", "", "two", Done(eval_count=7, prompt_eval_count=12))
    chunks = ask(client)
    assert "".join(c.content for c in chunks) == "one two"
    assert "".join(c.thinking for c in chunks) == "hm"
    usage = chunks[-1].usage
    assert (usage.done_reason, usage.eval_count, usage.prompt_eval_count) == ("stop", 7, 12)


def test_the_request_is_sent_as_given(client, fake):
    ask(client)
    body = fake.requests[0]
    assert body["messages"] == [{"role": "user", "content": "hi"}]
    assert body["options"] == {"num_ctx": 512}
    assert (body["truncate"], body["shift"]) == (False, False)


# As Ollama 0.40 and 0.12.6 word it, and one that cuts by itself where it can.
TOO_LONG = {
    '{"error":{"code":400,"message":"request (2622 tokens) exceeds the available context size'
    ' (512 tokens), try increasing it","type":"exceed_context_size_error"}}': 2622 / 512,
    "the input length exceeds the context length": 1,
    "the prompt is longer than the context length currently available to the model": 1,
}


@pytest.mark.parametrize("said", TOO_LONG)
@pytest.mark.parametrize("step", [lambda said: Status(400, said), ErrorLine])
def test_a_prompt_that_the_window_does_not_hold_is_told_with_how_far(client, fake, said, step):
    fake.reply(step(said))
    with pytest.raises(WindowExceeded, match="choose a larger num_ctx") as caught:
        ask(client)
    assert caught.value.beyond == TOO_LONG[said]


def test_a_missing_model_is_told_with_the_command_that_gets_it(client):
    with pytest.raises(ModelNotFound, match="ollama pull nope:1b"):
        ask(client, "nope:1b")
    with pytest.raises(ModelNotFound, match="ollama pull nope:1b"):
        asyncio.run(client.context_length("nope:1b"))


@pytest.mark.parametrize("status", [400, 403, 499, 500, 503])
def test_a_refusal_is_told_in_the_servers_words(client, fake, status):
    fake.reply(Status(status, "no room"))
    with pytest.raises(ServerError, match=r"The model server refused \(no room\)"):
        ask(client)


@pytest.mark.parametrize(
    "breakage",
    [Drop(), End(), HalfLine('{"model": "x", "mess'), HalfLine("nonsense\n")],
    ids=["cut", "no last chunk", "half a line", "no JSON"],
)
def test_a_broken_stream_gives_its_text_then_an_error(client, fake, breakage):
    received = []
    fake.reply("some ", "text", breakage)
    with pytest.raises(ServerError, match="broke off"):
        ask(client, received=received)
    assert "".join(c.content for c in received) == "some text"


def test_an_error_line_in_mid_reply_is_told(client, fake):
    received = []
    fake.reply("some ", ErrorLine("model runner has crashed"))
    with pytest.raises(ServerError, match="model runner has crashed"):
        ask(client, received=received)
    assert received[0].content == "some "


def test_silence_is_given_up_after_the_time_out(fake):
    fake.reply(Hang())
    with pytest.raises(ServerError, match="said nothing for 1 s"):
        ask(OllamaClient(fake.host, timeout=1), "llama3.2:3b")


def test_a_dead_server_is_told_in_every_call(client, fake):
    fake.stop()
    for call in (client.version, client.models, lambda: ask(client)):
        with pytest.raises(ServerUnreachable, match="ollama serve"):
            call()


def test_what_to_do_about_a_dead_server_depends_on_which_it_is(fake):
    fake.stop()
    with pytest.raises(ServerUnreachable, match="change OLLAMA_HOST"):
        OllamaClient(fake.host, timeout=1, advice="change OLLAMA_HOST.").version()


def test_what_is_no_ollama_server_is_told(sink):
    with pytest.raises(ServerError, match="no Ollama server"):
        OllamaClient(sink.url, timeout=1).version()


def test_the_address_that_a_server_listens_on_is_this_machine(fake):
    assert OllamaClient(f"0.0.0.0:{fake.port}", timeout=1).version() == fake.version


@pytest.mark.parametrize("host", ["10.0.0.0:11434", "http://10.0.0.0:11434", "0.0.0.0.example:1"])
def test_an_address_that_only_looks_like_it_is_left_as_it_is(host):
    assert OllamaClient(host, timeout=1).host == f"http://{host.removeprefix('http://')}"


def test_a_model_that_was_pulled_anew_is_looked_at_again(client, fake, monkeypatch):
    assert not client.sees("qwen3:8b")
    fake.models = [fake_model("qwen3:8b", capabilities=["completion", "vision"])]
    assert not client.sees("qwen3:8b")
    monkeypatch.setattr("chatcore.client.SHOWN_FOR", 0)
    assert client.sees("qwen3:8b")


def test_an_address_that_is_none_is_refused():
    for address in ("http://[::1", "é..x"):
        with pytest.raises(SettingsError, match="OLLAMA_HOST is"):
            OllamaClient(address, timeout=1)


def test_leaving_closes_the_connection(client, fake):
    fake.reply("some ", Hang())

    async def leave():
        chunks = client.chat(ChatRequest("qwen3:8b", [{"role": "user", "content": "hi"}], {}))
        assert (await anext(chunks)).content == "some "
        await chunks.aclose()

    asyncio.run(leave())
    fake.wait_until_idle()
    assert len(fake.disconnects) == 1


def test_a_redirect_is_not_followed(client, fake):
    fake.reply(Status(307, json.dumps({"error": "moved"})))
    with pytest.raises(ServerError):
        ask(client)
    assert len(fake.requests) == 1


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(fake, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert OllamaClient(fake.host, timeout=1).version() == fake.version


@pytest.mark.parametrize("host", ["http://me:PASSWORD@here:99999999", "me:PASS@WORD@here:x"])
def test_a_password_in_a_bad_address_is_not_told(host):
    with pytest.raises(SettingsError, match=r"OLLAMA_HOST is '(http://)?here:") as told:
        OllamaClient(host, timeout=1)
    assert "WORD" not in str(told.value)


def test_an_address_that_is_none_is_not_shown_to_who_may_not_know_it():
    with pytest.raises(SettingsError, match="OLLAMA_HOST is no address") as told:
        OllamaClient("10.0.0.7:99999999", timeout=1, is_told=False)
    assert "10.0.0.7" not in str(told.value)
