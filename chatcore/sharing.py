"""A key that is the right to something, what is stored of it, and how long a link is good. Pure."""

import hashlib
import secrets
from datetime import timedelta

EXPIRIES = {
    "1 day": timedelta(days=1),
    "7 days": timedelta(days=7),
    "30 days": timedelta(days=30),
    "Never": None,
}


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
