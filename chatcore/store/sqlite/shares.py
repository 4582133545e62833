"""Links to chats in SQLite. The length of the last message is kept, since a reply can go on."""

from dataclasses import replace
from typing import Any

from sqlite_utils import Database

from chatcore.errors import MessageNotFound, SessionNotFound, ShareNotFound
from chatcore.sharing import Share, SharedChat, SharedMessage
from chatcore.store.sqlite import rows
from chatcore.store.sqlite.connections import Readers, Writer
from chatcore.types import File, Message, Session

OPENED_EVERY = 60_000  # ms between two notes that a link was opened: whoever reads must not write
PIN = "s.title, m.id, length(m.body), length(m.thinking)"
SHARE = """
    h.key_hash, s.id as session_id, h.title, h.thinking, h.created_at, h.pinned_at, h.expires_at,
    h.last_opened_at, coalesce((h.title, h.leaf_id, h.length) =
    (select s.title, m.id, length(m.body) from messages m where m.id = s.leaf_id), 0) as current
"""
ATTACHED = "from attachments a where a.id = ?2 and a.message_id in (select id from branch)"


class SqliteShares:
    """The Shares contract over the table `shares`."""

    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer

    def create(
        self,
        owner: int,
        session_id: str,
        key_hash: str,
        expires_at: int | None = None,
        thinking: bool = False,
    ) -> Share:
        def create(db: Database) -> Share:
            session = _finished(db, rows.session(db, owner, session_id))
            now = rows.now()
            db.execute(
                "insert into shares(key_hash, session_pk, thinking, created_at, expires_at,"
                " pinned_at, title, leaf_id, length, thinking_length)"
                f" select ?, s.pk, ?, ?, ?, ?, {PIN}"
                " from sessions s join messages m on m.id = s.leaf_id where s.pk = ?",
                [key_hash, thinking, now, expires_at, now, session.pk],
            )
            return _owned(db, owner, key_hash)

        return self._writer.call(create)

    def of(self, owner: int, session_id: str | None = None) -> list[Share]:
        with self._readers.lend() as db:
            found = db.query(
                f"select {SHARE} from shares h join sessions s on s.pk = h.session_pk"
                " where s.owner_n = ?1 and s.deleted_at is null and (?2 is null or s.id = ?2)"
                " order by h.created_at desc, h.rowid desc",
                [owner, session_id],
            )
            return [_share(row) for row in found]

    def update(self, owner: int, key_hash: str) -> None:
        def update(db: Database) -> None:
            share = _owned(db, owner, key_hash)
            _finished(db, rows.session(db, owner, share.session_id))
            db.execute(
                "update shares set (pinned_at, title, leaf_id, length, thinking_length) ="
                f" (select ?, {PIN} from sessions s join messages m on m.id = s.leaf_id"
                " where s.pk = session_pk) where key_hash = ?",
                [rows.now(), key_hash],
            )

        self._writer.call(update)

    def revoke(self, owner: int, key_hash: str) -> None:
        def revoke(db: Database) -> None:
            _owned(db, owner, key_hash)
            db.execute("delete from shares where key_hash = ?", [key_hash])

        self._writer.call(revoke)

    def read(self, session_id: str, key_hash: str) -> SharedChat:
        with self._readers.snapshot() as db:
            share = _opened(db, session_id, key_hash)
            messages = _branch(db, share)
        if rows.now() - (share["last_opened_at"] or 0) > OPENED_EVERY:
            self._note_opened(key_hash)
        return SharedChat(share["title"], share["pinned_at"], tuple(map(_public, messages)))

    def file(self, session_id: str, key_hash: str, attachment_id: int) -> File:
        return File(**self._attached(session_id, key_hash, attachment_id, rows.FILE))

    def digest(self, session_id: str, key_hash: str, attachment_id: int) -> str:
        return str(self._attached(session_id, key_hash, attachment_id, "a.sha256")["sha256"])

    def copy(self, owner: int, session_id: str, key_hash: str) -> Session:
        def copy(db: Database) -> Session:
            share = _opened(db, session_id, key_hash)
            branch = _branch(db, share)
            model = next((m.model for m in reversed(branch) if m.model), "")
            session = rows.make_session(db, owner, share["title"], model)
            leaf = None
            for message in branch:
                leaf = _copy(db, owner, message, session.pk, leaf)
            assert leaf is not None
            rows.move_leaf(db, session.pk, leaf)
            return rows.session(db, owner, session.id)

        return self._writer.call(copy)

    def _attached(
        self, session_id: str, key_hash: str, attachment_id: int, columns: str
    ) -> dict[str, Any]:
        with self._readers.snapshot() as db:
            try:
                leaf_id = _opened(db, session_id, key_hash)["leaf_id"]
            except SessionNotFound:
                leaf_id = None
            sql = f"{rows.BRANCH} select {columns} {ATTACHED}"
            if row := next(db.query(sql, [leaf_id, attachment_id]), None):
                return row
        raise MessageNotFound("There is no such file here.")

    def _note_opened(self, key_hash: str) -> None:
        def note(db: Database) -> None:
            sql = "update shares set last_opened_at = ? where key_hash = ?"
            db.execute(sql, [rows.now(), key_hash])

        self._writer.note("when a link was opened", note, key=("opened", key_hash))


def _share(row: dict[str, Any]) -> Share:
    return Share(**row | {"thinking": bool(row["thinking"]), "current": bool(row["current"])})


def _owned(db: Database, owner: int, key_hash: str) -> Share:
    found = db.query(
        f"select {SHARE} from shares h join sessions s on s.pk = h.session_pk"
        " where h.key_hash = ? and s.owner_n = ?",
        [key_hash, owner],
    )
    if row := next(found, None):
        return _share(row)
    raise ShareNotFound("There is no such link here: it may be revoked already.")


def _finished(db: Database, session: Session) -> Session:
    """One that can be shared as it is."""
    rows.refuse_while_streaming(db, session.pk)
    if session.leaf_id is None:
        raise MessageNotFound("There is nothing to share in this chat yet: send a message first.")
    return session


def _opened(db: Database, session_id: str, key_hash: str) -> dict[str, Any]:
    """A link that is good now. That its last message is still in the session is asked as well:
    one that was moved to another session is shown by no link to this one."""
    found = db.query(
        "select h.* from shares h join sessions s on s.pk = h.session_pk"
        " join messages m on m.id = h.leaf_id and m.session_pk = s.pk"
        " where h.key_hash = ? and ? in (s.id, h.address) and s.deleted_at is null"
        " and (h.expires_at is null or h.expires_at > ?)",
        [key_hash, session_id, rows.now()],
    )
    if row := next(found, None):
        return row
    raise SessionNotFound("There is no such chat here.")


def _branch(db: Database, share: dict[str, Any]) -> list[Message]:
    """What the link shows, as it was when it was pinned."""
    *earlier, last = rows.branch(db, share["leaf_id"])
    last = replace(
        last,
        body=last.body[: share["length"]],
        thinking=last.thinking[: share["thinking_length"]],
    )
    branch = [*earlier, last]
    return branch if share["thinking"] else [replace(m, thinking="") for m in branch]


def _public(message: Message) -> SharedMessage:
    return SharedMessage(
        message.role, message.body, message.thinking, message.model, message.attachments
    )


def _copy(db: Database, owner: int, message: Message, session_pk: int, parent: int | None) -> int:
    """Without what a link does not show: its cost, its rating, why it broke."""
    copy = rows.insert(db, owner, session_pk, parent, message.role)
    state = message.state if message.state in ("done", "stopped") else "stopped"
    db.execute(
        "update messages set (state, body, thinking, model, copy_of) = (?, ?, ?, ?, ?)"
        " where id = ?",
        [state, message.body, message.thinking, message.model, message.id, copy],
    )
    rows.copy_attachments(db, message.id, copy)
    return copy
