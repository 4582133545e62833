"""The identities of owners in SQLite."""

import json
from pathlib import Path

from sqlite_utils import Database

from chatcore.clock import now
from chatcore.errors import PairingRefused
from chatcore.sharing import key_hash, make_key
from chatcore.store.identities import (
    VALID,
    Pairing,
    pairing_file,
)
from chatcore.store.sqlite import rows
from chatcore.store.sqlite.connections import Readers, Writer
from chatcore.store.sqlite.joining import has_rows, join, retire, span_of
from chatcore.types import Browser

SEEN_EVERY = 60 * 60 * 1000  # milliseconds between two notes of when a browser was seen


class SqliteIdentities:
    """Each method is one transaction, as in the store."""

    def __init__(self, readers: Readers, writer: Writer, database: Path) -> None:
        self._readers = readers
        self._writer = writer
        self._pairing = pairing_file(database)

    def owner(self, key: str) -> int | None:
        with self._readers.lend() as db:
            return rows.owner(db, key)

    def seen(self, key: str, label: str, heir_of: str | None = None) -> None:
        with self._readers.lend() as db:
            known = db.execute(
                "select 1 from identities where key = ? and last_seen_at > ? and label = ?",
                [key, now() - SEEN_EVERY, label],
            ).fetchone()
        if not known:
            self._writer.call(lambda db: _see(db, key, rows.clean(label), heir_of))

    def browsers(self, owner: int) -> list[Browser]:
        with self._readers.lend() as db:
            found = db.query(
                "select key, label, created_at, last_seen_at from identities"
                " where owner_n = ? and key like 'browser:%' order by last_seen_at desc",
                [owner],
            )
            return [Browser(**row) for row in found]

    def sign_out(self, owner: int, key: str) -> None:
        sql = "delete from identities where owner_n = ? and key = ?"
        self._writer.call(lambda db: db.execute(sql, [owner, key]))
        self.withdraw(owner)

    def invite(self, owner: int) -> str:
        token = make_key()

        def keep(db: Database) -> None:
            db.execute("delete from pairings where expires_at < ?", [now()])
            db.execute(
                "insert into pairings(hash, owner_n, expires_at) values (?, ?, ?)",
                [key_hash(token), owner, now() + VALID],
            )

        self._writer.call(keep)
        return token

    def invitations(self, owner: int) -> list[int]:
        sql = "select expires_at from pairings where owner_n = ? and used_at is null"
        with self._readers.lend() as db:
            found = [int(row[0]) for row in db.execute(sql, [owner])]
        shell = self._from_shell()
        if shell.owner == owner:
            found.append(shell.expires_at)
        return sorted(expires_at for expires_at in found if expires_at >= now())

    def withdraw(self, owner: int) -> None:
        sql = "update pairings set used_at = ? where owner_n = ? and used_at is null"
        self._writer.call(lambda db: db.execute(sql, [now(), owner]))
        if self._from_shell().owner == owner:
            self._pairing.unlink(missing_ok=True)

    def inviter(self, token: str) -> int:
        with self._readers.lend() as db:
            return self._inviter(db, token)

    def pair(self, token: str, key: str) -> None:
        def pair(db: Database) -> None:
            target = self._inviter(db, token)
            # A link of the shell's is a row from now on, which outlives the file.
            db.execute(
                "insert into pairings(hash, owner_n, expires_at, used_at) values (?, ?, ?, ?)"
                " on conflict(hash) do update set used_at = excluded.used_at",
                [key_hash(token), target, now() + VALID, now()],
            )
            _lead(db, key, rows.make_owner(db, key), target)

        self._writer.call(pair)

    def bring(self, key: str, into: int) -> None:
        def bring(db: Database) -> None:
            source = rows.make_owner(db, key)
            owner = into if source == into else join(db, source, into)
            db.execute("delete from identities where owner_n = ? and key like 'browser:%'", [owner])

        self._writer.call(bring)

    def has_chats(self, key: str) -> bool:
        with self._readers.lend() as db:
            owner = rows.owner(db, key)
            return owner is not None and has_rows(db, owner)

    def current(self, owner: int, message_id: int) -> int:
        sql = "select now_id from moved where id = ? and now_id >= ? and now_id < ?"
        with self._readers.lend() as db:
            found = db.execute(sql, [message_id, *span_of(owner)]).fetchone()
            return int(found[0]) if found else message_id

    def _inviter(self, db: Database, token: str) -> int:
        found = next(
            db.query(
                "select hash, owner_n as owner, expires_at, used_at from pairings where hash = ?",
                [key_hash(token)],
            ),
            None,
        )
        pairing = Pairing(**found) if found else self._from_shell()
        good = pairing.hash == key_hash(token) and pairing.used_at is None
        if not good or pairing.expires_at < now() or not _active(db, pairing.owner):
            raise PairingRefused(
                "This link was used already, or is older than five minutes: make a new one in the"
                " browser that has your chats, under Settings."
            )
        return pairing.owner

    def _from_shell(self) -> Pairing:
        """The link that `python -m chatcore pair` made last; nobody's where it made none."""
        try:
            return Pairing(**json.loads(self._pairing.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Pairing("", 0, 0)


def _active(db: Database, owner: int) -> bool:
    sql = "select 1 from owners where n = ? and retired_at is null"
    return db.execute(sql, [owner]).fetchone() is not None


def _see(db: Database, key: str, label: str, heir_of: str | None) -> None:
    if not db.execute("select 1 from identities where key = ?", [key]).fetchone():
        inherited = db.execute(
            "update identities set handed_on_at = ? where key = ? and handed_on_at is null"
            " returning owner_n",
            [now(), heir_of],
        ).fetchall()
        for (owner,) in inherited:
            db.execute("insert into identities(key, owner_n) values (?, ?)", [key, owner])
    rows.make_owner(db, key)
    db.execute(
        "update identities set last_seen_at = ?1, label = ?2,"
        " created_at = iif(created_at, created_at, ?1) where key = ?3",
        [now(), label, key],
    )


def _lead(db: Database, key: str, source: int, target: int) -> None:
    """Let the identity name the target: with all that its owner has, if that is anything."""
    if source == target:
        return
    if has_rows(db, source):
        join(db, source, target)
        return
    db.execute("update identities set owner_n = ? where key = ?", [target, key])
    if not db.execute("select 1 from identities where owner_n = ?", [source]).fetchone():
        retire(db, source)
