"""The full-text index, read in the range of ids that is the owner's."""

from chatcore.store.sqlite import rows
from chatcore.store.sqlite.connections import Readers
from chatcore.types import Hit

# `cross join` keeps the index first: its rows come in the order of ids, and only until the limit.
FIND = f"""
    select s.id as session_id, s.title, m.id as message_id, m.role,
    snippet(messages_fts, 0, '', '', '…', 24) as snippet, m.created_at
    from messages_fts f cross join messages m on m.id = f.rowid
    cross join sessions s on s.pk = m.session_pk
    where messages_fts match ? and f.rowid >= ? and f.rowid < ?
    and s.owner_n = ? and s.deleted_at is null and m.{rows.IN_TREE}
    order by f.rowid desc limit ?
"""


class SqliteSearch:
    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def find(self, owner: int, query: str, limit: int = 50) -> list[Hit]:
        if not (words := _quoted(query)):
            return []
        mine = [rows.first_id(owner, 0), rows.first_id(owner + 1, 0)]
        with self._readers.lend() as db:
            return [Hit(**row) for row in db.query(FIND, [words, *mine, owner, limit])]


def _quoted(query: str) -> str:
    """Each word a string of FTS5, so that nothing in it is an operator."""
    words = rows.clean(query).replace('"', " ").split()
    return " ".join(f'"{word}"' for word in words)
