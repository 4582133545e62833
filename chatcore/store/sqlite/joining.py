"""Two owners become one: every row of the one is the other's, under ids of the other's.

A message's id holds its owner's number, so the messages are renumbered, and all that points to one;
where only one of them has messages, it is the one that stays.
"""

import secrets
from collections.abc import Mapping

from sqlite_utils import Database

from chatcore.clock import now
from chatcore.errors import AlreadyGenerating
from chatcore.store.sqlite import prompts
from chatcore.store.sqlite.rows import YEAR_2000, first_id, from_seen, renumbered, to_seen

# The tables that name an owner, and the columns outside messages that name a message.
OWNED = ("sessions", "personas", "tokens", "prompts", "identities", "pairings")
POINTERS = (
    ("sessions", "leaf_id"),
    ("drafts", "message_id"),
    ("attachments", "message_id"),
    ("shares", "leaf_id"),
    ("moved", "now_id"),
    ("summaries", "message_id"),
)
# The body is named so that the index of words moves along, and lengths are counted anew.
RENUMBERED = "body = body, " + ", ".join(
    f"{column} = coalesce("
    f"(select now_id from moved where moved.id = messages.{column}), messages.{column})"
    for column in ("id", "parent_id", "child_id", "copy_of")
)


def has_rows(db: Database, owner: int) -> bool:
    """Whether joining would move anything but identities."""
    found = db.execute(
        "select exists(select 1 from sessions where owner_n = ?1)"
        " or exists(select 1 from personas where owner_n = ?1)"
        " or exists(select 1 from tokens where owner_n = ?1)"
        " or exists(select 1 from prompts where owner_n = ?1)",
        [owner],
    )
    return bool(found.fetchone()[0])


def join(db: Database, source: int, target: int) -> int:
    """Which of the two it is from now on: the target, unless only the source has messages.

    Raises AlreadyGenerating while a reply is under way that would be renumbered.
    """
    if _has_messages(db, source) and not _has_messages(db, target):
        source, target = target, source
    refuse_while_streaming(db, source)
    _rename_twins(db, source, target)
    prompts.rename_twins(db, source, target)
    # A message and those that point to it change one after the other.
    db.execute("pragma defer_foreign_keys = on")
    span = span_of(source)
    moves = _new_ids(db, span, target)
    db.conn.executemany("insert into moved(id, now_id) values (?, ?)", moves)
    _renumber_what_was_seen(db, span, dict(moves))
    db.execute(f"update messages set {RENUMBERED} where id >= ? and id < ?", span)
    for table, column in POINTERS:
        db.execute(
            f"update {table} set {column} ="
            f" (select now_id from moved m where m.id = {table}.{column})"
            f" where {column} >= ? and {column} < ?",
            span,
        )
    for table in OWNED:
        db.execute(f"update {table} set owner_n = ? where owner_n = ?", [target, source])
    retire(db, source)
    return target


def _has_messages(db: Database, owner: int) -> bool:
    sql = "select 1 from messages where id >= ? and id < ?"
    return db.execute(sql, span_of(owner)).fetchone() is not None


def _renumber_what_was_seen(db: Database, span: list[int], ids: Mapping[int, int]) -> None:
    found = db.execute(
        "select id, context from messages where context is not null and id >= ? and id < ?", span
    )
    for message_id, context in found.fetchall():
        seen = from_seen(renumbered(to_seen(context), ids))
        db.execute("update messages set context = ? where id = ?", [seen, message_id])


def retire(db: Database, owner: int) -> None:
    db.execute("update owners set retired_at = ? where n = ?", [now(), owner])


def span_of(owner: int) -> list[int]:
    """The ids of the owner's messages: from the one, up to and without the other."""
    return [first_id(owner, YEAR_2000), first_id(owner + 1, YEAR_2000)]


def refuse_while_streaming(db: Database, owner: int) -> None:
    streaming = db.execute(
        "select 1 from messages where state = 'streaming'"
        " and session_pk in (select pk from sessions where owner_n = ?)",
        [owner],
    ).fetchone()
    if streaming:
        raise AlreadyGenerating(
            "One of these chats is still answering: try again when the reply is there."
        )


def _rename_twins(db: Database, source: int, target: int) -> None:
    """Addresses that both owners have: those of the source change. Links keep theirs."""
    twins = db.execute(
        "select pk, id from sessions where owner_n = ?"
        " and id in (select id from sessions where owner_n = ?)",
        [source, target],
    )
    for pk, address in twins.fetchall():
        db.execute(
            "update shares set address = coalesce(address, ?) where session_pk = ?", [address, pk]
        )
        db.execute("update sessions set id = ? where pk = ?", [secrets.token_urlsafe(16), pk])


def _new_ids(db: Database, span: list[int], target: int) -> list[tuple[int, int]]:
    """Each message keeps its time, or takes the next free one, and their order stays."""
    taken = {
        int(row[0])
        for row in db.execute("select id from messages where id >= ? and id < ?", span_of(target))
    }
    moves, last = [], 0
    for (old,) in db.execute("select id from messages where id >= ? and id < ? order by id", span):
        new = max(old - span[0] + first_id(target, YEAR_2000), last + 1)
        while new in taken:
            new += 1
        moves.append((old, new))
        last = new
    return moves
