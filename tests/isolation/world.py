"""Several people on one server, all that each has had, and the words that each may read.

Every text that somebody writes holds a word of its own. Whose rows are whose is read from the
database; which words may be read by whom is kept here, apart from it.
"""

import asyncio
import base64
import binascii
import os
import re
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx
from starlette.applications import Starlette
from streamlit.runtime import Runtime
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

import app
from chatcore import generations, service
from chatcore.clock import now
from chatcore.errors import ChatError
from chatcore.generation import Generation
from chatcore.identity import browser_key
from chatcore.sharing import key_hash
from chatcore.types import File
from tests.fake_ollama import FakeOllama

MODEL = "llama3.2:3b"
ORIGIN = "http://here"
WORD = re.compile(r"zq~\d+z")  # with a sign that is in no id, key or cookie, however they fall
BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
OF_MESSAGE = "join messages m on m.id = t.message_id join sessions s on s.pk = m.session_pk"
ROWS = {
    "owners": "select n as owner, * from owners",
    "identities": "select owner_n as owner, * from identities",
    "pairings": "select owner_n as owner, * from pairings",
    "personas": "select owner_n as owner, * from personas",
    "prompts": "select owner_n as owner, * from prompts",
    "persona_versions": "select owner_n as owner, v.* from persona_versions v"
    " join personas p on p.id = v.persona_id",
    "tokens": "select owner_n as owner, * from tokens",
    "sessions": "select owner_n as owner, * from sessions",
    "messages": "select owner_n as owner, m.* from messages m"
    " join sessions s on s.pk = m.session_pk",
    "drafts": f"select owner_n as owner, t.* from drafts t {OF_MESSAGE}",
    "attachments": f"select owner_n as owner, t.* from attachments t {OF_MESSAGE}",
    "shares": "select owner_n as owner, h.* from shares h join sessions s on s.pk = h.session_pk",
    "lengths": f"select owner_n as owner, t.* from lengths t {OF_MESSAGE}",
    "summaries": f"select owner_n as owner, t.* from summaries t {OF_MESSAGE}",
    "moved": "select now_id >> 41 as owner, * from moved",
}
"""All rows of each table, with the number of their owner."""
NOTED = {"last_opened_at"}
"""Of an owner's row, what somebody else may change: that their link was opened."""
IDS = {
    "session": ("sessions", "id"),
    "pk": ("sessions", "pk"),
    "message": ("messages", "id"),
    "file": ("attachments", "id"),
    "link": ("shares", "key_hash"),
    "token": ("tokens", "id"),
    "summary": ("summaries", "id"),
    "saved": ("prompts", "id"),
    "persona": ("personas", "id"),
    "version": ("persona_versions", "id"),
    "identity": ("identities", "key"),
    "key": ("messages", "ikey"),
}


class Answer(NamedTuple):
    """The kind of an exception or the status of a route, and all that is told beside it."""

    kind: str | int
    text: str


class Link(NamedTuple):
    session_id: str
    key: str
    thinking: bool
    words: set[str]
    """What it was pinned to."""

    @property
    def key_hash(self) -> str:
        return key_hash(self.key)


class World:
    def __init__(self) -> None:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        self.store = self.services.store
        self.browsers = [self.services.cookie.new() for _ in range(3)]
        self.tabs = [f"page-{browser}" for browser in self.browsers]
        """Of each browser the page that is open, on which a file waits to be sent."""
        self.had: dict[str, dict[Any, set[int]]] = defaultdict(dict)
        """By kind: each id there was, and the owners that have had it."""
        self.may_read: dict[int, set[str]] = defaultdict(set)
        self.tokens: dict[int, str] = {}
        """The token itself, by its id."""
        self.invitations: dict[str, set[int]] = {}
        """Used or withdrawn, with whose they were."""
        self.links: list[Link] = []
        self.live: Generation | None = None
        self.fresh: set[str] = set()
        """Words of whoever acts now."""
        self._count = 0
        self._version = -1
        self._token = self.asks("GET", "/_stcore/health").cookies["_streamlit_xsrf"]
        for n in range(len(self.browsers)):
            self.open_page(n)
        self._look()

    def _start(self, stack: ExitStack) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.fake = stack.enter_context(FakeOllama())
        self.fake.loaded.add(MODEL)  # else the list of models would change when somebody asks
        environ = {
            "HEARTH_DATABASE": str(folder / "hearth.db"),
            "OLLAMA_HOST": self.fake.host,
            "HEARTH_REQUESTS_PER_MINUTE": "1000000",
            "HEARTH_IDENTITY": "browser",
        }
        stack.enter_context(patch.dict(os.environ, environ))
        # Of replies that only the store knows nobody will tell.
        stack.enter_context(patch.object(generations, "REGISTERED_WITHIN", 0.001))
        stack.callback(service.stop)
        self.services = service.hearth()
        self._db = sqlite3.connect(folder / "hearth.db", isolation_level=None)
        stack.callback(self._db.close)
        self._db.row_factory = sqlite3.Row
        self._loop = stack.enter_context(asyncio.Runner())
        server = stack.enter_context(whole_server())
        assert app.hearth._runtime is not None
        self._runtime = app.hearth._runtime
        stack.enter_context(patch.object(self._runtime, "is_active_session", self._is_open_page))
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(server, client=("192.0.2.1", 4711)), base_url=ORIGIN
        )
        stack.callback(lambda: self._loop.run(self._client.aclose()))

    def close(self) -> None:
        self.fake.release()
        self._stack.close()

    def word(self) -> str:
        """Nobody has written it before."""
        word = f"zq~{self.count()}z"
        self.fresh.add(word)
        return word

    def count(self) -> int:
        """A number that was not given out before."""
        self._count += 1
        return self._count

    def file(self) -> File:
        text = f"What stands here is {self.word()}."
        return File(f"{self.word()}.txt", "text/plain", text.encode(), text)

    def person(self, n: int) -> int:
        """The owner at that person's browser by now: another after a sign-out or a pairing."""
        owner = self.store.owner(browser_key(self.browsers[n]))
        for kind, each in (("tab", self.tabs[n]), ("waiting", waiting(self.tabs[n]))):
            self.had[kind].setdefault(each, set()).add(owner)
        return owner

    def open_page(self, n: int) -> None:
        """On which a file of theirs waits."""
        tab = self.tabs[n]
        self.person(n)
        self.services.tabs.note(tab, browser_key(self.browsers[n]))
        file = UploadedFileRec(waiting(tab), "notes.txt", "text/plain", b"Not sent yet.")
        self._runtime.uploaded_file_mgr.add_file(tab, file)

    def _is_open_page(self, tab: str) -> bool:
        return tab in self.tabs

    def _waiting(self) -> dict[str, list[str]]:
        """What waits on each page."""
        there = self._runtime.uploaded_file_mgr.file_storage
        return {tab: sorted(map(str, there[tab].items())) for tab in self.tabs}

    def everyone(self) -> list[int]:
        """Also who was joined to another, or has deleted everything."""
        return sorted(self.rows)

    def cookie(self, browser: str) -> str:
        return self.services.cookie.sign(browser, secure=False).split(";")[0]

    def mine(self, owner: int, kind: str) -> list[Any]:
        """What a reply that really comes is part of is left alone: its owner has no answer yet."""
        if kind == "word":
            return sorted(self.may_read[owner], key=number)
        turn = self.live and self.live.turn
        busy = (turn.session.id, turn.prompt.id, turn.reply.id) if turn else ()
        return [i for i, owners in self.had[kind].items() if owner in owners and i not in busy]

    def others(self, owner: int, kind: str) -> list[Any]:
        if kind == "word":
            words = (self.may_read[n] for n in self.everyone() if n != owner)
            return sorted(set().union(*words) - self.may_read[owner], key=number)
        if kind == "secret":
            return [secret for n, secret in self.tokens.items() if not self._is_token(n)]
        if kind == "share_key":
            return [link.key for link in self.links if not self.is_open(*link[:2])]
        if kind == "invitation":
            return [i for i, owners in self.invitations.items() if owner not in owners]
        return [i for i, owners in self.had[kind].items() if owner not in owners]

    def is_open(self, session_id: str, key: str) -> bool:
        """Whether it is a link that anybody who has it may use now."""
        return self.is_open_by(session_id, key_hash(key))

    def is_open_by(self, session_id: str, hashed: str) -> bool:
        found = self._db.execute(
            "select 1 from shares h join sessions s on s.pk = h.session_pk"
            " join messages m on m.id = h.leaf_id and m.session_pk = s.pk"
            " where ? in (s.id, h.address) and key_hash = ? and deleted_at is null"
            " and (expires_at is null or expires_at > ?)",
            [session_id, hashed, now()],
        )
        return found.fetchone() is not None

    def file_of(self, link: Link) -> int:
        """The first file of the chat."""
        found = self._db.execute(
            "select a.id from attachments a join messages m on m.id = a.message_id"
            " join sessions s on s.pk = m.session_pk where s.id = ? order by a.id",
            [link.session_id],
        ).fetchone()
        return int(found[0]) if found else 1

    def streaming(self, owner: int) -> list[int]:
        """The replies of the owner's that nobody writes on."""
        found = self._db.execute(
            "select m.id from messages m join sessions s on s.pk = m.session_pk"
            " where s.owner_n = ? and state = 'streaming'",
            [owner],
        )
        return [n for (n,) in found if self.live is None or n != self.live.turn.reply.id]

    def gone(self, ids: list[Any]) -> Any:
        """The last that nobody has any more, or else the last."""
        return next((each for each in reversed(ids) if each not in self._there), ids[-1])

    def under_way(self, ids: list[Any]) -> Any:
        """The last that is a reply under way, or else the last."""
        found = self._db.execute("select id from messages where state = 'streaming'")
        streaming = {n for (n,) in found}
        return next((each for each in reversed(ids) if each in streaming), ids[-1])

    def _is_token(self, n: int) -> bool:
        return self._db.execute("select 1 from tokens where id = ?", [n]).fetchone() is not None

    def secret_of(self, owner: int) -> str | None:
        """A token of the owner's that is good."""
        found = self._db.execute("select id from tokens where owner_n = ?", [owner])
        return next((self.tokens[n] for (n,) in found if n in self.tokens), None)

    def acts(
        self, call: Callable[[], Any], owners: Collection[int], heard: Collection[str] = ()
    ) -> Answer:
        """What comes of it; only rows of `owners` change, and nothing but their words is told."""
        before, waited = self.rows, self._waiting()
        answer = answered(call)
        # All that was written without waiting is on disk; unlike check(), this writes nothing.
        self.services.store._writer.call(lambda _db: None)
        self._look()
        for owner, rows in before.items():
            if owner not in owners:
                assert self.rows.get(owner) == rows, f"rows of {owner} changed: {answer}"
        for tab, files in self._waiting().items():
            assert files == waited[tab] or self.had["tab"][tab] & {*owners}, f"{tab}: {answer}"
        for owner in owners:
            self.may_read[owner] |= self.fresh
        allowed = self.fresh.union(heard, *(self.may_read[owner] for owner in owners))
        assert words(answer.text) <= allowed, f"{owners} may not read: {answer}"
        return answer

    def as_its_page(self, credentials: dict[str, str]) -> dict[str, str]:
        """With what Streamlit wants to see of its own page."""
        cookies = [*filter(None, [credentials.get("cookie")]), f"_streamlit_xsrf={self._token}"]
        return credentials | {"cookie": "; ".join(cookies), "x-xsrftoken": self._token}

    def asks(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = self._loop.run(self._client.request(method, path, **options))
        self._client.cookies.clear()
        return answer

    def joined(self, source: int, target: int) -> None:
        """All that the one could read who is gone is the other's now, under the old ids, too."""
        if source != target:
            if self._retired(target):
                source, target = target, source
            self.may_read[target] |= self.may_read[source]
            if self._retired(source):
                self.may_read[source].clear()
                for owners in self.had["message"].values():
                    owners |= {target} if source in owners else set()

    def erased(self, owner: int) -> None:
        self.may_read[owner].clear()

    def _retired(self, owner: int) -> bool:
        found = self._db.execute("select retired_at from owners where n = ?", [owner])
        return found.fetchone()[0] is not None

    def _look(self) -> None:
        """Read all rows anew, where another connection has written any."""
        (version,) = self._db.execute("pragma data_version").fetchone()
        if version != self._version:
            self.rows, self._version = self._rows(), version

    def _rows(self) -> dict[int, list[str]]:
        """By owner; also notes each id."""
        rows: dict[int, list[str]] = defaultdict(list)
        self._there: set[Any] = set()
        for table, sql in ROWS.items():
            kinds = [(kind, column) for kind, (of, column) in IDS.items() if of == table]
            for row in map(dict, self._db.execute(sql)):
                owner = row.pop("owner")
                for kind, column in kinds:
                    if row[column] is not None:
                        self._there.add(row[column])
                        self.had[kind].setdefault(row[column], set()).add(owner)
                told = {name: value for name, value in row.items() if name not in NOTED}
                rows[owner].append(f"{table} {told}")
        return {owner: sorted(of_owner) for owner, of_owner in rows.items()}

    def tables(self) -> set[str]:
        found = self._db.execute("select name from sqlite_master where type = 'table'")
        return {row["name"] for row in found}


def answered(call: Callable[[], Any]) -> Answer:
    """What is no ChatError is a mistake of the program's, and goes on."""
    try:
        found = call()
    except ChatError as error:
        return Answer(type(error).__name__, str(error))
    if isinstance(found, httpx.Response):
        headers = {name: value for name, value in found.headers.items() if name != "content-length"}
        return Answer(found.status_code, f"{headers}\n{found.text}")
    return Answer("", repr(list(found) if isinstance(found, Iterator) else found))


@contextmanager
def whole_server() -> Iterator[Starlette]:
    """Streamlit's own routes, too; nobody starts it."""
    with patch.object(Runtime, "_instance", None), patch.object(app.hearth, "_runtime", None):
        yield app.hearth._build_starlette_app()


def waiting(tab: str) -> str:
    """The id of the file on that page."""
    return f"file-on-{tab}"


def number(word: str) -> int:
    return int(word[3:-1])


def words(text: str) -> set[str]:
    """Also those that are hidden in base64, and as Markdown escapes them."""
    text = text.replace("\\", "")
    found = set(WORD.findall(text))
    for piece in BASE64.findall(text):
        with suppress(binascii.Error, UnicodeDecodeError):
            found |= set(WORD.findall(base64.b64decode(piece, validate=True).decode()))
    return found
