"""The tables, as each version of Hearth changed them. One that was released is never edited."""

from sqlite_utils import Database, Migrations

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
    """What a link shows, and since when; whose it is, its session says. No version wrote the
    table before."""
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


@migrations()
def m013_personas(db: Database) -> None:
    """A version of a persona is never changed: a chat keeps the one that it began with. `slug`
    names one that came with Hearth. No version wrote the table before, or the column."""
    db.executescript("""
    drop table personas;
    create table personas(
        id integer primary key autoincrement,
        owner_n integer not null references owners(n) on delete cascade,
        slug text,
        created_at integer not null,
        updated_at integer not null,
        deleted_at integer
    ) strict;
    create index personas_owner on personas(owner_n);
    create table persona_versions(
        id integer primary key autoincrement,
        persona_id integer not null references personas(id) on delete cascade,
        n integer not null,
        body text not null,
        created_at integer not null,
        unique(persona_id, n)
    ) strict;
    alter table sessions drop column persona_id;
    alter table sessions add column persona text;
    """)


@migrations()
def m014_share_address(db: Database) -> None:
    """The id that a link was made with, where its session has got another one."""
    db.execute("alter table shares add column address text")


@migrations()
def m015_token_ids(db: Database) -> None:
    """The id of a revoked token is never another's: a page that is out of date would revoke that
    one."""
    db.executescript("""
    create table numbered(
        id integer primary key autoincrement,
        hash text not null unique,
        owner_n integer not null references owners(n) on delete cascade,
        name text not null,
        created_at integer not null,
        last_used_at integer
    ) strict;
    insert into numbered select id, hash, owner_n, name, created_at, last_used_at from tokens;
    drop table tokens;
    alter table numbered rename to tokens;
    create index tokens_owner on tokens(owner_n);
    """)


@migrations()
def m016_lengths(db: Database) -> None:
    """What a message takes is counted anew, by more kinds of pieces, and with its files as they
    are sent."""
    db.executescript("""
    drop table lengths;
    create table lengths(
        message_id integer primary key references messages(id) on delete cascade,
        size text not null
    ) strict;
    """)


@migrations()
def m017_apart(db: Database) -> None:
    """A summary tells of no message that was pinned or left out when it was made: let in again, it
    is sent."""
    db.executescript("""
    alter table messages add column apart integer not null default 0 check (apart in (0, 1));
    update messages set apart = 1 where keep <> '';
    """)
