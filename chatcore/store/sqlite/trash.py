"""How a session comes out of the trash."""

from sqlite_utils import Database

from chatcore.errors import SessionNotFound

RESTORE = """
    update sessions set deleted_at = null where owner_n = ?1
    and pk = coalesce(?3, (select pk from sessions where owner_n = ?1 and id = ?2)) returning id
"""


def restore(db: Database, owner: int, session_id: str, pk: int | None) -> str:
    for row in db.execute(RESTORE, [owner, session_id, pk]).fetchall():
        return str(row[0])
    raise SessionNotFound("There is no such chat here.")
