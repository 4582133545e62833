"""Who has chats in a file, read beside the Hearth that may have it open."""

import sqlite3
from pathlib import Path

from sqlite_utils import Database

from chatcore.store.sqlite.connections import refused, translated
from chatcore.types import Owner

OWNERS = """
    select owner_n as n, count(*) as chats, max(updated_at) as updated_at,
    (select count(*) from identities i where i.owner_n = s.owner_n) as browsers
    from sessions s where deleted_at is null group by owner_n order by max(updated_at) desc
"""


def owners_in(path: Path) -> list[Owner]:
    if not path.exists():
        raise refused("There is no history yet: start Hearth once, or set HEARTH_DATABASE.", path)
    with translated(path):
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)
        db = Database(connection, execute_plugins=False)
        try:
            return [Owner(**row) for row in db.query(OWNERS)]
        finally:
            db.close()
