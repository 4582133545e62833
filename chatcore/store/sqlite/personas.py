"""Personas in SQLite: a row for each, and one for each version with the whole of it as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from chatcore.errors import PersonaNotFound
from chatcore.personas import Persona, stored
from chatcore.store.personas import Kept
from chatcore.store.sqlite import rows
from chatcore.store.sqlite.connections import Readers, Writer
from chatcore.types import InForce

KEPT = """
    select p.id, v.id, p.slug, p.deleted_at is not null, v.body
    from personas p join persona_versions v on v.persona_id = p.id where p.owner_n = ?
"""
LATEST = f"{KEPT} and v.id = (select max(id) from persona_versions where persona_id = p.id)"


class SqlitePersonas:
    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer

    def of(self, owner: int) -> list[Kept]:
        with self._readers.lend() as db:
            sql = f"{LATEST} and p.slug is null and p.deleted_at is null"
            found = [_kept(row) for row in db.execute(sql, [owner])]
        return sorted(found, key=lambda kept: (kept.persona.name.casefold(), kept.id))

    def create(self, owner: int, persona: Persona) -> Kept:
        return self._writer.call(lambda db: _create(db, owner, None, persona))

    def edit(self, owner: int, persona_id: int, persona: Persona) -> Kept:
        def edit(db: Database) -> Kept:
            kept = _one(db, f"{LATEST} and p.id = ? and deleted_at is null", owner, persona_id)
            return kept if kept.persona == persona else _add_version(db, owner, kept.id, persona)

        return self._writer.call(edit)

    def delete(self, owner: int, persona_id: int) -> None:
        self._writer.call(lambda db: _mark_deleted(db, owner, persona_id, rows.now()))

    def restore(self, owner: int, persona_id: int) -> None:
        self._writer.call(lambda db: _mark_deleted(db, owner, persona_id, None))

    def version(self, owner: int, version_id: int) -> Kept:
        with self._readers.lend() as db:
            return _version(db, owner, version_id)

    def built_in(self, owner: int, slug: str, persona: Persona) -> Kept:
        def make(db: Database) -> Kept:
            found = _of_slug(db, owner, slug)
            for kept in found:
                if kept.persona == persona:
                    return kept
            if found:  # as an older Hearth had it
                return _add_version(db, owner, found[0].id, persona)
            return _create(db, owner, slug, persona)

        with self._readers.lend() as db:
            found = [kept for kept in _of_slug(db, owner, slug) if kept.persona == persona]
        return found[0] if found else self._writer.call(make)

    def use(self, owner: int, session_id: str, in_force: InForce | None) -> None:
        def use(db: Database) -> None:
            session = rows.session(db, owner, session_id)
            if in_force is None:
                db.execute("update sessions set persona = null where pk = ?", [session.pk])
            else:
                put_in_force(db, owner, session.pk, in_force)

        self._writer.call(use)

    def export(self, owner: int) -> Iterator[dict[str, Any]]:
        with self._readers.lend() as db:
            found = db.execute(f"{KEPT} order by v.id", [owner]).fetchall()
        for persona_id, version_id, slug, deleted, body in found:
            yield {
                "id": persona_id,
                "version": version_id,
                "built_in": slug,
                "deleted": bool(deleted),
                "persona": json.loads(body),
            }


def _of_slug(db: Database, owner: int, slug: str) -> list[Kept]:
    """More than one, where two owners were joined."""
    return [_kept(row) for row in db.execute(f"{LATEST} and slug = ?", [owner, slug])]


def put_in_force(db: Database, owner: int, session_pk: int, in_force: InForce) -> None:
    """Of a session of the owner's. Raises PersonaNotFound where the version is not theirs."""
    _version(db, owner, in_force.version)
    db.execute(
        "update sessions set persona = ? where pk = ?",
        [rows.clean(json.dumps(asdict(in_force), ensure_ascii=False)), session_pk],
    )


def _create(db: Database, owner: int, slug: str | None, persona: Persona) -> Kept:
    cursor = db.execute(
        "insert into personas(owner_n, slug, created_at, updated_at) values (?1, ?2, ?3, ?3)",
        [owner, slug, rows.now()],
    )
    return _add_version(db, owner, int(cursor.lastrowid or 0), persona)


def _add_version(db: Database, owner: int, persona_id: int, persona: Persona) -> Kept:
    body = rows.clean(json.dumps(persona.as_json(), ensure_ascii=False))
    cursor = db.execute(
        "insert into persona_versions(persona_id, n, body, created_at)"
        " select ?1, count(*) + 1, ?2, ?3 from persona_versions where persona_id = ?1",
        [persona_id, body, rows.now()],
    )
    db.execute("update personas set updated_at = ? where id = ?", [rows.now(), persona_id])
    return _version(db, owner, int(cursor.lastrowid or 0))


def _mark_deleted(db: Database, owner: int, persona_id: int, at: int | None) -> None:
    changed = db.execute(
        "update personas set deleted_at = ? where id = ? and owner_n = ? and slug is null",
        [at, persona_id, owner],
    )
    if not changed.rowcount:
        raise _not_found()


def _version(db: Database, owner: int, version_id: int) -> Kept:
    return _one(db, f"{KEPT} and v.id = ?", owner, version_id)


def _one(db: Database, sql: str, *parameters: Any) -> Kept:
    if row := db.execute(sql, parameters).fetchone():
        return _kept(row)
    raise _not_found()


def _not_found() -> PersonaNotFound:
    return PersonaNotFound("There is no such persona here: it may be deleted.")


def _kept(row: tuple[Any, ...]) -> Kept:
    persona_id, version, slug, deleted, body = row
    return Kept(persona_id, version, slug, bool(deleted), stored(json.loads(body)))
