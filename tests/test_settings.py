from pathlib import Path

import pytest

from chatcore.errors import SettingsError
from chatcore.settings import Settings


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
    assert settings == Settings(Path("/data/chats.db"), "example:11434", "off", gguf, 4096, 30)


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
