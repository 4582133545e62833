"""The history in one SQLite file, through sqlite-utils: the Store contract over its tables.

A message's id is its owner's number << 41 | milliseconds since 2000, the next free one: so the
rows of an owner lie together, in time order, and a range of ids is both "mine" and "since".
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from chatcore.errors import MessageNotFound, TooBusy
from chatcore.options import BY_DEFAULT, Choice
from chatcore.store import titles
from chatcore.store.belongings import Belongings
from chatcore.store.identities import Identities
from chatcore.store.memory import MemoryStore
from chatcore.store.personas import Personas
from chatcore.store.posts import Posts
from chatcore.store.prompts import Prompts
from chatcore.store.search import Search
from chatcore.store.shares import Shares
from chatcore.store.sqlite import files, records, rows
from chatcore.store.sqlite.belongings import SqliteBelongings
from chatcore.store.sqlite.connections import Readers, Writer, locked, translated
from chatcore.store.sqlite.identities import SqliteIdentities
from chatcore.store.sqlite.memory import SqliteMemory
from chatcore.store.sqlite.personas import SqlitePersonas, put_in_force
from chatcore.store.sqlite.posts import SqlitePosts
from chatcore.store.sqlite.prompts import SqlitePrompts
from chatcore.store.sqlite.schema import prepare
from chatcore.store.sqlite.search import SqliteSearch
from chatcore.store.sqlite.shares import SqliteShares
from chatcore.store.sqlite.tokens import SqliteTokens
from chatcore.store.sqlite.trash import SqliteTrash
from chatcore.store.tokens import Tokens
from chatcore.store.trash import Trash
from chatcore.types import File, InForce, Message, Record, Session, State, Turn, Usage


class SqliteStore:
    """One file, one process: a lock beside it keeps a second Hearth away."""

    def __init__(self, path: Path) -> None:
        self.location = str(path)
        with translated(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = locked(path)
            try:
                self.schema = prepare(path)
                self._writer = Writer(path)
            except BaseException:
                self._lock.release()
                raise
        self._readers = Readers(path)
        self.identities: Identities = SqliteIdentities(self._readers, self._writer, path)
        self.shares: Shares = SqliteShares(self._readers, self._writer)
        self.posts: Posts = SqlitePosts(self._readers, self._writer)
        self.search: Search = SqliteSearch(self._readers)
        self.tokens: Tokens = SqliteTokens(self._readers, self._writer)
        self.belongings: Belongings = SqliteBelongings(self._readers, self._writer)
        self.memory: MemoryStore = SqliteMemory(self._readers, self._writer)
        self.trash: Trash = SqliteTrash(self._readers, self._writer)
        self.prompts: Prompts = SqlitePrompts(self._readers, self._writer)
        self.personas: Personas = SqlitePersonas(self._readers, self._writer)

    def close(self) -> None:
        self._readers.close()
        self._writer.close()
        self._lock.release()

    def check(self) -> None:
        self._writer.call(lambda db: db.execute("pragma user_version = 0").close())

    def owner(self, key: str) -> int:
        known = self.identities.owner(key)
        return known or self._writer.call(lambda db: rows.make_owner(db, key))

    def session(self, owner: int, session_id: str) -> Session:
        with self._readers.lend() as db:
            return rows.session(db, owner, session_id)

    def sessions(self, owner: int, limit: int = 50) -> list[Session]:
        found = self._read(
            f"select {rows.SESSION} from sessions where owner_n = ? and deleted_at is null"
            " order by updated_at desc limit ?",
            [owner, limit],
        )
        return [Session(**row) for row in found]

    def rename_session(
        self,
        owner: int,
        session_id: str,
        title: str,
        by: str = "owner",
        instead_of: str | None = None,
    ) -> None:
        title = titles.on_one_line(rows.clean(title))

        def rename(db: Database) -> None:
            session = rows.session(db, owner, session_id)
            if title and instead_of in (None, session.title):
                db.execute(
                    "update sessions set title = ?, title_by = ? where pk = ?",
                    [title, by, session.pk],
                )

        self._writer.call(rename)

    def choose_model(self, owner: int, session_id: str, model: str) -> None:
        self._change(owner, session_id, "model = ?", rows.clean(model))

    def begin_turn(
        self,
        owner: int,
        session_id: str | None,
        prompt: str,
        model: str,
        instead_of: int | None = None,
        attachments: Sequence[File] = (),
        choice: Choice = BY_DEFAULT,
        in_force: InForce | None = None,
    ) -> Turn:
        prompt, model = rows.clean(prompt), rows.clean(model)
        title = titles.first_words(prompt or " ".join(file.name for file in attachments))

        def begin(db: Database) -> Turn:
            if session_id is None:
                session = rows.make_session(db, owner, title, model, choice)
            else:
                session = rows.session(db, owner, session_id)
                rows.refuse_while_streaming(db, session.pk)
                if instead_of is None:
                    rows.refuse_while_waiting(db, session.pk)
                rows.name_empty(db, session.pk, title)
            if in_force is not None:
                put_in_force(db, owner, session.pk, in_force)
            parent = session.leaf_id
            if instead_of is not None:
                parent = _of(session, rows.message(db, owner, instead_of)).parent_id
            user = rows.insert(db, owner, session.pk, parent, "user", prompt)
            if instead_of is not None:
                rows.copy_attachments(db, instead_of, user)
            files.attach(db, user, attachments)
            reply = rows.insert(db, owner, session.pk, user, "assistant", model=model)
            rows.move_leaf(db, session.pk, reply, model)
            return rows.turn(db, owner, session.id, user, reply)

        return self._writer.call(begin)

    def set_next(
        self,
        owner: int,
        session_id: str,
        prompt: str,
        model: str,
        attachments: Sequence[File] = (),
        in_force: InForce | None = None,
    ) -> Message:
        prompt, model = rows.clean(prompt), rows.clean(model)

        def wait(db: Database) -> Message:
            pk = rows.session(db, owner, session_id).pk
            if rows.waiting(db, pk):
                raise TooBusy(
                    "Another prompt waits already for this chat's reply: send this one later."
                )
            if in_force is not None:
                put_in_force(db, owner, pk, in_force)
            waiting = rows.insert_alone(db, owner, pk, "user", "waiting", prompt, model)
            files.attach(db, waiting, attachments)
            return rows.message(db, owner, waiting)

        return self._writer.call(wait)

    def next_prompt(self, owner: int, session_id: str) -> Message | None:
        with self._readers.lend() as db:
            return rows.waiting(db, rows.session(db, owner, session_id).pk)

    def hold_next(self, owner: int, message_id: int, held: bool) -> None:
        state = "held" if held else "waiting"
        self._change_next(owner, message_id, "update messages set state = ?2", state)

    def edit_next(self, owner: int, message_id: int, prompt: str) -> None:
        self._change_next(owner, message_id, "update messages set body = ?2", rows.clean(prompt))

    def discard_next(self, owner: int, message_id: int) -> None:
        self._change_next(owner, message_id, "delete from messages")

    def begin_next(self, owner: int, session_id: str) -> Turn | None:
        def begin(db: Database) -> Turn | None:
            session = rows.session(db, owner, session_id)
            prompt = rows.waiting(db, session.pk)
            if prompt is None or prompt.state == "held":
                return None
            rows.refuse_while_streaming(db, session.pk)
            db.execute("update messages set state = 'done', model = '' where id = ?", [prompt.id])
            rows.add_to_tree(db, session.pk, prompt.id, session.leaf_id)
            reply = rows.insert(db, owner, session.pk, prompt.id, "assistant", model=prompt.model)
            rows.move_leaf(db, session.pk, reply, prompt.model)
            return rows.turn(db, owner, session.id, prompt.id, reply)

        return self._writer.call(begin)

    def begin_version(self, owner: int, message_id: int, model: str) -> Turn:
        model = rows.clean(model)

        def begin(db: Database) -> Turn:
            session = rows.session_of(db, owner, message_id)
            rows.refuse_while_streaming(db, session.pk)
            prompt = rows.message(db, owner, message_id).parent_id
            if prompt is None:
                raise MessageNotFound("This message is not a reply.")
            reply = rows.insert(db, owner, session.pk, prompt, "assistant", model=model)
            rows.move_leaf(db, session.pk, reply, model)
            return rows.turn(db, owner, session.id, prompt, reply)

        return self._writer.call(begin)

    def resume_reply(self, owner: int, message_id: int) -> Turn:
        def resume(db: Database) -> Turn:
            session = rows.session_of(db, owner, message_id)
            rows.refuse_while_streaming(db, session.pk)
            reply = rows.message(db, owner, message_id)
            if reply.role != "assistant" or reply.parent_id is None or session.leaf_id != reply.id:
                raise MessageNotFound("Only the last reply of a chat can be continued.")
            db.execute(
                "update messages set state = 'streaming', error = null where id = ?",
                [message_id],
            )
            return rows.turn(db, owner, session.id, reply.parent_id, message_id)

        return self._writer.call(resume)

    def choose_version(self, owner: int, message_id: int) -> None:
        def choose(db: Database) -> None:
            session = rows.session_of(db, owner, message_id)
            rows.refuse_while_streaming(db, session.pk)
            db.execute(
                "update messages set child_id = ?1"
                " where id = (select parent_id from messages where id = ?1)",
                [message_id],
            )
            rows.move_leaf(db, session.pk, rows.leaf_below(db, message_id))

        self._writer.call(choose)

    def fork_session(self, owner: int, message_id: int) -> Session:
        def fork(db: Database) -> Session:
            source = rows.session_of(db, owner, message_id)
            copy = rows.make_session_like(db, owner, source)
            path = [m for m in rows.branch(db, message_id) if m.state != "streaming"]
            leaf = rows.copy_branch(db, owner, path, copy.pk)
            if leaf is not None:
                rows.move_leaf(db, copy.pk, leaf)
            return rows.session(db, owner, copy.id)

        return self._writer.call(fork)

    def mark_read(self, owner: int, session_id: str) -> None:
        self._change(owner, session_id, "unread = ?", 0)

    def rate(self, owner: int, message_id: int, rating: int | None) -> None:
        def rate(db: Database) -> None:
            rows.session_of(db, owner, message_id)
            db.execute("update messages set rating = ? where id = ?", [rating, message_id])

        self._writer.call(rate)

    def messages(
        self, owner: int, session_id: str, last: int | None = None, first: int | None = None
    ) -> list[Message]:
        with self._readers.snapshot() as db:
            return rows.branch(db, rows.session(db, owner, session_id).leaf_id, last, first)

    def tree(self, owner: int, session_id: str) -> list[Message]:
        with self._readers.snapshot() as db:
            return rows.tree(db, rows.session(db, owner, session_id).pk)

    def branch(self, owner: int, message_id: int, first: int | None = None) -> list[Message]:
        with self._readers.snapshot() as db:
            return rows.branch(db, rows.message(db, owner, message_id).id, first=first)

    def message(self, owner: int, message_id: int) -> Message:
        with self._readers.lend() as db:
            return rows.message(db, owner, message_id)

    def file(self, owner: int, attachment_id: int) -> File:
        with self._readers.lend() as db:
            return File(**files.attached(db, owner, attachment_id, rows.FILE))

    def digest(self, owner: int, attachment_id: int) -> str:
        with self._readers.lend() as db:
            return str(files.attached(db, owner, attachment_id, "a.sha256")["sha256"])

    def content(self, owner: int, attachment_id: int) -> str | bytes:
        with self._readers.lend() as db:
            found: str | bytes = files.attached(db, owner, attachment_id, rows.CONTENT)["content"]
            return found

    def records(self, owner: int, since: int = 0, limit: int = 200_000) -> list[Record]:
        with self._readers.lend() as db:
            return records.records(db, owner, since, limit)

    def save_draft(self, owner: int, message_id: int, rev: int, body: str, thinking: str) -> None:
        def save(db: Database) -> None:
            db.execute(
                "insert into drafts(message_id, rev, body, thinking, updated_at)"
                " select id, ?, ?, ?, ? from messages where id = ? and state = 'streaming'"
                " and session_pk in (select pk from sessions where owner_n = ?)"
                " on conflict(message_id) do update set rev = excluded.rev, body = excluded.body,"
                " thinking = excluded.thinking, updated_at = excluded.updated_at"
                " where excluded.rev > drafts.rev",
                [rev, rows.clean(body), rows.clean(thinking), rows.now(), message_id, owner],
            )

        self._writer.note("a draft", save, key=("draft", owner, message_id))

    def finish_reply(
        self,
        owner: int,
        message_id: int,
        state: State,
        body: str,
        thinking: str = "",
        usage: Usage | None = None,
        error: str | None = None,
        unread: bool = False,
    ) -> Message:
        def finish(db: Database) -> Message:
            if rows.message(db, owner, message_id).state == "streaming":
                db.execute("delete from drafts where message_id = ?", [message_id])
                db.execute(
                    "update messages set state = ?, body = ?, thinking = ?, usage = ?, error = ?"
                    " where id = ?",
                    [
                        state,
                        rows.clean(body),
                        rows.clean(thinking),
                        rows.from_usage(usage),
                        rows.clean(error or "") or None,
                        message_id,
                    ],
                )
                db.execute(
                    "update sessions set updated_at = ?, unread = ? where pk ="
                    " (select session_pk from messages where id = ?)",
                    [rows.now(), unread, message_id],
                )
            return rows.message(db, owner, message_id)

        return self._writer.call(finish)

    def recover(self) -> int:
        def interrupt(db: Database) -> int:
            db.execute(
                "update messages set body = d.body, thinking = d.thinking from drafts d"
                " where d.message_id = messages.id and state = 'streaming'"
            )
            db.execute("delete from drafts")
            db.execute(
                "update sessions set unread = 1"
                " where pk in (select session_pk from messages where state = 'streaming')"
            )
            return db.execute(
                "update messages set state = 'interrupted' where state = 'streaming'"
            ).rowcount

        return self._writer.call(interrupt)

    def _change_next(self, owner: int, message_id: int, change: str, *values: str) -> None:
        sql = f"{change} where id = ?1 and {rows.WAITS}"

        def apply(db: Database) -> None:
            rows.message(db, owner, message_id)
            if not db.execute(sql, [message_id, *values]).rowcount:
                raise MessageNotFound("This prompt was sent already.")

        self._writer.call(apply)

    def _read(self, sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
        with self._readers.lend() as db:
            return list(db.query(sql, parameters))

    def _change(self, owner: int, session_id: str, assignment: str, *values: str | int) -> None:
        sql = f"update sessions set {assignment} where pk = ?"

        def change(db: Database) -> None:
            db.execute(sql, [*values, rows.session(db, owner, session_id).pk])

        self._writer.call(change)


def _of(session: Session, message: Message) -> Message:
    if message.session_pk != session.pk:
        raise MessageNotFound("There is no such message here.")
    return message
