"""The SQLite file: what makes it ours, its tables, and how an older one is brought up to date.

A file that is not a Hearth history, or that a newer Hearth made, is refused and left as it is.
"""

import os
import sqlite3
import tempfile
from pathlib import Path

from sqlite_utils import Database

from chatcore.store.sqlite.connections import refused
from chatcore.store.sqlite.migrations import migrations

APPLICATION_ID = 0x48525448  # "HRTH", in the file's header: see `file history.db`


def prepare(path: Path) -> str:
    """Make `path` a history of this version, from nothing or from an older one.

    Returns the name of its newest migration. The caller holds the lock on the file.
    """
    if path.is_symlink() and not path.exists():
        raise refused(
            "The history is a link to a file that is not there: connect its disk,"
            " or set HEARTH_DATABASE to another file.",
            path,
        )
    if not path.exists():
        _put_away_leftovers(path)
        _create(path)
    elif path.stat().st_size == 0:
        raise refused(
            "The file of the history, which the log names, is empty, so it is none: put a backup in"
            " its place (move the -wal and -shm files beside it away, too), or delete it to start"
            " anew.",
            path,
        )
    db = Database(path, execute_plugins=False)
    try:
        _check(db, path)
        if migrations.pending(db):
            _copy_aside(db, path)
            _migrate(db)
        return migrations.applied(db)[-1].name
    finally:
        db.close()


def _put_away_leftovers(path: Path) -> None:
    """What a crash left of a file that is gone would be read into the new one."""
    for end in ("-wal", "-shm"):
        leftover = path.with_name(path.name + end)
        if leftover.exists():
            leftover.replace(leftover.with_name(f"{leftover.name}-of-a-deleted-file"))


def _create(path: Path) -> None:
    """Made under another name and moved into place, so that a crash leaves no half a file."""
    handle, name = tempfile.mkstemp(prefix=path.name, suffix=".new", dir=path.parent)
    os.close(handle)
    db = Database(name, execute_plugins=False)
    try:
        db.execute(f"pragma application_id = {APPLICATION_ID}")
        _migrate(db)
    except BaseException:
        db.close()
        os.unlink(name)
        raise
    db.close()
    os.replace(name, path)


def _check(db: Database, path: Path) -> None:
    (application_id,) = db.execute("pragma application_id").fetchone()
    if application_id != APPLICATION_ID:
        raise refused(
            "The file of the history is a database of another program: set HEARTH_DATABASE to"
            " another file.",
            path,
        )
    if {migration.name for migration in migrations.applied(db)} - _known():
        raise refused(
            "The history was made by a newer version of Hearth: update this one,"
            " or set HEARTH_DATABASE to another file.",
            path,
        )


def _known() -> set[str]:
    with Database(memory=True) as nothing:
        return {migration.name for migration in migrations.pending(nothing)}


def _copy_aside(db: Database, path: Path) -> None:
    folder = path.parent / "backups"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o700)  # it may be from a version that let everybody read it
    copy = folder / f"{path.stem}-before-{migrations.pending(db)[0].name}.db"
    copy.unlink(missing_ok=True)  # left by an earlier attempt that did not get to the end
    copy.touch(0o600)  # SQLite would make it as the umask says
    db.execute("vacuum into ?", [str(copy)])


def _migrate(db: Database) -> None:
    """All pending migrations or none. Foreign keys rest meanwhile: transform() needs it."""
    db.execute("pragma foreign_keys = off")
    db.execute("begin immediate")
    try:
        migrations.apply(db)
        if broken := db.execute("pragma foreign_key_check").fetchall():
            raise sqlite3.IntegrityError(f"foreign keys broken by a migration: {broken[:3]}")
        db.commit()
    except BaseException:
        db.rollback()
        raise
