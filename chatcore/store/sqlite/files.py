"""The files of messages: kept with them, and read again by their owner."""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from chatcore.errors import MessageNotFound
from chatcore.store.sqlite import rows
from chatcore.types import File


def attach(db: Database, message_id: int, files: Sequence[File]) -> None:
    for file in files:
        text = None if file.text is None else rows.clean(file.text)
        db.execute(
            "insert into attachments(message_id, name, media_type, sha256, characters, text, bytes)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            [
                message_id,
                rows.clean(file.name),
                file.media_type,
                hashlib.sha256(file.data).hexdigest(),
                None if text is None else len(text),
                text,
                file.data,
            ],
        )


def attached(db: Database, owner: int, attachment_id: int, columns: str) -> dict[str, Any]:
    found = db.query(
        f"select {columns} from attachments a"
        " join messages m on m.id = a.message_id join sessions s on s.pk = m.session_pk"
        " where a.id = ? and s.owner_n = ?",
        [attachment_id, owner],
    )
    if row := next(found, None):
        return row
    raise MessageNotFound("There is no such file here.")
