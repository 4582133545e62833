"""Which identities lead to an owner: the browsers of one person, and how they are joined."""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from chatcore.clock import now
from chatcore.sharing import key_hash, make_key
from chatcore.types import Browser

VALID = 5 * 60 * 1000  # milliseconds: how long a pairing link is good


class Identities(Protocol):
    """The identities of every owner.

    - What is refused is a PairingRefused; a link that was never made is answered as one that is
      used or too old.
    - An owner of whom a reply is under way is not joined: AlreadyGenerating. Where the other has
      no messages, theirs are left as they are, and the other is joined to them.
    """

    def owner(self, key: str) -> int | None:
        """Whom an identity names, where it names anybody: nobody is made."""
        ...

    def seen(self, key: str, label: str, heir_of: str | None = None) -> None:
        """A browser came, and calls itself so.

        A new one takes over the owner of the identity `heir_of`, where nobody did before.
        """
        ...

    def browsers(self, owner: int) -> list[Browser]:
        """Those that show this owner's chats, last seen first."""
        ...

    def sign_out(self, owner: int, key: str) -> None:
        """Let a browser show them no longer: it begins anew when it comes again. Links that are
        open may be in the same hands, and are withdrawn."""
        ...

    def invite(self, owner: int) -> str:
        """The token of a link that pairs one browser with this owner. Only its hash is kept."""
        ...

    def invitations(self, owner: int) -> list[int]:
        """Until when each link of this owner's is good that is not used, in ms, soonest first."""
        ...

    def withdraw(self, owner: int) -> None:
        """Make every link of this owner's worthless."""
        ...

    def inviter(self, token: str) -> int:
        """Whose chats a link leads to, without using it up. Raises PairingRefused."""
        ...

    def pair(self, token: str, key: str) -> None:
        """Let the identity `key` name the owner who made the link, and join what it has to theirs.

        Raises PairingRefused and AlreadyGenerating; then nothing changed.
        """
        ...

    def bring(self, key: str, into: int) -> None:
        """Join what the browser `key` has to this owner. Its browsers begin anew: what they had
        is behind a sign-in now. Raises AlreadyGenerating."""
        ...

    def has_chats(self, key: str) -> bool:
        """Whether there is anything that joining would move, in the trash too."""
        ...

    def current(self, owner: int, message_id: int) -> int:
        """The id by now of a message of theirs that had this one, or the id itself."""
        ...


@dataclass(frozen=True)
class Pairing:
    """A link that pairs one browser with an owner."""

    hash: str
    owner: int
    expires_at: int
    used_at: int | None = None


def leave_pairing(database: Path, owner: int) -> str:
    """The token of a link as invite() makes it, for a process that may not write the database.

    It leaves the hash in a file beside it: who can do that can read all chats anyway.
    """
    token = make_key()
    pairing = Pairing(key_hash(token), owner, now() + VALID)
    handle, name = tempfile.mkstemp(prefix=database.name, dir=database.parent)  # 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(pairing), file)
    os.replace(name, pairing_file(database))
    return token


def pairing_file(database: Path) -> Path:
    return database.with_name(f"{database.name}.pairing")
