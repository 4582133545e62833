"""The tokens of programs, in one table. A token is random enough that its hash needs no salt."""

import hashlib
import logging
import secrets
from concurrent.futures import Future
from typing import Any

from chatcore.store.sqlite import rows
from chatcore.store.sqlite.connections import Readers, Writer
from chatcore.types import Token

log = logging.getLogger(__name__)

PREFIX = "hearth_"  # so that one is known for what it is where it should not be
NAME_CHARACTERS = 100
NOTED_EVERY = 60_000  # milliseconds


class SqliteTokens:
    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer

    def create(self, owner: int, name: str) -> str:
        token = PREFIX + secrets.token_urlsafe(32)
        row = [_hash(token), owner, rows.clean(name)[:NAME_CHARACTERS], rows.now()]
        self._change(
            "insert into tokens(hash, owner_n, name, created_at) values (?, ?, ?, ?)", row
        ).result()
        return token

    def of(self, owner: int) -> list[Token]:
        with self._readers.lend() as db:
            found = db.query(
                "select id, name, created_at, last_used_at from tokens where owner_n = ?"
                " order by id desc",
                [owner],
            )
            return [Token(**row) for row in found]

    def revoke(self, owner: int, token_id: int) -> None:
        self._change("delete from tokens where id = ? and owner_n = ?", [token_id, owner]).result()

    def owner(self, token: str) -> int | None:
        with self._readers.lend() as db:
            row = db.execute(
                "select id, owner_n, last_used_at from tokens where hash = ?", [_hash(token)]
            ).fetchone()
        if row is None:
            return None
        token_id, owner, last_used_at = row
        if rows.now() - (last_used_at or 0) >= NOTED_EVERY:
            self._note_use(token_id)
        return int(owner)

    def _note_use(self, token_id: int) -> None:
        """Not waited for: a full disk is no reason to refuse who only reads."""
        noted = self._change(
            "update tokens set last_used_at = ? where id = ?", [rows.now(), token_id]
        )
        noted.add_done_callback(_log_failure)

    def _change(self, sql: str, parameters: list[Any]) -> "Future[Any]":
        return self._writer.submit(lambda db: db.execute(sql, parameters).close())


def _hash(token: str) -> str:
    return hashlib.sha256(rows.clean(token).encode()).hexdigest()


def _log_failure(noted: "Future[Any]") -> None:
    if error := noted.exception():
        log.warning("the use of a token was not noted: %s", error)
