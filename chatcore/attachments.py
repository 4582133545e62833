"""From the bytes that a person attaches to what the model reads, by content and never by name.

Pure of pages and of the store. Every reason to refuse is a FileRefused, one sentence.
"""

import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

from PIL import Image

from chatcore import pdf
from chatcore.errors import FileRefused
from chatcore.types import File

# Of one message.
FILES = 10
BYTES = 20 << 20
CHARACTERS = 400_000

PIXELS = 64_000_000  # decoded, a browser holds four bytes of each
NAME_CHARACTERS = 100
REASONS = 3

BLANK = "is blank: attach another"
SCANNED = "holds no text, as scans do: attach pictures of its pages"

IMAGES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
NOT_IN_TEXT = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f]")


def read_all(uploads: Iterable[tuple[str, bytes]]) -> tuple[tuple[File, ...], str]:
    """Names and contents in; the files of one message, and why others cannot be among them."""
    files: list[File] = []
    refused: list[str] = []
    for name, data in uploads:
        try:
            files.append(read(name, data, files))
        except FileRefused as reason:
            refused.append(str(reason))
    told = refused[:REASONS]
    if len(refused) > REASONS:
        told.append(f"{len(refused) - REASONS} more were refused.")
    return tuple(files), " ".join(told)


def read(name: str, data: bytes, beside: Sequence[File] = ()) -> File:
    """`beside`: what the message has already, which leaves so much less room.

    Raises FileRefused for what is neither text, a PDF with text, nor an image, or too much.
    """
    name = _name(name)
    try:
        _check_room(data, beside)
        file = _read(name, data)
        _check_length(file, beside)
    except FileRefused as refused:
        raise FileRefused(f'"{name}" {refused}.') from refused.__cause__
    return file


def _check_room(data: bytes, beside: Sequence[File]) -> None:
    if not data:
        raise FileRefused("is empty: attach another")
    if len(beside) >= FILES:
        raise FileRefused(f"is too many: a message takes {FILES} files")
    if len(data) + sum(len(other.data) for other in beside) > BYTES:
        raise FileRefused(f"does not fit: a message takes {BYTES >> 20} MB of files")


def _check_length(file: File, beside: Sequence[File]) -> None:
    if sum(len(each.text or "") for each in (file, *beside)) > CHARACTERS:
        raise FileRefused(
            f"is too long: a message takes {CHARACTERS:,} characters of files, so attach a part"
        )


def _read(name: str, data: bytes) -> File:
    if data[:1024].lstrip().startswith(b"%PDF-"):
        text = pdf.text(data, CHARACTERS + 1)
        return File(name, "application/pdf", data, _tidy(text, SCANNED))
    if kind := _image_kind(data):
        _check_image(kind, data)
        return File(name, IMAGES[kind], data, None)
    text, encoding = _decoded(data)
    return File(name, f"text/plain; charset={encoding}", data, _tidy(text, BLANK))


def _tidy(text: str, nothing: str) -> str:
    """`nothing`: what to say where nothing is left."""
    text = text.replace("\r\n", "\n").strip("\n")
    if not text.strip():
        raise FileRefused(nothing)
    return text


def _image_kind(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    return "WEBP" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def _check_image(kind: str, data: bytes) -> None:
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            too_large = image.width * image.height > PIXELS
            image.verify()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        too_large = True
    # Pillow does not say what it raises for which fault of a file.
    except Exception as error:
        raise FileRefused(pdf.DAMAGED) from error
    if too_large:
        raise FileRefused(f"has more than {PIXELS // 1_000_000} megapixels: make it smaller")


def _decoded(data: bytes) -> tuple[str, str]:
    """The text and its encoding, as a browser knows it by name."""
    marked = next((mark for mark in BYTE_ORDER_MARKS if data.startswith(mark)), b"")
    encodings = [BYTE_ORDER_MARKS[marked]] if marked else ["utf-8", "windows-1252", "iso-8859-1"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if NOT_IN_TEXT.search(text):
            break
        return text, encoding.removesuffix("-sig")
    raise FileRefused(
        "is no text, PDF, PNG, JPEG or WebP: save it as one of these, then attach that"
    )


def _name(name: str) -> str:
    """The last part of a path on one line, without what is not seen or turns letters around."""
    name = re.split(r"[/\\]", name)[-1]
    seen = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in name)
    name = " ".join(seen.split())
    if len(name) > NAME_CHARACTERS:
        half = NAME_CHARACTERS // 2
        name = f"{name[:half]}…{name[-half:]}"
    return name or "file"
