"""What a request means, without a model: options, durations, bodies, names, fitting."""

import asyncio
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.engine.durations import FOREVER, keep_alive_seconds
from chatcore.engine.fitting import Tokens, fit
from chatcore.engine.llama import Message
from chatcore.engine.options import parse_options
from chatcore.engine.refusals import Refused
from chatcore.engine.requests import chat_job, generate_job, parse_body
from chatcore.engine.served import ServedModel, bundled_model, human_count, model_name

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
option_names = st.sampled_from(
    ["num_ctx", "num_predict", "seed", "temperature", "top_k", "min_p", "stop", "num_gpu"]
)
fields = st.sampled_from(
    ["messages", "prompt", "options", "keep_alive", "format", "think", "tools", "stream", "system"]
)


@pytest.fixture(scope="module")
def served() -> ServedModel:
    return bundled_model()


def test_the_models_own_parameters_stand_where_the_request_gives_none() -> None:
    own: dict[str, object] = {"num_predict": 5, "temperature": 0.2}
    options = parse_options({"temperature": 1.0}, own)
    assert (options.num_predict, options.sampling["temperature"]) == (5, 1.0)


def test_options_default_to_those_of_ollama() -> None:
    options = parse_options(None)
    assert (options.num_ctx, options.num_predict, options.seed) == (4096, -1, None)
    assert options.sampling["repeat_penalty"] == 1.0
    assert options.sampling["top_p"] == 0.9


def test_unknown_and_null_options_are_ignored() -> None:
    assert parse_options({"num_gpu": "all", "top_k": None}) == parse_options({})


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert parse_options({"num_ctx": 2048.0}).num_ctx == 2048
    assert parse_options({"temperature": 1}).sampling["temperature"] == 1.0


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ({"num_ctx": "big"}, 'option "num_ctx" must be of type integer'),
        ({"top_k": True}, 'option "top_k" must be of type integer'),
        ({"top_p": "0.9"}, 'option "top_p" must be of type float32'),
        ({"stop": "end"}, 'option "stop" must be of type array'),
        ({"stop": [1]}, 'option "stop" must be of an array of strings'),
        ({"num_predict": 1e30}, 'option "num_predict" is out of range'),
    ],
)
def test_a_wrong_type_is_named(option: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_options(option)
    assert (caught.value.status, caught.value.message) == (400, sentence)


@given(st.dictionaries(option_names, json_values) | json_values)
def test_options_are_understood_or_refused(given_options: object) -> None:
    with suppress(Refused):
        options = parse_options(given_options)
        assert options.num_ctx >= 4
        assert options.seed is None or 0 <= options.seed < 2**32 - 1


@given(st.dictionaries(fields, json_values))
def test_bodies_are_understood_or_refused(served: ServedModel, body: dict[str, object]) -> None:
    raw = json.dumps(body | {"model": served.name}).encode()
    for read in (chat_job, generate_job):
        with suppress(Refused):
            assert read(parse_body(raw), served).model == served.name


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 300), (0, 0), ("0", 0), (90, 90), (1.5, 1.5), ("10m", 600), ("1h30m", 5400),
        ("1.5h", 5400), ("300ms", 0.3), ("45", 45), ("-1", FOREVER), ("-1m", FOREVER),
        (-1, FOREVER), ("+5s", 5), (10**400, FOREVER),
    ],
)  # fmt: skip
def test_keep_alive_is_read(value: object, seconds: float) -> None:
    assert keep_alive_seconds(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", ["", "soon", "5 m", "m", "1h30", "٣s", "--1", [], True])
def test_a_bad_keep_alive_is_refused(value: object) -> None:
    with pytest.raises(Refused):
        keep_alive_seconds(value)


@given(st.integers(0, 999), st.integers(0, 59), st.integers(0, 59))
def test_durations_add_up(hours: int, minutes: int, seconds: int) -> None:
    text = f"{hours}h{minutes}m{seconds}s"
    assert keep_alive_seconds(text) == hours * 3600 + minutes * 60 + seconds


@given(st.text(alphabet="0123456789.+-hmsnuµ"))
def test_a_duration_is_read_or_refused(text: str) -> None:
    with suppress(Refused):
        assert keep_alive_seconds(text) >= 0


@pytest.mark.parametrize(
    ("general_name", "stem", "name"),
    [
        ("Qwen2.5 Coder 0.5B Instruct", "x", "qwen2.5-coder-0.5b-instruct:latest"),
        ("", "My Model (1)", "my-model-1:latest"),
        ("模型", "weights", "weights:latest"),
        ("!", "?", "model:latest"),
    ],
)
def test_a_name_is_one_ollama_accepts(general_name: str, stem: str, name: str) -> None:
    assert model_name(general_name, stem) == name


def test_counts_are_written_as_ollama_writes_them() -> None:
    counts = [134515008, 7 * 10**9, 7_241_732_096, 22 * 10**6, 4200, 12]
    assert [human_count(c) for c in counts] == ["134.52M", "7B", "7.2B", "22M", "4K", "12"]


def test_a_damaged_bundled_file_is_refused(served: ServedModel) -> None:
    damaged = ServedModel(served.path, served.name, served.header, sha256="0" * 64)
    with pytest.raises(Refused, match="The bundled model file is damaged"):
        damaged.check()


def test_a_name_needs_its_tag(served: ServedModel) -> None:
    assert served.answers_to("SmolLM2:135m")
    assert not served.answers_to("smollm2")


async def one_token_a_letter(messages: list[Message]) -> list[int]:
    return [ord(letter) for m in messages for letter in m["content"]]


async def never_opens_with_the_assistant(messages: list[Message]) -> list[int]:
    first = next(m for m in messages if m["role"] != "system")
    if first["role"] == "assistant":
        raise Refused(500, "roles must alternate")
    return await one_token_a_letter(messages)


def chat(*contents: str) -> list[Message]:
    roles = {"S": "system", "U": "user", "A": "assistant"}
    return [{"role": roles[text[0]], "content": text} for text in contents]


def fitted(messages: list[Message], limit: int, tokens: Tokens = one_token_a_letter) -> str:
    return "".join(map(chr, asyncio.run(fit(messages, limit, tokens))))


@pytest.mark.parametrize(
    ("limit", "kept"), [(9, "SsU1A1U2"), (8, "SsU1A1U2"), (7, "SsA1U2"), (5, "SsU2"), (4, "SsU2")]
)
def test_the_oldest_messages_go_first(limit: int, kept: str) -> None:
    assert fitted(chat("Ss", "U1", "A1", "U2"), limit) == kept


def test_the_last_message_and_the_system_message_must_fit() -> None:
    with pytest.raises(Refused, match="the prompt is longer than"):
        fitted(chat("Ss", "U1", "U2"), 3)


def test_a_template_that_wants_the_user_first_gets_the_user_first() -> None:
    messages = chat("Ss", "U1", "A1", "U2", "A2", "U3")
    assert fitted(messages, 11, never_opens_with_the_assistant) == "SsU2A2U3"


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 60))
def test_no_message_is_dropped_that_would_have_fitted(sizes: list[int], limit: int) -> None:
    messages = chat(*("U" * size for size in sizes))
    suffixes = [sum(sizes[i:]) for i in range(len(sizes))]
    fitting = [size for size in suffixes if size <= limit]
    if fitting:
        assert len(fitted(messages, limit)) == max(fitting)
    else:
        with pytest.raises(Refused):
            fitted(messages, limit)
