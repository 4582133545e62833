"""The tokens of programs, in one table. A token is random enough that its hash needs no salt."""

import secrets

from chatcore.sharing import key_hash
from chatcore.store.sqlite import rows
from chatcore.store.sqlite.connections import Readers, Writer
from chatcore.types import Token

PREFIX = "hearth_"  # so that one is known for what it is where it should not be
NAME_CHARACTERS = 100
NOTED_EVERY = 60_000  # milliseconds


class SqliteTokens:
    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer

    def create(self, owner: int, name: str) -> str:
        token = PREFIX + secrets.token_urlsafe(32)
        row = [key_hash(token), owner, rows.clean(name)[:NAME_CHARACTERS], rows.now()]
        sql = "insert into tokens(hash, owner_n, name, created_at) values (?, ?, ?, ?)"
        self._writer.call(lambda db: db.execute(sql, row).close())
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
        sql = "delete from tokens where id = ? and owner_n = ?"
        self._writer.call(lambda db: db.execute(sql, [token_id, owner]).close())

    def owner(self, token: str) -> int | None:
        with self._readers.lend() as db:
            row = db.execute(
                "select id, owner_n, last_used_at from tokens where hash = ?", [key_hash(token)]
            ).fetchone()
        if row is None:
            return None
        token_id, owner, last_used_at = row
        if rows.now() - (last_used_at or 0) >= NOTED_EVERY:
            self._note_use(token_id)
        return int(owner)

    def _note_use(self, token_id: int) -> None:
        """Not waited for: a full disk is no reason to refuse who only reads."""
        sql = "update tokens set last_used_at = ? where id = ?"
        noted = [rows.now(), token_id]
        self._writer.note("the use of a token", lambda db: db.execute(sql, noted).close())
