"""The text of a PDF, read in a process of its own: a hostile file wastes that one and no more.

`python -m chatcore.pdf` reads a PDF from its standard input and writes the text, as UTF-8, to its
standard output; where there is none, its exit status says why.
"""

import faulthandler
import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from chatcore.errors import FileRefused

if TYPE_CHECKING:
    from pypdf import PdfReader

PAGES = 1000
SECONDS = 30
MEMORY = 2 << 30  # bytes of address space, where the system can hold a process to that

# Exit statuses. Any other but 0 is a file that pypdf stumbles over.
ENCRYPTED, TOO_LONG = 3, 4
REASONS = {
    ENCRYPTED: "is encrypted: remove its password, then attach it again",
    TOO_LONG: f"has more than {PAGES:,} pages: attach a part of it",
}
DAMAGED = "is damaged: open it elsewhere, save it anew, then attach that"


def text(data: bytes, limit: int) -> str:
    """At least `limit` characters of it, where it has as many.

    Raises FileRefused with words that follow the file's name.
    """
    try:
        child = subprocess.run(
            [sys.executable, "-m", "chatcore.pdf", str(limit)],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            cwd=Path(__file__).parents[1],
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FileRefused(f"takes longer than {SECONDS} s to read: attach a part of it") from None
    if child.returncode:
        raise FileRefused(REASONS.get(child.returncode, DAMAGED))
    return child.stdout.decode()


def main() -> int:
    # Imported late: the process that waits has no use for it.
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    _keep_to_bounds()
    logging.disable()  # what is wrong with a file is no news for the log
    limit, data = int(sys.argv[1]), sys.stdin.buffer.read()
    try:
        reader = PdfReader(io.BytesIO(data))
        if len(reader.pages) > PAGES:
            return TOO_LONG
        for piece in _pieces(reader, limit):
            sys.stdout.buffer.write(piece.encode(errors="replace"))
    except (FileNotDecryptedError, DependencyError):
        return ENCRYPTED
    sys.stdout.flush()
    return 0


def _keep_to_bounds() -> None:
    """Of memory, and of time: should the process that waits for this one be killed."""
    faulthandler.dump_traceback_later(2 * SECONDS, exit=True)
    with suppress(ImportError, ValueError, OSError):
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _pieces(reader: "PdfReader", limit: int) -> Iterator[str]:
    for page in reader.pages:
        if limit <= 0:
            return
        piece = page.extract_text().strip()
        limit -= len(piece)
        yield f"{piece}\n\n" if piece else ""


if __name__ == "__main__":
    sys.exit(main())
