"""Replies of the real model, through the official client."""

import json

import httpx
import ollama
import pytest

from chatcore.engine import BUNDLED_NAME
from tests.engine.conftest import Ask

HI = [{"role": "user", "content": "Say hi."}]
COUNT = "1, 2, 3, 4, 5,"


def count_on(client: ollama.Client, **options: object) -> ollama.GenerateResponse:
    """Continue a row of numbers: the one thing the small model does without fail."""
    options = {"temperature": 0, "num_predict": 24} | options
    return client.generate(BUNDLED_NAME, COUNT, raw=True, options=options)


def test_a_streamed_reply_ends_with_counts_and_durations(client: ollama.Client) -> None:
    chunks = list(client.chat(BUNDLED_NAME, HI, stream=True, options={"num_predict": 6}))
    last = chunks[-1]
    assert [chunk.done for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert last.total_duration >= last.prompt_eval_duration + last.eval_duration
    assert last.eval_duration > 0
    assert last.prompt_eval_duration > 0
    assert 0 < last.eval_count <= 6


def test_a_whole_reply_carries_the_same_text_as_a_stream(client: ollama.Client) -> None:
    options = {"seed": 3, "num_predict": 12}
    whole = client.chat(BUNDLED_NAME, HI, options=options)
    stream = client.chat(BUNDLED_NAME, HI, options=options, stream=True)
    assert "".join(chunk.message.content or "" for chunk in stream) == whole.message.content
    assert whole.message.role == "assistant"


def test_the_prompt_count_is_the_template_and_the_text(ask: Ask) -> None:
    # " hello" is one token of this model's vocabulary.
    short, long = ask("hello"), ask("hello" + " hello" * 9)
    assert long.prompt_eval_count == short.prompt_eval_count + 9


def test_the_prompt_count_is_true_when_the_prompt_was_cached(ask: Ask) -> None:
    question = "Tell me about the sea. " * 30
    assert ask(question).prompt_eval_count == ask(question).prompt_eval_count


def test_num_predict_ends_the_reply_with_length(ask: Ask) -> None:
    reply = ask("Write a long story.", num_predict=5)
    assert (reply.eval_count, reply.done_reason) == (5, "length")


def test_a_finished_reply_ends_with_stop(ask: Ask) -> None:
    reply = ask("Say hi.", temperature=0, num_predict=100)
    assert reply.done_reason == "stop"
    assert 0 < reply.eval_count < 100


def test_a_stop_string_ends_the_reply_before_it(client: ollama.Client) -> None:
    assert "8" in count_on(client).response
    stopped = count_on(client, stop=["8", "never"])
    assert "7" in stopped.response
    assert "8" not in stopped.response
    assert stopped.done_reason == "stop"


@pytest.mark.parametrize("seed", [0, 2**40])
def test_a_seeded_reply_is_the_same_byte_for_byte(ask: Ask, seed: int) -> None:
    def once() -> str | None:
        return ask("Tell me a story of a fox.", seed=seed, num_predict=24).message.content

    first = once()
    ask("Tell me a story of a wolf, and then of a bear.")
    assert [once(), once()] == [first, first]


def test_a_seeded_reply_does_not_depend_on_what_was_cached(client: ollama.Client) -> None:
    brief = {"num_predict": 2}
    story = [{"role": "user", "content": "Tell me of a whale. " * 15}]
    options = {"seed": 5, "num_predict": 30}
    client.chat(BUNDLED_NAME, [], keep_alive=0)
    cold = client.chat(BUNDLED_NAME, story, options=options).message.content
    client.chat(
        BUNDLED_NAME, [{"role": "user", "content": "Tell me of a whale. " * 9}], options=brief
    )
    assert client.chat(BUNDLED_NAME, story, options=options).message.content == cold


def test_without_a_seed_replies_differ(ask: Ask) -> None:
    replies = {ask("Tell me a story.", num_predict=24).message.content for _ in range(4)}
    assert len(replies) > 1


def test_zero_temperature_takes_the_likeliest_words(client: ollama.Client) -> None:
    assert count_on(client).response == count_on(client, seed=9).response


def test_sampling_options_reach_the_model(ask: Ask) -> None:
    likeliest = ask("Tell me a story.", temperature=0).message.content
    for option in ({"top_k": 1}, {"top_p": 0.0}, {"min_p": 1.0}):
        assert ask("Tell me a story.", temperature=2.0, **option).message.content == likeliest


def test_a_repeat_penalty_breaks_a_repetition(client: ollama.Client) -> None:
    def ones(penalty: float) -> int:
        options = {"temperature": 0, "num_predict": 20, "repeat_penalty": penalty}
        reply = client.generate(BUNDLED_NAME, "1, " * 9 + "1,", raw=True, options=options)
        return reply.response.count("1")

    assert ones(1.0) > 5
    assert ones(2.0) < 2


def test_json_format_gives_an_object(client: ollama.Client) -> None:
    question = [{"role": "user", "content": 'Reply with the JSON {"ok": true}'}]
    options = {"temperature": 0, "num_predict": 60}
    reply = client.chat(BUNDLED_NAME, question, format="json", options=options)
    assert isinstance(json.loads(reply.message.content), dict)


def test_a_schema_is_held_to(client: ollama.Client) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "blue"]}, "count": {"type": "integer"}},
        "required": ["colour", "count"],
    }
    reply = client.generate(BUNDLED_NAME, "A bag.", format=schema, options={"temperature": 0})
    answer = json.loads(reply.response)
    assert answer["colour"] in ("red", "blue")
    assert isinstance(answer["count"], int)


def test_characters_of_many_tokens_arrive_whole(client: ollama.Client) -> None:
    options = {"temperature": 0, "num_predict": 30}
    chunks = client.generate(BUNDLED_NAME, "🐳" * 9, raw=True, stream=True, options=options)
    text = "".join(chunk.response for chunk in chunks)
    assert "🐳🐳🐳" in text
    assert "\ufffd" not in text


def test_a_character_cut_by_the_limit_is_left_out(client: ollama.Client) -> None:
    for limit in range(1, 6):
        options = {"temperature": 0, "num_predict": limit}
        reply = client.generate(BUNDLED_NAME, "🐳" * 9, raw=True, options=options)
        assert set(reply.response) <= {"🐳"}


@pytest.mark.parametrize("stream", [False, True])
def test_a_line_separator_inside_the_text_arrives_whole(
    client: ollama.Client, stream: bool
) -> None:
    chunks = client.generate(BUNDLED_NAME, "x", format={"const": "a\u2028b\x85c"}, stream=stream)
    text = "".join(c.response for c in chunks) if stream else chunks.response
    assert json.loads(text) == "a\u2028b\x85c"


def test_a_system_message_is_read(client: ollama.Client) -> None:
    with_system = [{"role": "system", "content": "Be kind. " * 20}, *HI]
    plain = client.chat(BUNDLED_NAME, HI, options={"num_predict": 1})
    kind = client.chat(BUNDLED_NAME, with_system, options={"num_predict": 1})
    assert kind.prompt_eval_count > plain.prompt_eval_count + 20


def test_generate_uses_the_chat_template_unless_raw(client: ollama.Client) -> None:
    options = {"num_predict": 1}
    chatted = client.generate(BUNDLED_NAME, "hello", system="Be brief.", options=options)
    raw = client.generate(BUNDLED_NAME, "hello", raw=True, options=options)
    assert raw.prompt_eval_count == 1
    assert chatted.prompt_eval_count > 5


def test_a_lone_surrogate_does_no_harm(raw: httpx.Client) -> None:
    body = rb'{"model":"%b","prompt":"\ud800 hi","stream":false,"options":{"num_predict":1}}'
    response = raw.post("/api/generate", content=body % BUNDLED_NAME.encode())
    assert response.json()["done"] is True


def test_think_false_is_accepted(client: ollama.Client) -> None:
    reply = client.chat(BUNDLED_NAME, HI, think=False, options={"num_predict": 2})
    assert reply.done


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("think", [True, "high"])
def test_thinking_is_refused(client: ollama.Client, think: bool, stream: bool) -> None:
    with pytest.raises(ollama.ResponseError, match="does not support thinking") as caught:
        list(client.chat(BUNDLED_NAME, HI, think=think, stream=stream))
    assert caught.value.status_code == 400


def test_tools_are_refused(client: ollama.Client) -> None:
    tool = {"type": "function", "function": {"name": "f", "description": "d"}}
    with pytest.raises(ollama.ResponseError, match="does not support tools") as caught:
        client.chat(BUNDLED_NAME, HI, tools=[tool])
    assert caught.value.status_code == 400


def test_images_are_refused(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="does not support images"):
        client.chat(BUNDLED_NAME, [{"role": "user", "content": "see", "images": [b"abc"]}])
    with pytest.raises(ollama.ResponseError, match="does not support images"):
        client.generate(BUNDLED_NAME, "see", images=[b"abc"])


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model_is_not_found(client: ollama.Client, stream: bool) -> None:
    with pytest.raises(ollama.ResponseError, match="model 'nope:1b' not found") as caught:
        list(client.chat("nope:1b", HI, stream=stream))
    assert caught.value.status_code == 404


def test_a_bad_format_is_refused(raw: httpx.Client) -> None:
    response = raw.post(
        "/api/generate", json={"model": BUNDLED_NAME, "prompt": "x", "format": "xml"}
    )
    assert response.status_code == 400
    assert response.json()["error"].startswith('invalid format: "xml"')


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "missing request body"),
        (b"{", "the request body is not valid JSON"),
        (b"\xff\xfe\xfd", "the request body is not valid JSON"),
        (b'{"model": NaN}', "NaN is not a JSON value"),
        (b"[" * 100_000, "the request body is not valid JSON"),
        (b"[]", "the request body must be a JSON object"),
        (b"{}", "model is required"),
        (b'{"model": "smollm2:135m", "messages": {}}', "messages must be an array"),
        (b'{"model": "smollm2:135m", "messages": [1]}', "every message must be an object"),
        (b'{"model": "smollm2:135m", "options": 1}', "options must be an object"),
        (
            b'{"model": "smollm2:135m", "options": {"temperature": "hot"}}',
            'option "temperature" must be of type float32',
        ),
        (b'{"model": "smollm2:135m", "keep_alive": "soon"}', 'time: invalid duration "soon"'),
    ],
)
def test_a_bad_body_is_a_400_with_a_sentence(raw: httpx.Client, body: bytes, sentence: str) -> None:
    response = raw.post("/api/chat", content=body)
    assert response.status_code == 400
    assert sentence in response.json()["error"]
