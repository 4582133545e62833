"""`python -m chatcore pair`: a link that shows one's chats in another browser, made in the shell.

It works whether Hearth runs or not, since it only reads the database; see store/identities.py.
"""

from datetime import datetime

from chatcore import qr
from chatcore.errors import PairingRefused
from chatcore.settings import Settings
from chatcore.store import owners_in
from chatcore.store.identities import leave_pairing
from chatcore.types import Owner


def pair(settings: Settings, owner: int | None, url: str) -> str:
    """What to print. Raises PairingRefused and StoreError."""
    if settings.identity_mode != "browser":
        raise PairingRefused(
            f"HEARTH_IDENTITY is {settings.identity!r}: browsers are paired under browser alone."
        )
    owners = owners_in(settings.database)
    token = leave_pairing(settings.database, _chosen(owners, owner))
    link = f"{url.rstrip('/')}/pair/{token}"
    return f"{qr.in_terminal(link)}\nOpen this within five minutes, once:\n{link}"


def _chosen(owners: list[Owner], n: int | None) -> int:
    if len(owners) == 1 and n in (None, owners[0].n):
        return owners[0].n
    if n in [owner.n for owner in owners]:
        assert n is not None
        return n
    if not owners:
        raise PairingRefused("Nobody has chats here yet: open Hearth in a browser first.")
    listed = "\n".join(_line(owner) for owner in owners)
    raise PairingRefused(f"Say whose chats they shall be, with --owner:\n{listed}")


def _line(owner: Owner) -> str:
    day = datetime.fromtimestamp(owner.updated_at / 1000).date()
    return f"  --owner {owner.n}: chats {owner.chats}, browsers {owner.browsers}, last used {day}"
