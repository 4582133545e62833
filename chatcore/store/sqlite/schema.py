"""The SQLite file: what makes it ours, its tables, and how an older one is brought up to date.

A file that is not a Hearth history, or that a newer Hearth made, is refused and left as it is.
"""

import os
import sqlite3
import tempfile
from pathlib import Path

from sqlite_utils import Database, Migrations

from chatcore.errors import StoreError

APPLICATION_ID = 0x48525448  # "HRTH", in the file's header: see `file history.db`

migrations = Migrations("hearth")


@migrations()
def m001_initial(db: Database) -> None:
    db.executescript("""
    create table owners(n integer primary key, created_at integer not null) strict;
    create table identities(
        key text primary key, owner_n integer not null references owners(n) on delete cascade
    ) strict, without rowid;
    create table sessions(
        pk integer primary key,
        id text not null,
        owner_n integer not null references owners(n) on delete cascade,
        title text not null,
        title_by text not null default 'first words',
        model text not null default '',
        persona_id integer,
        options text not null default '{}',
        leaf_id integer,
        pinned integer not null default 0,
        archived integer not null default 0,
        created_at integer not null,
        updated_at integer not null,
        n_messages integer not null default 0,
        deleted_at integer,
        unique(owner_n, id)
    ) strict;
    create index sessions_list on sessions(
        owner_n, updated_at desc, id, title, model, leaf_id, created_at, n_messages, deleted_at
    ) where deleted_at is null;
    create table messages(
        id integer primary key,
        session_pk integer not null references sessions(pk) on delete cascade,
        parent_id integer references messages(id) on delete cascade,
        role text not null check (role in ('system', 'user', 'assistant')),
        state text not null,
        body text not null default '',
        thinking text not null default '',
        model text not null default '',
        created_at integer not null,
        usage text,
        context text,
        error text,
        rating integer,
        ikey text,
        unique(session_pk, ikey)
    ) strict;
    create index messages_session on messages(session_pk, id);
    create index messages_parent on messages(parent_id);
    create index messages_streaming on messages(state) where state = 'streaming';
    create table drafts(
        message_id integer primary key references messages(id) on delete cascade,
        rev integer not null,
        body text not null,
        thinking text not null,
        updated_at integer not null
    ) strict;
    create table attachments(
        id integer primary key,
        message_id integer not null references messages(id) on delete cascade,
        name text not null,
        media_type text not null,
        sha256 text not null,
        bytes blob not null
    ) strict;
    create index attachments_message on attachments(message_id);
    create table personas(
        id integer primary key,
        owner_n integer not null references owners(n) on delete cascade,
        name text not null,
        version integer not null default 1,
        system text not null default '',
        model text not null default '',
        options text not null default '{}'
    ) strict;
    create table shares(
        key_hash text primary key,
        session_pk integer not null references sessions(pk) on delete cascade,
        leaf_id integer not null,
        expires_at integer
    ) strict;
    create table tokens(
        hash text primary key,
        owner_n integer not null references owners(n) on delete cascade,
        name text not null,
        created_at integer not null,
        last_used_at integer
    ) strict;
    create virtual table messages_fts using fts5(
        body, content='messages', content_rowid='id',
        tokenize='porter unicode61 remove_diacritics 2'
    );
    create trigger messages_fts_insert after insert on messages begin
        insert into messages_fts(rowid, body) values (new.id, new.body);
    end;
    create trigger messages_fts_delete after delete on messages begin
        insert into messages_fts(messages_fts, rowid, body) values ('delete', old.id, old.body);
    end;
    create trigger messages_fts_update after update of body on messages begin
        insert into messages_fts(messages_fts, rowid, body) values ('delete', old.id, old.body);
        insert into messages_fts(rowid, body) values (new.id, new.body);
    end;
    """)


@migrations()
def m002_branches(db: Database) -> None:
    """`child_id`: the path last taken from a message, so a branch comes back as it was left."""
    db.executescript("""
    alter table messages add column child_id integer;
    update messages set child_id =
        (select max(child.id) from messages child where child.parent_id = messages.id);
    create index messages_versions on messages(session_pk, parent_id, id);
    """)


@migrations()
def m003_attachments(db: Database) -> None:
    """What the model reads of a file, and how long it is. No version wrote the table before.

    The bytes come last: SQLite reads through all that stands before a column.
    """
    db.executescript("""
    drop table attachments;
    create table attachments(
        id integer primary key,
        message_id integer not null references messages(id) on delete cascade,
        name text not null,
        media_type text not null,
        sha256 text not null,
        characters integer,
        text text,
        bytes blob not null
    ) strict;
    create index attachments_message on attachments(message_id);
    """)


@migrations()
def m004_next_prompt(db: Database) -> None:
    """A prompt may wait for the reply under way, one per session; replies nobody saw are told."""
    db.executescript("""
    create unique index messages_waiting on messages(session_pk)
        where state in ('waiting', 'held');
    alter table sessions add column unread integer not null default 0;
    drop index sessions_list;
    create index sessions_list on sessions(
        owner_n, updated_at desc, id, title, model, leaf_id, created_at, n_messages, unread,
        deleted_at
    ) where deleted_at is null;
    """)


@migrations()
def m005_copies(db: Database) -> None:
    """`copy_of`: which message a fork copied, so that none is counted twice.

    The index holds all that is counted, so that no text is read for it, however long.
    """
    db.executescript("""
    alter table messages add column copy_of integer;
    create index messages_figures on messages(
        id, session_pk, created_at, role, state, model, rating, usage, copy_of
    );
    """)


@migrations()
def m006_identities(db: Database) -> None:
    """Browsers that share an owner, and what makes them; owners that were joined to another.

    `moved`: where a message is that had another id before its owner was joined. An owner is never
    deleted, only retired: its number must name nobody else, and what comes late must not be lost
    with it.
    """
    db.executescript("""
    alter table identities add column created_at integer not null default 0;
    alter table identities add column last_seen_at integer not null default 0;
    alter table identities add column label text not null default '';
    alter table identities add column handed_on_at integer;
    create index identities_owner on identities(owner_n);
    alter table owners add column retired_at integer;
    create table pairings(
        hash text primary key,
        owner_n integer not null references owners(n) on delete cascade,
        expires_at integer not null,
        used_at integer
    ) strict, without rowid;
    create table moved(id integer primary key, now_id integer not null) strict;
    create index moved_now on moved(now_id);
    create trigger sessions_of_the_retired before insert on sessions
        when (select retired_at from owners where n = new.owner_n) is not null
    begin
        select raise(abort, 'these chats were joined with others: reload the page');
    end;
    """)


@migrations()
def m007_shares(db: Database) -> None:
    """What a link shows, and since when. No version wrote the table before."""
    db.executescript("""
    drop table shares;
    create table shares(
        key_hash text primary key,
        session_pk integer not null references sessions(pk) on delete cascade,
        thinking integer not null,
        created_at integer not null,
        expires_at integer,
        last_opened_at integer,
        pinned_at integer not null,
        title text not null,
        leaf_id integer not null,
        length integer not null,
        thinking_length integer not null
    ) strict;
    create index shares_session on shares(session_pk);
    """)


@migrations()
def m008_tokens(db: Database) -> None:
    """An id, to revoke a token by. No version wrote the table before."""
    db.executescript("""
    drop table tokens;
    create table tokens(
        id integer primary key,
        hash text not null unique,
        owner_n integer not null references owners(n) on delete cascade,
        name text not null,
        created_at integer not null,
        last_used_at integer
    ) strict;
    create index tokens_owner on tokens(owner_n);
    """)


@migrations()
def m009_memory(db: Database) -> None:
    """`keep`: whether a message is pinned or left out. The counts of a model's requests are found
    by their index. A summary is never changed: what a reply saw of it stays true. The words of a
    text are counted when they are first wanted, and again when it has changed."""
    db.executescript("""
    alter table messages add column keep text not null default ''
        check (keep in ('', 'pinned', 'left_out'));
    create index messages_counted on messages(model, id) where context is not null;
    create table summaries(
        id integer primary key autoincrement,
        message_id integer not null references messages(id) on delete cascade,
        body text not null,
        created_at integer not null
    ) strict;
    create index summaries_message on summaries(message_id);
    create table lengths(
        message_id integer primary key references messages(id) on delete cascade,
        words integer not null,
        extra integer not null
    ) strict;
    create trigger lengths_update after update of body on messages begin
        delete from lengths where message_id = old.id;
    end;
    """)


@migrations()
def m010_share_address(db: Database) -> None:
    """The id that a link was made with, where its session has got another one."""
    db.execute("alter table shares add column address text")


@migrations()
def m012_prompts(db: Database) -> None:
    """Saved prompts; one saved for an owner who was joined is refused, or it would be lost."""
    db.executescript("""
    create table prompts(
        id integer primary key autoincrement,
        owner_n integer not null references owners(n) on delete cascade,
        name text not null,
        folded text not null,
        text text not null,
        updated_at integer not null,
        unique(owner_n, folded)
    ) strict;
    create trigger prompts_of_the_retired before insert on prompts
        when (select retired_at from owners where n = new.owner_n) is not null
    begin
        select raise(abort, 'these prompts were joined with others: reload the page');
    end;
    """)


def prepare(path: Path) -> str:
    """Make `path` a history of this version, from nothing or from an older one.

    Returns the name of its newest migration. The caller holds the lock on the file.
    """
    if path.is_symlink() and not path.exists():
        raise StoreError(
            f"{path} points to {path.readlink()}, which is not there: connect its disk,"
            " or set HEARTH_DATABASE to another file."
        )
    if not path.exists():
        _put_away_leftovers(path)
        _create(path)
    elif path.stat().st_size == 0:
        raise StoreError(
            f"{path} is empty, so it is not a Hearth history: put a backup in its place"
            " (move the -wal and -shm files beside it away, too), or delete it to start anew."
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
        raise StoreError(
            f"{path} is a database of another program: set HEARTH_DATABASE to a file of its own."
        )
    if {migration.name for migration in migrations.applied(db)} - _known():
        raise StoreError(
            f"{path} was made by a newer version of Hearth: update this one,"
            " or set HEARTH_DATABASE to another file."
        )


def _known() -> set[str]:
    with Database(memory=True) as nothing:
        return {migration.name for migration in migrations.pending(nothing)}


def _copy_aside(db: Database, path: Path) -> None:
    folder = path.parent / "backups"
    folder.mkdir(exist_ok=True)
    copy = folder / f"{path.stem}-before-{migrations.pending(db)[0].name}.db"
    copy.unlink(missing_ok=True)  # left by an earlier attempt that did not get to the end
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
