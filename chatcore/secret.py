"""The secret that cookies are signed with: from the settings, or a file beside the database."""

import logging
import os
import re
import secrets
import tempfile
from pathlib import Path

from chatcore.errors import StoreError
from chatcore.settings import Settings

log = logging.getLogger(__name__)


def signing_keys(settings: Settings) -> tuple[bytes, ...]:
    """The first signs. Makes the file at the first start; the caller holds the database's lock.

    Raises StoreError.
    """
    if settings.secret:
        return tuple(key.encode() for key in settings.secret)
    path = settings.database.with_name(f"{settings.database.name}.secret")
    try:
        if not path.exists():
            _make(path)
        return (_read(path),)
    except OSError as error:
        log.warning("%s: %s", path, error)
        raise StoreError(
            "The secret beside the history cannot be read or made: make its file, which the log"
            " names, and the folder of it yours, or set HEARTH_SECRET."
        ) from error


def _make(path: Path) -> None:
    """Under another name and moved into place, so that a crash leaves no half a secret."""
    handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # 0600
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{secrets.token_hex(32)}\n")
        file.flush()
        os.fsync(handle)
    os.replace(name, path)


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
        log.warning("%s could be read by others on this machine: it is yours alone again", path)
    content = path.read_bytes().strip()
    if not re.fullmatch(rb"[0-9a-f]{64}", content):
        log.warning("%s is not a secret that Hearth made", path)
        raise StoreError(
            "What the log names is not the secret that Hearth made: put a backup in its place, or"
            " delete it, and every browser will be taken for a new one."
        )
    return content
