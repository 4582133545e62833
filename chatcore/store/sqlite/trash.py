"""Sessions with a time of deletion. The contract is Trash."""

from sqlite_utils import Database

from chatcore.errors import SessionNotFound
from chatcore.store.sqlite import rows
from chatcore.store.sqlite.connections import Readers, Writer
from chatcore.store.trash import Trashed
from chatcore.types import Message

RESTORE = """
    update sessions set deleted_at = null where owner_n = ?1
    and pk = coalesce(?3, (select pk from sessions where owner_n = ?1 and id = ?2)) returning id
"""


class SqliteTrash:
    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer

    def sessions(self, owner: int, limit: int = 50) -> list[Trashed]:
        with self._readers.lend() as db:
            found = db.query(
                "select pk, id, title, n_messages, deleted_at from sessions"
                " where owner_n = ? and deleted_at is not null and n_messages > 0"
                " order by deleted_at desc, pk desc limit ?",
                [owner, limit],
            )
            return [Trashed(**row) for row in found]

    def put(self, owner: int, session_id: str) -> Message | None:
        def put(db: Database) -> Message | None:
            pk = rows.session(db, owner, session_id).pk
            db.execute("update sessions set deleted_at = ? where pk = ?", [rows.now(), pk])
            streaming = db.execute(
                "select id from messages where session_pk = ? and state = 'streaming'", [pk]
            ).fetchone()
            return rows.message(db, owner, streaming[0]) if streaming else None

        return self._writer.call(put)

    def restore(self, owner: int, session_id: str, pk: int | None = None) -> str:
        def restore(db: Database) -> str:
            for row in db.execute(RESTORE, [owner, session_id, pk]).fetchall():
                return str(row[0])
            raise SessionNotFound("There is no such chat here.")

        return self._writer.call(restore)
