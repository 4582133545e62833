"""What programs do with sessions, over the same tables."""

import base64
import hashlib
from collections.abc import Sequence

from sqlite_utils import Database

from chatcore.errors import KeyReused, SessionExists, SessionNotFound
from chatcore.store import titles
from chatcore.store.posts import Posted
from chatcore.store.sqlite import rows
from chatcore.store.sqlite.connections import Readers, Writer
from chatcore.types import Message, Said, Session, Turn


class SqlitePosts:
    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer

    def create(self, owner: int, session_id: str | None, title: str, model: str) -> Session:
        title, model = titles.on_one_line(rows.clean(title)), rows.clean(model)

        def create(db: Database) -> Session:
            if session_id is not None and _found(db, owner, session_id):
                raise SessionExists("A chat of this id is there already: choose another id.")
            session = rows.make_session(db, owner, title, model, session_id=session_id)
            if title:
                db.execute("update sessions set title_by = 'owner' where pk = ?", [session.pk])
            return session

        return self._writer.call(create)

    def begin(
        self,
        owner: int,
        session_id: str | None,
        messages: Sequence[Said],
        model: str,
        key: str | None = None,
    ) -> Posted:
        messages = [Said(role, rows.clean(content)) for role, content in messages]
        title, model = titles.first_words(messages[-1].content), rows.clean(model)
        session_id = session_id or (key and _id_of(key))

        def begin(db: Database) -> Posted:
            session = session_id and _found(db, owner, session_id)
            if not session:
                session = rows.make_session(db, owner, title, model, session_id=session_id)
            elif turn := _turn_of(db, owner, session, messages[-1], key):
                return Posted(turn, new=False)
            return Posted(_begin(db, owner, session, messages, model, key), new=True)

        return self._writer.call(begin)

    def begun(
        self, owner: int, session_id: str | None, messages: Sequence[Said], key: str
    ) -> Turn | None:
        last = messages[-1]._replace(content=rows.clean(messages[-1].content))
        with self._readers.snapshot() as db:
            session = _found(db, owner, session_id or _id_of(key))
            return _turn_of(db, owner, session, last, key) if session else None

    def clear(self, owner: int, session_id: str) -> None:
        def clear(db: Database) -> None:
            session = rows.session(db, owner, session_id)
            rows.refuse_while_streaming(db, session.pk)
            if session.leaf_id is None:
                return
            trash = rows.make_session_like(db, owner, session)
            db.execute(
                "update messages set session_pk = ? where session_pk = ?", [trash.pk, session.pk]
            )
            db.execute(
                "update sessions set leaf_id = ?, n_messages = ?, deleted_at = ? where pk = ?",
                [session.leaf_id, session.n_messages, rows.now(), trash.pk],
            )
            db.execute(
                "update sessions set leaf_id = null, n_messages = 0, unread = 0 where pk = ?",
                [session.pk],
            )

        self._writer.call(clear)

    def message(self, owner: int, message_id: int) -> tuple[str, Message]:
        with self._readers.snapshot() as db:
            session = rows.session_of(db, owner, message_id)
            return session.id, rows.message(db, owner, message_id)


def _found(db: Database, owner: int, session_id: str) -> Session | None:
    try:
        return rows.session(db, owner, session_id)
    except SessionNotFound:
        return None


def _begin(
    db: Database,
    owner: int,
    session: Session,
    messages: Sequence[Said],
    model: str,
    key: str | None,
) -> Turn:
    rows.refuse_while_streaming(db, session.pk)
    rows.name_empty(db, session.pk, titles.first_words(messages[-1].content))
    last = session.leaf_id
    for role, content in messages:
        said = rows.insert_alone(db, owner, session.pk, role, "done", content, "")
        rows.add_to_tree(db, session.pk, said, last)
        last = said
    assert last is not None
    db.execute("update messages set ikey = ? where id = ?", [key, last])
    reply = rows.insert(db, owner, session.pk, last, "assistant", model=model)
    rows.move_leaf(db, session.pk, reply, model)
    return rows.turn(db, owner, session.id, last, reply)


def _turn_of(
    db: Database, owner: int, session: Session, last: Said, key: str | None
) -> Turn | None:
    """What was begun under the key: the prompt, and the first reply to it. Raises KeyReused."""
    found = db.execute(
        "select p.id, min(r.id) from messages p join messages r on r.parent_id = p.id"
        " where p.session_pk = ? and p.ikey = ? group by p.id",
        [session.pk, key],
    ).fetchone()
    turn = rows.turn(db, owner, session.id, *found) if found else None
    if turn and turn.prompt.body != last.content:
        raise KeyReused(
            "This Idempotency-Key was sent with another message:"
            " give each message a key of its own."
        )
    return turn


def _id_of(key: str) -> str:
    """The id of a session that is made for a key, the same at each try."""
    digest = hashlib.sha256(rows.clean(key).encode()).digest()
    return base64.urlsafe_b64encode(digest)[:22].decode()
