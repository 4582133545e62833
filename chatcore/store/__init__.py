"""Where chats are kept: one contract, a backend for each kind of database.

Every backend passes tests/test_store.py, which reads as this contract does.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from chatcore.options import BY_DEFAULT, Choice
from chatcore.store.belongings import Belongings
from chatcore.store.identities import Identities
from chatcore.store.memory import MemoryStore
from chatcore.store.personas import Personas
from chatcore.store.posts import Posts
from chatcore.store.prompts import Prompts
from chatcore.store.search import Search
from chatcore.store.shares import Shares
from chatcore.store.tokens import Tokens
from chatcore.store.trash import Trash
from chatcore.types import File, InForce, Message, Owner, Record, Session, State, Turn, Usage


class Store(Protocol):
    """The history of every owner.

    - A write that returned is on disk: it survives kill -9 and a power cut. `save_draft` alone
      returns at once and is on disk soon after.
    - `owner` is a number from `owner()` and part of every query. Another owner's session or
      message is answered exactly as an unknown one: SessionNotFound, MessageNotFound.
    - Messages form a tree. Nothing is overwritten, and a deleted session can be restored.
    - Every method may be called from any thread.
    - What goes wrong is a StoreError: one sentence that says what to do.
    """

    location: str
    schema: str
    identities: Identities
    shares: Shares
    posts: Posts
    search: Search
    tokens: Tokens
    belongings: Belongings
    memory: MemoryStore
    trash: Trash
    prompts: Prompts
    personas: Personas

    def check(self) -> None:
        """Write something that changes nothing: raises StoreError where a prompt would fail."""
        ...

    def owner(self, key: str) -> int:
        """The number of the owner that identity `key` names; made at first sight."""
        ...

    def session(self, owner: int, session_id: str) -> Session:
        """Raises SessionNotFound, for a deleted session too."""
        ...

    def sessions(self, owner: int, limit: int = 50) -> list[Session]:
        """The owner's sessions, last used first, without deleted ones."""
        ...

    def rename_session(
        self,
        owner: int,
        session_id: str,
        title: str,
        by: str = "owner",
        instead_of: str | None = None,
    ) -> None:
        """A title is kept on one line; one in which nothing can be seen changes nothing.

        instead_of: nothing is changed where it has another title by now.
        """
        ...

    def choose_model(self, owner: int, session_id: str, model: str) -> None:
        """Remember `model` for the session's next prompt."""
        ...

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
        """Store a prompt with its attachments and the empty reply to it, in one commit.

        Without an id, in a new session, for which `choice` is kept. `in_force`:
        the session is with that persona from now on, where it is given. The reply is `streaming`
        until finish_reply. `instead_of` names a message of which the prompt becomes another
        version, with its attachments too; else it follows the leaf.

        Raises SessionNotFound, MessageNotFound, PersonaNotFound, AlreadyGenerating while the
        session has a reply that streams, and TooBusy where what follows the leaf would go before
        a prompt that waits.
        """
        ...

    def set_next(
        self,
        owner: int,
        session_id: str,
        prompt: str,
        model: str,
        attachments: Sequence[File] = (),
        in_force: InForce | None = None,
    ) -> Message:
        """Keep a prompt until the session's reply ends; it is `waiting`, outside the tree.

        `in_force` as for begin_turn. Raises PersonaNotFound, and TooBusy where one waits already.
        """
        ...

    def next_prompt(self, owner: int, session_id: str) -> Message | None:
        """The prompt that waits; its `model` is the one that shall answer it."""
        ...

    def hold_next(self, owner: int, message_id: int, held: bool) -> None:
        """Do not begin its turn, as it is being changed; or do again. Raises as edit_next."""
        ...

    def edit_next(self, owner: int, message_id: int, prompt: str) -> None:
        """Raises MessageNotFound where it waits no longer."""
        ...

    def discard_next(self, owner: int, message_id: int) -> None:
        """Raises MessageNotFound where it waits no longer."""
        ...

    def begin_next(self, owner: int, session_id: str) -> Turn | None:
        """Begin the turn of the prompt that waits; None where none does, or it is held.

        Raises as begin_turn.
        """
        ...

    def begin_version(self, owner: int, message_id: int, model: str) -> Turn:
        """Begin another version of a reply; the old one stays. Raises as begin_turn."""
        ...

    def resume_reply(self, owner: int, message_id: int) -> Turn:
        """Let the session's last reply stream again, its text and figures kept.

        Raises as begin_turn.
        """
        ...

    def choose_version(self, owner: int, message_id: int) -> None:
        """Make the branch through this message the active one, as it was when last left.

        Raises AlreadyGenerating while the session has a reply that streams: it would be hidden.
        """
        ...

    def fork_session(self, owner: int, message_id: int) -> Session:
        """A new session with copies of the messages up to this one."""
        ...

    def mark_read(self, owner: int, session_id: str) -> None:
        """What came while nobody looked is seen now."""
        ...

    def rate(self, owner: int, message_id: int, rating: int | None) -> None:
        """1 for good, 0 for bad, None for neither."""
        ...

    def messages(
        self, owner: int, session_id: str, last: int | None = None, first: int | None = None
    ) -> list[Message]:
        """The active branch, from the first message, or of the `last` so many, to its leaf.

        first: from this one on, where it is among them.
        """
        ...

    def tree(self, owner: int, session_id: str) -> list[Message]:
        """Every version of every message, oldest first, without a prompt that waits."""
        ...

    def branch(self, owner: int, message_id: int, first: int | None = None) -> list[Message]:
        """From the first message to this one, in a deleted session too. Raises MessageNotFound.

        first: from this one on, where it is among them; a long chat is not read whole then.
        """
        ...

    def message(self, owner: int, message_id: int) -> Message:
        """In a deleted session too. Raises MessageNotFound."""
        ...

    def file(self, owner: int, attachment_id: int) -> File:
        """An attachment, whole, in a deleted session too. Raises MessageNotFound.

        A message names its attachments; their content is read only here and by `content`.
        """
        ...

    def digest(self, owner: int, attachment_id: int) -> str:
        """The SHA-256 of an attachment as it was sent, in hex. Raises as file."""
        ...

    def content(self, owner: int, attachment_id: int) -> str | bytes:
        """What the model reads of an attachment, or the image it sees. Raises as file."""
        ...

    def records(self, owner: int, since: int = 0, limit: int = 200_000) -> list[Record]:
        """What to count of the owner's messages since then, newest first, of every version.

        Without deleted sessions, and without the copies that a fork was made of.
        """
        ...

    def save_draft(self, owner: int, message_id: int, rev: int, body: str, thinking: str) -> None:
        """Keep the text so far of a streaming reply; the highest `rev` wins.

        Returns at once. A newer draft takes the place of one still waiting, and one that comes
        after finish_reply is dropped. One that cannot be written is logged and forgotten: the
        next holds all of it.
        """
        ...

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
        """Store a streaming reply for good; `unread` where nobody saw it come.

        Of a reply that is not streaming: nothing to do.
        """
        ...

    def recover(self) -> int:
        """Turn each reply that a crash left `streaming` into `interrupted`, with its draft as
        its text, and its session into an unread one. Call it once at start, before any reply.
        Returns how many there were."""
        ...

    def close(self) -> None:
        """Write what waits, then close. Idempotent."""
        ...


def open_store(database: Path) -> Store:
    """Raises StoreError where the file cannot serve as a history; it is never made anew."""
    from chatcore.store.sqlite import SqliteStore

    return SqliteStore(database)


def owners_in(database: Path) -> list[Owner]:
    """Everybody with chats, last used first, while Hearth runs or not. Raises StoreError."""
    from chatcore.store.sqlite.owners import owners_in

    return owners_in(database)
