"""The SQLite side of what models see: the contract is MemoryStore."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from sqlite_utils import Database

from chatcore import wire
from chatcore.counting import size
from chatcore.errors import MessageNotFound
from chatcore.options import Choice, Compact, Options
from chatcore.store.sqlite import rows
from chatcore.store.sqlite.connections import Readers, Writer
from chatcore.types import Build, Keep, Part, Sample, Seen, Size, Summary

# The text is read where it was not counted yet.
PARTS = f"""
    {rows.BRANCH}
    select m.id, m.role, m.keep, m.apart, l.size, case when l.size is null then m.body end,
    case when l.size is null then
    (select json_group_array(json_array(a.id, a.name, a.text)) from attachments a
     where a.message_id = m.id) end
    from branch join messages m using (id) left join lengths l on l.message_id = m.id
    where m.body <> '' or exists (select 1 from attachments a where a.message_id = m.id)
    order by branch.depth desc
"""
# A reply under way is counted again when it has ended. A message may be gone by now.
COUNTED = """
    insert or ignore into lengths(message_id, size)
    select id, ? from messages where id = ? and state <> 'streaming'
"""
# Those that the server refused, too; not those that it cut, nor those whose pieces were told apart
# otherwise.
SAMPLES = """
    select json_extract(context, '$.size'), json_extract(usage, '$.prompt_eval_count'),
    coalesce(json_extract(context, '$.bare'),
    coalesce(json_extract(context, '$.persona'), json_extract(context, '$.summary')) is null),
    json_extract(context, '$.refused')
    from messages indexed by messages_counted
    where model = ? and id >= ? and id < ? and context is not null
    and json_extract(usage, '$.prompt_eval_count') > 0
    and json_extract(usage, '$.prompt_eval_count') >= json_extract(context, '$.least')
    and json_array_length(context, '$.size') = ? order by id desc limit ?
"""
TOLD = f"""
    {rows.BRANCH} update messages set apart = 0
    where id in (select id from branch) and id <= ? and keep = ''
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
            db.execute(
                "update messages set keep = ?1, apart = apart or ?1 <> '' where id = ?2",
                [keep, message_id],
            )

        self._writer.call(change)

    def choose_options(self, owner: int, session_id: str, options: Options) -> None:
        self._choose(owner, session_id, lambda old: replace(old, options=options))

    def choose_compact(self, owner: int, session_id: str, compact: Compact) -> None:
        self._choose(owner, session_id, lambda old: replace(old, compact=compact))

    def summarise(
        self, owner: int, message_id: int, body: str, told_to: int | None = None
    ) -> Summary:
        def insert(db: Database) -> Summary:
            rows.message(db, owner, message_id)
            db.execute(TOLD, [message_id, told_to])
            return rows.insert_summary(db, message_id, rows.clean(body))

        return self._writer.call(insert)

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
            found = db.execute(PARTS, [leaf]).fetchall()
        # All at once, since a long chat has hundreds.
        counted = json.loads(f"[{','.join(row[4] or 'null' for row in found)}]")
        parts = list(map(_part, found, counted))
        if new := [part for part, row in zip(parts, found, strict=True) if row[4] is None]:
            self._writer.note("how long messages are", partial(_keep_lengths, new))
        return parts

    def samples(self, owner: int, model: str, limit: int = 40) -> list[Sample]:
        mine = [rows.first_id(owner, 0), rows.first_id(owner + 1, 0)]
        with self._readers.lend() as db:
            found = db.execute(SAMPLES, [model, *mine, len(Size._fields), limit]).fetchall()
        answered = [rows.sample(json.loads(size), *rest) for size, *rest, _ in found]
        return answered + [rows.sample(*json.loads(refused)) for *_, refused in found if refused]

    def saw(self, owner: int, message_id: int, seen: Seen) -> None:
        def save(db: Database) -> None:
            db.execute(
                "update messages set context = ? where id = ? and state = 'streaming'"
                " and session_pk in (select pk from sessions where owner_n = ?)",
                [rows.from_seen(seen), message_id, owner],
            )

        self._writer.note("what a reply saw", save)

    def built(self, owner: int, message_id: int, seen: Seen, build: Build) -> None:
        known = replace(seen, build=build)

        def save(db: Database) -> None:
            db.execute(
                "update messages set context = ? where id = ? and context = ?"
                " and session_pk in (select pk from sessions where owner_n = ?)",
                [rows.from_seen(known), message_id, rows.from_seen(seen), owner],
            )

        self._writer.note("which model it was", save)

    def _choose(self, owner: int, session_id: str, changed: Callable[[Choice], Choice]) -> None:
        def change(db: Database) -> None:
            session = rows.session(db, owner, session_id)
            db.execute(
                "update sessions set options = ? where pk = ?",
                [rows.from_choice(changed(session.choice)), session.pk],
            )

        self._writer.call(change)


def _part(row: tuple[Any, ...], counted: list[int] | None) -> Part:
    message_id, role, keep, apart, _, body, files = row
    if counted is not None:
        return Part(message_id, role, Size(*counted), keep, bool(apart))
    told = [(name, text) for _, name, text in sorted(json.loads(files))]
    images = sum(text is None for _, text in told)
    # A model that sees is not told of an image, which takes far more than that.
    return Part(message_id, role, size(wire.content(body, told), images), keep, bool(apart))


def _keep_lengths(parts: list[Part], db: Database) -> None:
    db.conn.executemany(COUNTED, [(json.dumps(part.size), part.id) for part in parts])
