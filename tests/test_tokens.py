"""The tokens of programs: the contract, and what of it reaches the disk."""

import pytest
from sqlite_utils import Database

from chatcore.sharing import key_hash
from chatcore.store.sqlite import SqliteStore, rows, schema


def names(store, owner):
    return [token.name for token in store.tokens.of(owner)]


def test_a_token_names_its_owner(store, ann, bob):
    token = store.tokens.create(ann, "backup")
    assert store.tokens.owner(token) == ann
    assert (names(store, ann), names(store, bob)) == (["backup"], [])


@pytest.mark.parametrize("token", ["", "hearth_x", "\ud800", "x" * 10_000])
def test_what_is_no_token_is_nobodys(store, ann, token):
    store.tokens.create(ann, "backup")
    assert store.tokens.owner(token) is None


def test_a_revoked_token_opens_nothing(store, ann):
    kept, gone = store.tokens.create(ann, "kept"), store.tokens.create(ann, "gone")
    store.tokens.revoke(ann, store.tokens.of(ann)[0].id)
    assert (store.tokens.owner(kept), store.tokens.owner(gone)) == (ann, None)
    assert names(store, ann) == ["kept"]


def test_the_id_of_a_revoked_token_is_never_anothers(store, ann):
    store.tokens.create(ann, "gone")
    (gone,) = store.tokens.of(ann)
    store.tokens.revoke(ann, gone.id)
    token = store.tokens.create(ann, "new")
    store.tokens.revoke(ann, gone.id)  # by a page that was drawn before
    assert store.tokens.owner(token) == ann


def test_anothers_token_cannot_be_revoked(store, ann, bob):
    token = store.tokens.create(ann, "backup")
    store.tokens.revoke(bob, store.tokens.of(ann)[0].id)
    assert store.tokens.owner(token) == ann


def test_the_last_use_is_told_and_written_once_a_minute(store, ann, monkeypatch):
    at = rows.now()
    token = store.tokens.create(ann, "backup")
    assert store.tokens.of(ann)[0].last_used_at is None
    for now in (at, at + 59_000, at + 60_000, at + 61_000):
        monkeypatch.setattr(rows, "now", lambda now=now: now)
        store.tokens.owner(token)
        store.check()  # the writer has written what came before
        assert store.tokens.of(ann)[0].last_used_at == (at if now < at + 60_000 else at + 60_000)


def test_the_token_itself_is_nowhere_on_the_disk(store, ann, tmp_path):
    token = store.tokens.create(ann, "backup")
    for path in tmp_path.iterdir():
        assert token.encode() not in path.read_bytes()


def test_a_database_of_the_first_version_gets_the_table(tmp_path):
    with Database(tmp_path / "old.db") as db:
        db.execute(f"pragma application_id = {schema.APPLICATION_ID}")
        schema.migrations.apply(db, stop_before="m002_branches")
    store = SqliteStore(tmp_path / "old.db")
    ann = store.owner("ann")
    assert store.tokens.owner(store.tokens.create(ann, "new")) == ann
    store.close()


def test_tokens_from_before_are_good_and_their_ids_are_not_given_again(tmp_path):
    with Database(tmp_path / "old.db") as db:
        db.execute(f"pragma application_id = {schema.APPLICATION_ID}")
        schema.migrations.apply(db, stop_before="m015_token_ids")
        db["owners"].insert({"n": 1, "created_at": 1})
        db["identities"].insert({"key": "ann", "owner_n": 1})
        old = {"id": 7, "hash": key_hash("old"), "owner_n": 1, "name": "old", "created_at": 1}
        db["tokens"].insert(old)
    store = SqliteStore(tmp_path / "old.db")
    ann = store.tokens.owner("old")
    store.tokens.revoke(ann, 7)
    store.tokens.create(ann, "new")
    assert [token.id for token in store.tokens.of(ann)] == [8]
    store.close()
