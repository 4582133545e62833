"""The secret beside the database."""

import pytest

from chatcore.errors import StoreError
from chatcore.secret import signing_keys
from chatcore.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "hearth.db")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hearth.db.secret"


def test_the_first_start_makes_one_for_the_owner_of_the_machine_alone(settings, path):
    (key,) = signing_keys(settings)
    assert len(key) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_every_other_start_finds_it(settings, path):
    first = signing_keys(settings)
    assert signing_keys(settings) == first


def test_one_that_others_could_read_is_closed_to_them_and_told(settings, path, caplog):
    first = signing_keys(settings)
    path.chmod(0o644)
    assert signing_keys(settings) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert "could be read by others" in caplog.text


def test_two_databases_have_two_secrets(settings, tmp_path):
    assert signing_keys(settings) != signing_keys(Settings(tmp_path / "other.db"))


def test_the_setting_takes_its_place(tmp_path, path):
    settings = Settings(tmp_path / "hearth.db", secret=("new", "old"))
    assert signing_keys(settings) == (b"new", b"old")
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 64])
def test_one_that_was_damaged_is_refused_and_left_alone(settings, path, content):
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is not the secret that Hearth made") as refused:
        signing_keys(settings)
    assert path.read_bytes() == content
    assert content == b"" or content.decode("latin-1") not in str(refused.value)


def test_one_that_cannot_be_read_is_told_and_the_log_says_which(settings, path, caplog):
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be read or made") as refused:
        signing_keys(settings)
    assert str(path) in caplog.text
    assert str(path.parent) not in str(refused.value)
