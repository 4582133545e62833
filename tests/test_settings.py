import re
import subprocess
from pathlib import Path

import pytest

from chatcore.errors import SettingsError
from chatcore.settings import Settings

ROOT = Path(__file__).parents[1]
FRESH = "what was there before is opened in a fresh browser"
ALONE = "no middleware tells who visits"
MEANT = "what the setting does"
FOR_ONE_PERSON = {
    "bench/figures.py": FRESH,
    "bench/peer.py": FRESH,
    "bench/screenshots.py": FRESH,
    "tests/browser/test_faults.py": FRESH,
    "tests/browser/test_prompts.py": FRESH,
    "tests/browser/test_identity.py": MEANT,
    "tests/browser/test_tabs.py": MEANT,
    "tests/incidents/test_server.py": MEANT,
    "tests/test_pairing.py": MEANT,
    "tests/test_settings.py": MEANT,
    "tests/test_visitors.py": MEANT,
    "tests/pages/conftest.py": ALONE,
    "tests/test_belongings.py": ALONE,
    "tests/test_prompts.py": ALONE,
    "tests/test_web.py": ALONE,
}
"""Why each sets HEARTH_IDENTITY to let every browser in: the way people get it tells them apart."""


def test_a_fresh_machine_needs_no_settings():
    settings = Settings.from_env({})
    assert settings.database.name == "hearth.db"
    assert settings.database.is_absolute()
    assert (settings.ollama_host, settings.embedded, settings.gguf) == (None, "auto", None)


def test_every_setting_is_read_from_the_environment(tmp_path):
    gguf = tmp_path / "m.gguf"
    gguf.touch()
    settings = Settings.from_env(
        {
            "HEARTH_DATABASE": "/data/chats.db",
            "OLLAMA_HOST": " example:11434 ",
            "HEARTH_EMBEDDED": " off",
            "HEARTH_GGUF": str(gguf),
            "HEARTH_NUM_CTX": "4096",
            "HEARTH_TIMEOUT": "30",
        }
    )
    assert settings == Settings(
        Path("/data/chats.db"), "example:11434", "off", gguf, 4096, 30, parallel_owner=2
    )


def test_all_else_is_kept_beside_the_database():
    assert Settings.from_env({"HEARTH_DATABASE": "/data/c.db"}).data_dir == Path("/data")


def test_an_empty_variable_is_as_good_as_none():
    blank = dict.fromkeys(
        ("HEARTH_DATABASE", "OLLAMA_HOST", "HEARTH_EMBEDDED", "HEARTH_GGUF", "HEARTH_NUM_CTX"), ""
    )
    assert Settings.from_env(blank) == Settings.from_env({})


@pytest.mark.parametrize(
    ("key", "value", "example"),
    [
        ("HEARTH_EMBEDDED", "yes", "auto, off or always"),
        ("HEARTH_NUM_CTX", "lots", "e.g. 8192"),
        ("HEARTH_NUM_CTX", "-5", "e.g. 8192"),
        ("HEARTH_NUM_CTX", "١٢٣٤", "e.g. 8192"),
        ("HEARTH_TIMEOUT", "0", "e.g. 600"),
        ("HEARTH_NUM_CTX", "9" * 5000, "e.g. 8192"),
        ("HEARTH_GGUF", "/no/such/model.gguf", "e.g. /models/"),
        ("HEARTH_DATABASE", "~nobody-of-that-name/x.db", "no such user"),
        ("HEARTH_IDENTITY", "everyone", "e.g. header:X-Forwarded-User"),
        ("HEARTH_IDENTITY", "header:", "header:<Name>"),
        ("HEARTH_IDENTITY", "header:X-User", "needs HEARTH_TRUSTED_PROXIES"),
        ("HEARTH_TRUSTED_PROXIES", "10.0.0.1, proxy", "e.g. 127.0.0.1"),
        ("HEARTH_TRUSTED_PROXIES", "10.0.0.1/8", "e.g. 127.0.0.1"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_an_example(key, value, example):
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({key: value})
    for word in (key, value, example):
        assert word in str(refused.value)


def test_a_refused_database_address_shows_no_password():
    with pytest.raises(SettingsError, match="postgresql://") as refused:
        Settings.from_env({"HEARTH_DATABASE": "postgresql://me:secret@host/db"})
    assert "secret" not in str(refused.value)


def test_one_person_on_a_server_of_their_own_has_no_limit_of_replies():
    assert Settings.from_env({}).parallel_owner == 2
    assert Settings.from_env({"HEARTH_IDENTITY": "single"}).parallel_owner is None
    chosen = {"HEARTH_IDENTITY": "single", "HEARTH_PARALLEL_OWNER": "1"}
    assert Settings.from_env(chosen).parallel_owner == 1


def test_a_proxy_is_trusted_by_name_of_the_header_and_by_address():
    settings = Settings.from_env(
        {
            "HEARTH_IDENTITY": "header:X-Forwarded-User",
            "HEARTH_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,::1",
        }
    )
    assert settings.identity_mode == "header"
    assert settings.identity_header == "X-Forwarded-User"
    assert [str(network) for network in settings.trusted_proxies] == [
        "127.0.0.1/32",
        "10.0.0.0/8",
        "::1/128",
    ]


@pytest.mark.parametrize("secret", ["tooshort", f"{'k' * 32},tooshort", ",".join(["k" * 32] * 3)])
def test_a_secret_is_refused_without_being_shown(secret):
    with pytest.raises(SettingsError, match="HEARTH_SECRET") as refused:
        Settings.from_env({"HEARTH_SECRET": secret})
    assert "tooshort" not in str(refused.value)
    assert "kkkk" not in str(refused.value)


def test_the_secret_is_not_part_of_what_settings_print():
    settings = Settings.from_env({"HEARTH_SECRET": f"{'n' * 32}, {'o' * 32}"})
    assert settings.secret == ("n" * 32, "o" * 32)
    assert "nnnn" not in repr(settings)


def test_nothing_else_is_set_to_know_nobody():
    tracked = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    files = [name for name in tracked.split("\0") if name and not name.endswith(".md")]
    setting = re.compile(rb"HEARTH_IDENTITY\W{1,9}single")
    assert {f for f in files if setting.search((ROOT / f).read_bytes())} == set(FOR_ONE_PERSON)
    assert Settings.from_env({}).identity == "browser"
