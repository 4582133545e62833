"""Rows and the values made of them: the SQL that several store methods share.

Every function works inside the transaction of the connection it is given.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from sqlite_utils import Database

from chatcore.clock import now as now
from chatcore.errors import AlreadyGenerating, MessageNotFound, SessionNotFound, TooBusy
from chatcore.options import BY_DEFAULT, Choice, Compact, kept
from chatcore.types import (
    Attachment,
    Build,
    InForce,
    Message,
    Role,
    Sample,
    Seen,
    Session,
    Size,
    State,
    Summary,
    Turn,
    Usage,
)

YEAR_2000 = 946_684_800_000

SESSION = "pk, id, title, model, leaf_id, created_at, updated_at, n_messages, unread"
# A message outside the tree: a prompt that waits, or is held while it is changed.
WAITS = "state in ('waiting', 'held')"
IN_TREE = "state not in ('waiting', 'held')"
# The ids from a message, ?1, to the first one, and how far each is from it.
BRANCH = """
    with recursive branch(id, depth) as (select ?1, 0 union all
    select m.parent_id, depth + 1 from branch join messages m using (id)
    where m.parent_id is not null)
"""
# Not in the index that the sidebar's list is read from.
WHOLE_SESSION = f"{SESSION}, options, persona"
MESSAGE = f"""
    m.id, m.session_pk, m.parent_id, m.role, m.state, coalesce(d.body, m.body) as body,
    coalesce(d.thinking, m.thinking) as thinking, m.model, m.created_at, m.usage, m.error, m.rating,
    m.keep, m.context as seen,
    (select json_group_array(v.id) from messages v
     where v.session_pk = m.session_pk and v.parent_id is m.parent_id
     and v.{IN_TREE}) as versions,
    (select json_group_array(json_array(a.id, a.name, a.media_type, length(a.bytes), a.characters))
     from attachments a where a.message_id = m.id) as attachments
"""
FILE = "a.name, a.media_type, a.bytes as data, a.text"
CONTENT = "coalesce(a.text, a.bytes) as content"


def clean(text: str) -> str:
    """Text that every backend can hold: no NUL, no lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def from_usage(usage: Usage | None) -> str | None:
    return None if usage is None else json.dumps(asdict(usage))


def from_seen(seen: Seen) -> str:
    return json.dumps(asdict(seen))


def to_seen(context: str) -> Seen:
    kept = {name: value for name, value in json.loads(context).items() if name in Seen.__slots__}
    kept |= {"before": tuple(kept["before"]), "without": tuple(kept["without"])}
    if refused := kept.get("refused"):
        kept["refused"] = sample(*refused)
    return Seen(**kept | {"size": Size(*kept["size"]), "build": Build(*kept.get("build", ()))})


def sample(size: list[int], tokens: int, bare: int) -> Sample:
    return Sample(Size(*size), tokens, bool(bare))


def owner(db: Database, key: str) -> int | None:
    found = db.execute("select owner_n from identities where key = ?", [key]).fetchone()
    return None if found is None else int(found[0])


def make_owner(db: Database, key: str) -> int:
    if (known := owner(db, key)) is not None:
        return known
    made = db.execute("insert into owners(created_at) values (?)", [now()]).lastrowid
    db.execute(
        "insert into identities(key, owner_n, created_at, last_seen_at) values (?1, ?2, ?3, ?3)",
        [key, made, now()],
    )
    return int(made or 0)


def from_choice(choice: Choice) -> str:
    return json.dumps(choice.options.set() | {"compact": choice.compact})


def _session(row: dict[str, Any]) -> Session:
    options, persona = json.loads(row.pop("options")), row.pop("persona")
    compact = Compact(options.pop("compact", 0))
    in_force = persona and InForce(**json.loads(persona))
    return Session(**row, choice=Choice(kept(options), compact), persona=in_force)


def session(db: Database, owner: int, session_id: str) -> Session:
    rows = db.query(
        f"select {WHOLE_SESSION} from sessions where owner_n = ? and id = ? and deleted_at is null",
        [owner, session_id],
    )
    if row := next(rows, None):
        return _session(row)
    raise SessionNotFound("There is no such chat here.")


def session_of(db: Database, owner: int, message_id: int) -> Session:
    """The session a message belongs to. Raises MessageNotFound for one in the trash, too, and
    for a prompt that waits: it is not part of the tree yet."""
    rows = db.query(
        f"select {WHOLE_SESSION} from sessions where owner_n = ? and deleted_at is null"
        " and pk = (select session_pk from messages where id = ?"
        f" and {IN_TREE})",
        [owner, message_id],
    )
    if row := next(rows, None):
        return _session(row)
    raise MessageNotFound("There is no such message here.")


def make_session(
    db: Database,
    owner: int,
    title: str,
    model: str,
    choice: Choice = BY_DEFAULT,
    session_id: str | None = None,
) -> Session:
    """One in the trash gives its id up to it."""
    session_id, at = session_id or secrets.token_urlsafe(16), now()
    db.execute(
        "update sessions set id = ? where owner_n = ? and id = ? and deleted_at is not null",
        [secrets.token_urlsafe(16), owner, session_id],
    )
    db.execute(
        "insert into sessions(id, owner_n, title, model, options, created_at, updated_at)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        [session_id, owner, title, model, from_choice(choice), at, at],
    )
    return session(db, owner, session_id)


def make_session_like(db: Database, owner: int, source: Session) -> Session:
    """Empty, with all that was chosen for the other."""
    made = make_session(db, owner, source.title, source.model, source.choice)
    sql = "update sessions set persona = (select persona from sessions where pk = ?) where pk = ?"
    db.execute(sql, [source.pk, made.pk])
    return made


def name_empty(db: Database, session_pk: int, title: str) -> None:
    """A session that waits for its first message, unless a person or a model has named it."""
    db.execute(
        "update sessions set title = ? where pk = ? and leaf_id is null"
        " and title_by = 'first words'",
        [title, session_pk],
    )


def insert(
    db: Database,
    owner: int,
    session_pk: int,
    parent_id: int | None,
    role: Role,
    body: str = "",
    model: str = "",
) -> int:
    """A message, made the one that its parent leads to; a reply begins `streaming`."""
    state: State = "streaming" if role == "assistant" else "done"
    message_id = insert_alone(db, owner, session_pk, role, state, body, model)
    add_to_tree(db, session_pk, message_id, parent_id)
    return message_id


def insert_alone(
    db: Database, owner: int, session_pk: int, role: Role, state: State, body: str, model: str
) -> int:
    message_id = free_id(db, owner)
    db.execute(
        "insert into messages"
        "(id, session_pk, role, state, body, model, created_at)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        [message_id, session_pk, role, state, body, model, now()],
    )
    return message_id


def add_to_tree(db: Database, session_pk: int, message_id: int, parent_id: int | None) -> None:
    """Below its parent, as the one that this leads to."""
    db.execute("update messages set parent_id = ? where id = ?", [parent_id, message_id])
    db.execute("update messages set child_id = ? where id = ?", [message_id, parent_id])
    db.execute("update sessions set n_messages = n_messages + 1 where pk = ?", [session_pk])


def waiting(db: Database, session_pk: int) -> Message | None:
    """The prompt that waits for the session's reply under way to end."""
    rows = db.query(
        f"select {MESSAGE} from messages m left join drafts d on d.message_id = m.id"
        f" where m.session_pk = ? and m.{WAITS}",
        [session_pk],
    )
    return next(map(from_row, rows), None)


def free_id(db: Database, owner: int) -> int:
    message_id = first_id(owner, now())
    while db.execute("select 1 from messages where id = ?", [message_id]).fetchone():
        message_id += 1
    return message_id


def first_id(owner: int, at: int) -> int:
    """The first id of the owner's messages of that time."""
    return owner << 41 | max(0, at - YEAR_2000)  # a board without a clock starts in 1970


def move_leaf(db: Database, session_pk: int, leaf_id: int, model: str | None = None) -> None:
    db.execute(
        "update sessions set leaf_id = ?, model = coalesce(?, model), updated_at = ? where pk = ?",
        [leaf_id, model, now(), session_pk],
    )


def refuse_while_streaming(db: Database, session_pk: int) -> None:
    streaming = db.execute(
        "select 1 from messages where state = 'streaming' and session_pk = ?", [session_pk]
    ).fetchone()
    if streaming:
        raise AlreadyGenerating("This chat is still answering: try again when the reply is there.")


def refuse_while_waiting(db: Database, session_pk: int) -> None:
    """What was sent first is to be answered first, or taken back."""
    if waiting(db, session_pk):
        raise TooBusy(
            "Another prompt of this chat is not sent yet: send or remove that one, then this."
        )


def turn(db: Database, owner: int, session_id: str, prompt_id: int, reply_id: int) -> Turn:
    return Turn(
        session(db, owner, session_id),
        message(db, owner, prompt_id),
        message(db, owner, reply_id),
    )


def message(db: Database, owner: int, message_id: int) -> Message:
    rows = db.query(
        f"select {MESSAGE} from messages m join sessions s on s.pk = m.session_pk"
        " left join drafts d on d.message_id = m.id"
        " where m.id = ? and s.owner_n = ?",
        [message_id, owner],
    )
    if row := next(rows, None):
        return from_row(row)
    raise MessageNotFound("There is no such message here.")


def branch(
    db: Database, leaf_id: int | None, last: int | None = None, first: int | None = None
) -> list[Message]:
    """The messages down to this one, or the `last` so many of them, or from the `first` on."""
    rows = db.query(
        "with recursive branch(id, depth) as (select ?1, 0 union all"
        " select m.parent_id, depth + 1 from branch join messages m using (id)"
        " where m.parent_id is not null and (?2 is null or depth + 1 < ?2)"
        " and (?3 is null or m.id <> ?3))"
        f" select {MESSAGE} from branch join messages m using (id)"
        " left join drafts d on d.message_id = m.id order by depth desc",
        [leaf_id, last, first],
    )
    return [from_row(row) for row in rows]


def tree(db: Database, session_pk: int) -> list[Message]:
    rows = db.query(
        f"select {MESSAGE} from messages m left join drafts d on d.message_id = m.id"
        f" where m.session_pk = ? and m.{IN_TREE} order by m.id",
        [session_pk],
    )
    return [from_row(row) for row in rows]


def summary(db: Database, leaf_id: int) -> Summary | None:
    rows = db.query(
        f"{BRANCH} select s.id, s.message_id, s.body"
        " from branch join summaries s on s.message_id = branch.id"
        " order by s.id desc limit 1",
        [leaf_id],
    )
    return next((Summary(**row) for row in rows), None)


def insert_summary(db: Database, message_id: int, body: str) -> Summary:
    cursor = db.execute(
        "insert into summaries(message_id, body, created_at) values (?, ?, ?)",
        [message_id, body, now()],
    )
    return Summary(int(cursor.lastrowid or 0), message_id, body)


def leaf_below(db: Database, message_id: int) -> int:
    """The end of the path that was last taken from a message."""
    rows = db.execute(
        "with recursive path(id, depth) as (select ?, 0 union all"
        " select m.child_id, depth + 1 from path join messages m using (id)"
        " where m.child_id is not null)"
        " select id from path order by depth desc limit 1",
        [message_id],
    )
    return int(rows.fetchone()[0])


def copy_branch(db: Database, owner: int, source: list[Message], session_pk: int) -> int | None:
    """Copies of messages as one line of another session; the id of the last."""
    parent: int | None = None
    copies: dict[int, int] = {}
    for original in source:
        copy = insert(db, owner, session_pk, parent, original.role)
        db.execute(
            "update messages set"
            " (state, body, thinking, model, usage, context, error, rating, keep, apart, copy_of) ="
            " (select state, body, thinking, model, usage, ?, error, rating, keep, apart, id"
            "  from messages where id = ?) where id = ?",
            [original.seen and from_seen(renumbered(original.seen, copies)), original.id, copy],
        )
        copy_attachments(db, original.id, copy)
        copies[original.id] = copy
        parent = copy
    if source and (latest := summary(db, source[-1].id)):
        insert_summary(db, copies[latest.message_id], latest.body)
    return parent


def renumbered(seen: Seen, ids: Mapping[int, int]) -> Seen:
    """What a reply saw, of the same messages under other ids."""
    return replace(
        seen,
        first=ids.get(seen.first, seen.first),
        before=tuple(ids.get(n, n) for n in seen.before),
        without=tuple(ids.get(n, n) for n in seen.without),
    )


def copy_attachments(db: Database, message_id: int, to: int) -> None:
    db.execute(
        "insert into attachments(message_id, name, media_type, sha256, characters, text, bytes)"
        " select ?, name, media_type, sha256, characters, text, bytes from attachments"
        " where message_id = ? order by id",
        [to, message_id],
    )


def from_row(row: dict[str, Any]) -> Message:
    usage, versions = row.pop("usage"), sorted(json.loads(row.pop("versions")))
    seen = row.pop("seen")
    attachments = sorted(json.loads(row.pop("attachments")))
    return Message(
        **row,
        usage=usage and Usage(**json.loads(usage)),
        seen=seen and to_seen(seen),
        versions=tuple(versions),
        attachments=tuple(Attachment(*columns) for columns in attachments),
    )
