"""All that an owner has, in SQLite."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from sqlite_utils import Database

from chatcore.options import Compact
from chatcore.store.sqlite.connections import Readers, Writer
from chatcore.store.sqlite.joining import OWNED, refuse_while_streaming, retire, span_of
from chatcore.types import Extent

EXTENT = """
    select (select count(*) from sessions where owner_n = ?1) as chats,
    count(*) as messages, coalesce(sum(length(body) + length(thinking)), 0) as characters,
    (select count(*) from attachments a where a.message_id >= ?2 and a.message_id < ?3) as files,
    (select coalesce(sum(length(bytes)), 0) from attachments a
     where a.message_id >= ?2 and a.message_id < ?3) as file_bytes
    from messages where id >= ?2 and id < ?3
"""
CHATS = """
    select id, title, model, options, persona, cast(leaf_id as text) as leaf_id, created_at,
    updated_at, deleted_at from sessions where owner_n = ? order by created_at, pk
"""
MESSAGE_IDS = """
    select m.id from messages m join sessions s on s.pk = m.session_pk
    where s.owner_n = ? and s.id = ? order by m.id
"""
MESSAGE = """
    select cast(m.id as text) as id, cast(m.parent_id as text) as parent_id, role, state,
    coalesce(d.body, m.body) as content, coalesce(d.thinking, m.thinking) as thinking, model,
    created_at, usage, error, rating, keep
    from messages m left join drafts d on d.message_id = m.id
    where m.id = ? and exists(select 1 from sessions where pk = m.session_pk and owner_n = ?)
"""
SUMMARIES = "select body as content, created_at from summaries where message_id = ? order by id"
PROMPTS = "select name, text, updated_at from prompts where owner_n = ? order by folded"
LINKS = """
    select s.id as chat, h.title, h.thinking, h.created_at, h.pinned_at, h.expires_at,
    h.last_opened_at from shares h join sessions s on s.pk = h.session_pk
    where s.owner_n = ? order by h.created_at, h.rowid
"""
TOKENS = "select name, created_at, last_used_at from tokens where owner_n = ? order by id"


class SqliteBelongings:
    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer

    def extent(self, owner: int) -> Extent:
        with self._readers.lend() as db:
            return Extent(**next(db.query(EXTENT, [owner, *span_of(owner)])))

    def chats(self, owner: int) -> Iterator[dict[str, Any]]:
        return map(_chat, self._all(CHATS, owner))

    def messages(self, owner: int, session_id: str) -> Iterator[dict[str, Any]]:
        with self._readers.lend() as db:
            ids = [row[0] for row in db.execute(MESSAGE_IDS, [owner, session_id])]
        for message_id in ids:
            # A reader for each, so that none is held while the taker is slow.
            with self._readers.lend() as db:
                found = _message(db, owner, message_id)
            yield from found

    def prompts(self, owner: int) -> Iterator[dict[str, Any]]:
        return self._all(PROMPTS, owner)

    def links(self, owner: int) -> Iterator[dict[str, Any]]:
        return (each | {"thinking": bool(each["thinking"])} for each in self._all(LINKS, owner))

    def tokens(self, owner: int) -> Iterator[dict[str, Any]]:
        return self._all(TOKENS, owner)

    def _all(self, sql: str, owner: int) -> Iterator[dict[str, Any]]:
        with self._readers.lend() as db:
            return iter(list(db.query(sql, [owner])))

    def erase(self, owner: int) -> None:
        def erase(db: Database) -> None:
            refuse_while_streaming(db, owner)
            span = span_of(owner)
            db.execute("delete from moved where now_id >= ? and now_id < ?", span)
            # A long chat is a chain of parents, deeper than SQLite deletes along by itself.
            db.execute("update messages set parent_id = null where id >= ? and id < ?", span)
            for table in OWNED:
                db.execute(f"delete from {table} where owner_n = ?", [owner])
            retire(db, owner)

        self._writer.call(erase)


def _chat(row: dict[str, Any]) -> dict[str, Any]:
    options = json.loads(row["options"])
    compact = Compact(options.pop("compact", Compact.NEVER)).name.lower()
    persona = row["persona"] and json.loads(row["persona"])
    return row | {"options": options, "compact": compact, "persona": persona}


def _message(db: Database, owner: int, message_id: int) -> list[dict[str, Any]]:
    """One, or none where it is gone meanwhile."""
    found = list(db.query(MESSAGE, [message_id, owner]))
    for message in found:
        message["usage"] = message["usage"] and json.loads(message["usage"])
        message["summaries"] = list(db.query(SUMMARIES, [message_id]))
        message["files"] = _files(db, message_id)
    return found


def _files(db: Database, message_id: int) -> list[dict[str, str]]:
    found = db.execute(
        "select name, media_type, bytes from attachments where message_id = ? order by id",
        [message_id],
    )
    return [
        {"name": name, "media_type": kind, "data": base64.b64encode(data).decode()}
        for name, kind, data in found
    ]
