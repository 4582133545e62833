"""A key that is the right to something, what is stored of it, how long a link is good, and what it
shows. Pure."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from chatcore.types import Attachment, Role

EXPIRIES = {
    "1 day": timedelta(days=1),
    "7 days": timedelta(days=7),
    "30 days": timedelta(days=30),
    "Never": None,
}


@dataclass(frozen=True, slots=True)
class Share:
    """A link to a chat, as its owner sees it: all but the key, of which only the hash is known."""

    key_hash: str
    session_id: str
    title: str
    """The chat's name that it shows."""
    thinking: bool
    """Whether it shows the thoughts of the replies, too."""
    current: bool
    """Whether the chat is still as the link shows it."""
    created_at: int
    pinned_at: int
    expires_at: int | None
    last_opened_at: int | None

    def has_ended(self, now: int) -> bool:
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class SharedMessage:
    """What a link shows of a message."""

    role: Role
    body: str
    thinking: str
    model: str
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class SharedChat:
    """What a link shows: one branch of a chat, as it was when the link was pinned to it."""

    title: str
    pinned_at: int
    messages: tuple[SharedMessage, ...]


def make_key() -> str:
    """192 random bits, for whoever is given it and for no database."""
    return secrets.token_urlsafe(24)


def key_hash(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def expires_at(choice: str, now: int) -> int | None:
    """The moment at which a link of this choice ends, as `now` in milliseconds; None for never."""
    lifetime = EXPIRIES[choice]
    return None if lifetime is None else now + lifetime // timedelta(milliseconds=1)
