"""The SQLite side of what models see: the contract is MemoryStore."""

import json
import logging
from concurrent.futures import Future
from typing import Any

from sqlite_utils import Database

from chatcore.errors import MessageNotFound
from chatcore.store.sqlite import rows
from chatcore.store.sqlite.connections import Readers, Writer
from chatcore.types import Keep, Part, Sample, Seen, Size, Summary

log = logging.getLogger(__name__)

# Lengths, since no text need be read into Python to be counted.
PARTS = """
    with recursive branch(id, depth) as (select ?, 0 union all
    select m.parent_id, depth + 1 from branch join messages m using (id)
    where m.parent_id is not null)
    select m.id, m.role, m.keep,
    length(m.body) + coalesce(sum(length(a.text)), 0),
    length(cast(m.body as blob)) + coalesce(sum(length(cast(a.text as blob))), 0),
    count(a.id) - count(a.text)
    from branch join messages m using (id) left join attachments a on a.message_id = m.id
    group by branch.depth having m.body <> '' or count(a.id) order by branch.depth desc
"""
SAMPLES = """
    select json_extract(context, '$.size'), json_extract(usage, '$.prompt_eval_count')
    from messages indexed by messages_counted
    where model = ? and id >= ? and id < ? and context is not null
    and json_extract(usage, '$.prompt_eval_count') > 0 order by id desc limit ?
"""
SUMMARY_TEXT = """
    select summaries.body from summaries join messages m on m.id = message_id
    join sessions s on s.pk = m.session_pk where summaries.id = ? and s.owner_n = ?
"""


class SqliteMemory:
    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer

    def keep(self, owner: int, message_id: int, keep: Keep) -> None:
        def change(db: Database) -> None:
            rows.session_of(db, owner, message_id)
            db.execute("update messages set keep = ? where id = ?", [keep, message_id])

        self._writer.call(change)

    def choose_num_ctx(self, owner: int, session_id: str, num_ctx: int | None) -> None:
        self._choose(owner, session_id, "$.num_ctx", num_ctx)

    def choose_compact(self, owner: int, session_id: str, compact: bool) -> None:
        self._choose(owner, session_id, "$.compact", int(compact))

    def summarise(self, owner: int, message_id: int, body: str) -> Summary:
        def insert(db: Database) -> Summary:
            rows.message(db, owner, message_id)
            return rows.insert_summary(db, message_id, rows.clean(body))

        summary: Summary = self._writer.call(insert)
        return summary

    def summary(self, owner: int, message_id: int | None) -> Summary | None:
        if message_id is None:
            return None
        with self._readers.lend() as db:
            return rows.summary(db, rows.message(db, owner, message_id).id)

    def summary_text(self, owner: int, summary_id: int) -> str:
        with self._readers.lend() as db:
            found = db.execute(SUMMARY_TEXT, [summary_id, owner]).fetchone()
        if found is None:
            raise MessageNotFound("There is no such summary here.")
        return str(found[0])

    def parts(self, owner: int, message_id: int | None) -> list[Part]:
        if message_id is None:
            return []
        with self._readers.lend() as db:
            leaf = rows.message(db, owner, message_id).id
            return [_part(row) for row in db.execute(PARTS, [leaf])]

    def samples(self, owner: int, model: str, limit: int = 40) -> list[Sample]:
        mine = [rows.first_id(owner, 0), rows.first_id(owner + 1, 0)]
        with self._readers.lend() as db:
            found = db.execute(SAMPLES, [model, *mine, limit]).fetchall()
        return [Sample(Size(*json.loads(size)), tokens) for size, tokens in found]

    def saw(self, owner: int, message_id: int, seen: Seen) -> None:
        def save(db: Database) -> None:
            db.execute(
                "update messages set context = ? where id = ? and state = 'streaming'"
                " and session_pk in (select pk from sessions where owner_n = ?)",
                [rows.from_seen(seen), message_id, owner],
            )

        self._writer.submit(save).add_done_callback(_log_failure)

    def _choose(self, owner: int, session_id: str, option: str, value: int | None) -> None:
        def change(db: Database) -> None:
            db.execute(
                "update sessions set options = json_set(options, ?, ?) where pk = ?",
                [option, value, rows.session(db, owner, session_id).pk],
            )

        self._writer.call(change)


def _part(row: tuple[Any, ...]) -> Part:
    message_id, role, keep, characters, n_bytes, images = row
    return Part(message_id, role, Size(1, characters, n_bytes - characters, images), keep)


def _log_failure(saved: "Future[None]") -> None:
    if error := saved.exception():
        log.warning("what a reply saw was not saved: %s", error)
