"""The history in one SQLite file, through sqlite-utils: the Store contract over its tables.

A message's id is its owner's number << 41 | milliseconds since 2000, the next free one: so the
rows of an owner lie together, in time order, and a range of ids is both "mine" and "since".
"""

import json
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from sqlite_utils import Database

from chatcore.errors import AlreadyGenerating, MessageNotFound, SessionNotFound, StoreError
from chatcore.store.sqlite.connections import Readers, Writer, translated
from chatcore.store.sqlite.schema import prepare
from chatcore.types import Message, Session, State, Turn, Usage

log = logging.getLogger(__name__)

T = TypeVar("T")

YEAR_2000 = 946_684_800_000
TITLE_CHARACTERS = 60

SESSION = "pk, id, title, model, leaf_id, created_at, updated_at, n_messages"
MESSAGE = """
    m.id, m.session_pk, m.parent_id, m.role, m.state, coalesce(d.body, m.body) as body,
    coalesce(d.thinking, m.thinking) as thinking, m.model, m.created_at, m.usage, m.error
"""


class SqliteStore:
    """One file, one process: a lock beside it keeps a second Hearth away."""

    def __init__(self, path: Path) -> None:
        self.location = str(path)
        with translated(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _locked(path)
            try:
                self.schema = prepare(path)
                self._writer = Writer(path)
            except BaseException:
                self._lock.release()
                raise
        self._readers = Readers(path)

    def close(self) -> None:
        self._readers.close()
        self._writer.close()
        self._lock.release()

    def check(self) -> None:
        self._write(lambda db: db.execute("pragma user_version = 0").close())

    def owner(self, key: str) -> int:
        found = self._read("select owner_n from identities where key = ?", [key])
        return int(found[0]["owner_n"]) if found else self._write(lambda db: _make_owner(db, key))

    def session(self, owner: int, session_id: str) -> Session:
        with self._readers.lend() as db:
            return _session(db, owner, session_id)

    def sessions(self, owner: int, limit: int = 50) -> list[Session]:
        rows = self._read(
            f"select {SESSION} from sessions where owner_n = ? and deleted_at is null"
            " order by updated_at desc limit ?",
            [owner, limit],
        )
        return [Session(**row) for row in rows]

    def rename_session(self, owner: int, session_id: str, title: str) -> None:
        self._change(owner, session_id, "title = ?, title_by = 'owner'", _clean(title))

    def choose_model(self, owner: int, session_id: str, model: str) -> None:
        self._change(owner, session_id, "model = ?", _clean(model))

    def delete_session(self, owner: int, session_id: str) -> None:
        self._change(owner, session_id, "deleted_at = ?", _now())

    def restore_session(self, owner: int, session_id: str) -> None:
        sql = "update sessions set deleted_at = null where owner_n = ? and id = ?"
        if not self._write(lambda db: db.execute(sql, [owner, session_id]).rowcount):
            raise SessionNotFound("There is no such chat here.")

    def begin_turn(
        self, owner: int, session_id: str | None, prompt: str, model: str, key: str | None = None
    ) -> Turn:
        prompt, model = _clean(prompt), _clean(model)

        def begin(db: Database) -> Turn:
            if session_id is None:
                session = _make_session(db, owner, _title(prompt), model)
            else:
                session = _session(db, owner, session_id)
                if key is not None and (turn := _turn_by_key(db, owner, session, key)):
                    return turn
                _refuse_while_streaming(db, session)
            user = _insert(db, owner, session, session.leaf_id, "user", "done", prompt, "", key)
            reply = _insert(db, owner, session, user, "assistant", "streaming", "", model, None)
            db.execute(
                "update sessions set leaf_id = ?, model = ?, updated_at = ?,"
                " n_messages = n_messages + 2 where pk = ?",
                [reply, model, _now(), session.pk],
            )
            return _turn(db, owner, session.id, user, reply)

        return self._write(begin)

    def messages(self, owner: int, session_id: str) -> list[Message]:
        with self._readers.lend() as db:
            db.begin()  # the session's leaf and its branch as of one moment
            try:
                return _branch(db, _session(db, owner, session_id).leaf_id)
            finally:
                db.rollback()

    def message(self, owner: int, message_id: int) -> Message:
        with self._readers.lend() as db:
            return _message(db, owner, message_id)

    def save_draft(self, owner: int, message_id: int, rev: int, body: str, thinking: str) -> None:
        def save(db: Database) -> None:
            db.execute(
                "insert into drafts(message_id, rev, body, thinking, updated_at)"
                " select id, ?, ?, ?, ? from messages where id = ? and state = 'streaming'"
                " and session_pk in (select pk from sessions where owner_n = ?)"
                " on conflict(message_id) do update set rev = excluded.rev, body = excluded.body,"
                " thinking = excluded.thinking, updated_at = excluded.updated_at"
                " where excluded.rev > drafts.rev",
                [rev, _clean(body), _clean(thinking), _now(), message_id, owner],
            )

        self._writer.submit(save, key=("draft", message_id)).add_done_callback(_log_failure)

    def finish_reply(
        self,
        owner: int,
        message_id: int,
        state: State,
        body: str,
        thinking: str = "",
        usage: Usage | None = None,
        error: str | None = None,
    ) -> Message:
        def finish(db: Database) -> Message:
            if _message(db, owner, message_id).state == "streaming":
                db.execute("delete from drafts where message_id = ?", [message_id])
                db.execute(
                    "update messages set state = ?, body = ?, thinking = ?, usage = ?, error = ?"
                    " where id = ?",
                    [state, _clean(body), _clean(thinking), _json(usage), error, message_id],
                )
                db.execute(
                    "update sessions set updated_at = ? where pk ="
                    " (select session_pk from messages where id = ?)",
                    [_now(), message_id],
                )
            return _message(db, owner, message_id)

        return self._write(finish)

    def recover(self) -> int:
        def interrupt(db: Database) -> int:
            db.execute(
                "update messages set body = d.body, thinking = d.thinking from drafts d"
                " where d.message_id = messages.id and state = 'streaming'"
            )
            db.execute("delete from drafts")
            return db.execute(
                "update messages set state = 'interrupted' where state = 'streaming'"
            ).rowcount

        return self._write(interrupt)

    def _read(self, sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
        with self._readers.lend() as db:
            return list(db.query(sql, parameters))

    def _write(self, function: Callable[[Database], T]) -> T:
        result: T = self._writer.call(function)
        return result

    def _change(self, owner: int, session_id: str, assignment: str, value: str | int) -> None:
        sql = f"update sessions set {assignment} where pk = ?"
        self._write(lambda db: db.execute(sql, [value, _session(db, owner, session_id).pk]))


def _locked(path: Path) -> FileLock:
    """Held while the store is open; the operating system drops it when the process dies."""
    lock = FileLock(f"{path}.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StoreError(
            f"Another Hearth is using {path}: stop it first,"
            " or set HEARTH_DATABASE to another file."
        ) from None
    return lock


def _now() -> int:
    return time.time_ns() // 1_000_000


def _clean(text: str) -> str:
    """Text that every backend can hold: no NUL, no lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _title(prompt: str) -> str:
    """The first words of a prompt, as many as fit a line of the sidebar."""
    words = " ".join(prompt[: 10 * TITLE_CHARACTERS].split())
    if len(words) <= TITLE_CHARACTERS:
        return words
    return words[:TITLE_CHARACTERS].rsplit(" ", 1)[0] + "…"


def _json(usage: Usage | None) -> str | None:
    return None if usage is None else json.dumps(asdict(usage))


def _log_failure(saved: "Future[None]") -> None:
    if error := saved.exception():
        log.warning("a draft was not saved: %s", error)


def _make_owner(db: Database, key: str) -> int:
    row = db.execute("select owner_n from identities where key = ?", [key]).fetchone()
    if row is None:
        row = (db.execute("insert into owners(created_at) values (?)", [_now()]).lastrowid,)
        db.execute("insert into identities(key, owner_n) values (?, ?)", [key, row[0]])
    return int(row[0])


def _session(db: Database, owner: int, session_id: str) -> Session:
    rows = db.query(
        f"select {SESSION} from sessions where owner_n = ? and id = ? and deleted_at is null",
        [owner, session_id],
    )
    if row := next(rows, None):
        return Session(**row)
    raise SessionNotFound("There is no such chat here.")


def _make_session(db: Database, owner: int, title: str, model: str) -> Session:
    session_id, now = secrets.token_urlsafe(16), _now()
    db.execute(
        "insert into sessions(id, owner_n, title, model, created_at, updated_at)"
        " values (?, ?, ?, ?, ?, ?)",
        [session_id, owner, title, model, now, now],
    )
    return _session(db, owner, session_id)


def _insert(
    db: Database,
    owner: int,
    session: Session,
    parent: int | None,
    role: str,
    state: State,
    body: str,
    model: str,
    key: str | None,
) -> int:
    message_id = _free_id(db, owner)
    db.execute(
        "insert into messages"
        "(id, session_pk, parent_id, role, state, body, model, created_at, ikey)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [message_id, session.pk, parent, role, state, body, model, _now(), key],
    )
    return message_id


def _free_id(db: Database, owner: int) -> int:
    message_id = owner << 41 | _now() - YEAR_2000
    while db.execute("select 1 from messages where id = ?", [message_id]).fetchone():
        message_id += 1
    return message_id


def _refuse_while_streaming(db: Database, session: Session) -> None:
    state = db.execute("select state from messages where id = ?", [session.leaf_id]).fetchone()
    if state == ("streaming",):
        raise AlreadyGenerating("This chat is still answering: send it when the reply is there.")


def _turn(db: Database, owner: int, session_id: str, user: int, reply: int) -> Turn:
    return Turn(
        _session(db, owner, session_id), _message(db, owner, user), _message(db, owner, reply)
    )


def _turn_by_key(db: Database, owner: int, session: Session, key: str) -> Turn | None:
    row = db.execute(
        "select u.id, r.id from messages u join messages r on r.parent_id = u.id"
        " where u.session_pk = ? and u.ikey = ? order by r.id limit 1",
        [session.pk, key],
    ).fetchone()
    return row and _turn(db, owner, session.id, *row)


def _message(db: Database, owner: int, message_id: int) -> Message:
    rows = db.query(
        f"select {MESSAGE} from messages m join sessions s on s.pk = m.session_pk"
        " left join drafts d on d.message_id = m.id"
        " where m.id = ? and s.owner_n = ?",
        [message_id, owner],
    )
    if row := next(rows, None):
        return _from_row(row)
    raise MessageNotFound("There is no such message here.")


def _branch(db: Database, leaf_id: int | None) -> list[Message]:
    rows = db.query(
        "with recursive branch(id, depth) as (select ?, 0 union all"
        " select m.parent_id, depth + 1 from branch join messages m using (id)"
        " where m.parent_id is not null)"
        f" select {MESSAGE} from branch join messages m using (id)"
        " left join drafts d on d.message_id = m.id order by depth desc",
        [leaf_id],
    )
    return [_from_row(row) for row in rows]


def _from_row(row: dict[str, Any]) -> Message:
    usage = row.pop("usage")
    return Message(**row, usage=usage and Usage(**json.loads(usage)))
