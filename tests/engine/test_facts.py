"""What the engine says of itself and of its model."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import ollama
import pytest

from chatcore.engine import BUNDLED_NAME, bundled_gguf
from chatcore.engine.bundled import BUNDLED_SHA256


def test_version_is_told(raw: httpx.Client) -> None:
    assert raw.get("/api/version").json()["version"].endswith("-hearth")


def test_the_root_answers_as_ollama_does(raw: httpx.Client) -> None:
    assert raw.get("/").text == "Ollama is running"


def test_list_names_the_one_model(client: ollama.Client) -> None:
    [model] = client.list().models
    assert model.model == BUNDLED_NAME
    assert model.size == bundled_gguf().stat().st_size
    assert model.digest == BUNDLED_SHA256


def test_details_come_from_the_file(client: ollama.Client) -> None:
    details = client.list().models[0].details
    assert details is not None
    assert (details.family, details.format) == ("llama", "gguf")
    assert (details.parameter_size, details.quantization_level) == ("134.52M", "Q4_1")


def test_show_tells_the_real_header(client: ollama.Client) -> None:
    shown = client.show(BUNDLED_NAME)
    assert shown.modelinfo is not None
    assert shown.modelinfo["general.parameter_count"] == 134515008
    assert shown.modelinfo["llama.context_length"] == 8192
    assert shown.modelinfo["tokenizer.ggml.tokens"] is None
    assert shown.capabilities == ["completion"]


def test_show_gives_the_real_template_and_license(client: ollama.Client) -> None:
    shown = client.show(BUNDLED_NAME)
    assert shown.template is not None
    assert "<|im_start|>" in shown.template
    assert shown.license == "apache-2.0"


def test_show_gives_the_models_own_parameters(client: ollama.Client) -> None:
    shown = client.show(BUNDLED_NAME)
    assert shown.parameters is not None
    assert "num_predict 512" in shown.parameters.splitlines()


def test_ps_shows_the_window_and_the_expiry(client: ollama.Client) -> None:
    client.chat(BUNDLED_NAME, [], keep_alive="10m")
    [running] = client.ps().models
    assert running.expires_at is not None
    left = (running.expires_at - datetime.now(UTC)).total_seconds()
    assert 500 < left <= 600
    assert running.context_length == 4096
    assert running.name == BUNDLED_NAME


CALLS: dict[str, Callable[[ollama.Client], object]] = {
    "pull": lambda c: c.pull("llama3"),
    "push": lambda c: c.push("llama3"),
    "create": lambda c: c.create("mine", from_=BUNDLED_NAME),
    "copy": lambda c: c.copy(BUNDLED_NAME, "mine"),
    "delete": lambda c: c.delete(BUNDLED_NAME),
    "embed": lambda c: c.embed(BUNDLED_NAME, "hi"),
    "embeddings": lambda c: c.embeddings(BUNDLED_NAME, "hi"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_what_it_cannot_do_is_a_501(
    client: ollama.Client, call: Callable[[ollama.Client], object]
) -> None:
    with pytest.raises(ollama.ResponseError, match="the built-in engine cannot") as caught:
        call(client)
    assert caught.value.status_code == 501


def test_a_streamed_pull_fails_the_same_way(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError) as caught:
        list(client.pull("llama3", stream=True))
    assert caught.value.status_code == 501


def test_unknown_models_are_not_shown(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="model 'nope' not found") as caught:
        client.show("nope")
    assert caught.value.status_code == 404


def test_unknown_paths_and_methods_are_json_errors(raw: httpx.Client) -> None:
    lost, wrong = raw.get("/api/nothing"), raw.get("/api/chat")
    assert (lost.status_code, wrong.status_code) == (404, 405)
    assert lost.json() == {"error": "not found"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "[broken"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_other_sites_are_refused(raw: httpx.Client, headers: dict[str, str]) -> None:
    response = raw.get("/api/tags", headers=headers)
    assert response.status_code == 403
    assert not any(name.startswith("access-control") for name in response.headers)


def test_localhost_is_let_in(raw: httpx.Client) -> None:
    headers = {"Host": "localhost:1234", "Origin": "http://localhost:8501"}
    assert raw.get("/api/tags", headers=headers).status_code == 200
