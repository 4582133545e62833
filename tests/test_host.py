"""Which model server answers, and what is said when none does."""

import time

import pytest

from chatcore import host as host_module
from chatcore.errors import ChatError, ServerUnreachable
from chatcore.host import ModelHost
from chatcore.settings import Settings
from tests.fake_ollama import fake_model


@pytest.fixture
def host_of(tmp_path, fake):
    """A host by its settings; all of them are closed in the end, before the server is."""
    hosts = []

    def make(**settings):
        hosts.append(ModelHost(Settings(tmp_path / "hearth.db", **settings)))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def local(fake, monkeypatch):
    """The scripted server where a local Ollama is looked for."""
    monkeypatch.setattr(host_module, "LOCAL", fake.host)
    return fake


def test_ollama_host_is_used_where_it_is_set(host_of, fake):
    info = host_of(ollama_host=fake.host).info()
    assert (info.host, info.version, info.embedded) == (fake.host, fake.version, False)


def test_a_dead_ollama_host_is_an_error_and_never_a_fallback(host_of, local, fake):
    fake.stop()
    for _ in range(2):
        with pytest.raises(ServerUnreachable, match=fake.host):
            host_of(ollama_host=fake.host).info()


@pytest.mark.parametrize("gone", [True, False])
def test_where_people_sign_in_no_error_says_where_the_server_is(host_of, fake, gone):
    if gone:
        fake.stop()
    client = host_of(ollama_host=fake.host, identity="oidc").client()
    with pytest.raises(ChatError) as told:
        client.build("unknown:1b")
    assert str(fake.port) not in str(told.value)


def test_a_local_ollama_is_found(host_of, local):
    assert host_of().info().host == local.host


def test_without_ollama_the_embedded_engine_answers(host_of, local):
    local.stop()
    host = host_of()
    info = host.info()
    assert (info.embedded, info.demo, host.takes_one) == (True, True, True)
    assert [model.name for model in info.models] == ["smollm2:135m"]


def test_look_again_finds_an_ollama_that_came_later(host_of, local):
    local.stop()
    host = host_of()
    assert host.info().embedded
    local.start()
    assert host.info().embedded
    host.look_again()
    assert host.info().host == local.host


def test_while_it_is_not_known_who_answers_one_is_asked_at_a_time(host_of, fake):
    host = host_of(ollama_host=fake.host)
    assert host.takes_one
    host.client()
    assert not host.takes_one
    host.look_again()  # the engine may be in mid-reply
    assert host.takes_one


def test_with_the_engine_off_the_page_is_told_what_to_do(host_of, local):
    local.stop()
    host = host_of(embedded="off")
    with pytest.raises(ServerUnreachable, match="HEARTH_EMBEDDED=off"):
        host.info()
    local.start()
    host.look_again()
    assert host.info().host == local.host


def test_the_engine_is_always_used_where_it_is_asked_for(host_of, fake):
    assert host_of(embedded="always", ollama_host=fake.host).info().embedded


def test_an_engine_that_died_is_started_again(host_of):
    host = host_of(embedded="always")
    host.info()
    host._engine.stop()
    assert host.info().models


def test_models_come_and_go_without_a_restart(host_of, fake, monkeypatch):
    monkeypatch.setattr(host_module, "SEEN_FOR", 0.0)
    host = host_of(ollama_host=fake.host)
    fake.models = [fake_model("a:1b")]
    assert [m.name for m in host.info().models] == ["a:1b"]
    fake.models = [fake_model("b:1b")]
    until(lambda: [m.name for m in host.info().models] == ["b:1b"])


def test_what_a_look_finds_of_the_server_before_is_not_kept(host_of, fake, monkeypatch):
    def look_slowly():
        found = look()
        host.look_again()
        return found

    host = host_of(ollama_host=fake.host)
    look = host._look
    monkeypatch.setattr(host, "_look", look_slowly)
    assert host.look().host == fake.host
    assert host._seen is None


def test_a_server_that_died_is_told_soon(host_of, fake, monkeypatch):
    monkeypatch.setattr(host_module, "SEEN_FOR", 0.0)
    host = host_of(ollama_host=fake.host)
    host.info()
    fake.stop()

    until(lambda: is_gone(host))
    with pytest.raises(ServerUnreachable, match=fake.host):
        host.info()


def is_gone(host):
    try:
        host.info()
    except ServerUnreachable:
        return True
    return False


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
