"""Who the owner is: the key under which the store knows the person at this browser."""

from collections.abc import Mapping

LOCAL = "local"


def identity_key(_cookies: Mapping[str, str]) -> str:
    """One person owns this Hearth: every browser that reaches it is theirs."""
    return LOCAL
