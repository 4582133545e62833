"""Files as people attach them, made on the spot."""

import io

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, StreamObject


def pdf(*pages: str, password: str | None = None, packed: bool = False) -> bytes:
    """A PDF with a line of text on each page; a blank line is a page without text, like a scan."""
    writer = PdfWriter()
    for text in pages:
        page = writer.add_blank_page(612, 792)
        if text:
            drawing = StreamObject()
            drawing.set_data(f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode())
            page[NameObject("/Contents")] = drawing.flate_encode() if packed else drawing
            page[NameObject("/Resources")] = _helvetica()
    if password is not None:
        writer.encrypt(password)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def image(kind: str = "PNG", width: int = 40, height: int = 30) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, kind)
    return file.getvalue()


def _helvetica() -> DictionaryObject:
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    fonts = _names({"/F1": _names({k: NameObject(v) for k, v in font.items()})})
    return _names({"/Font": fonts})


def _names(entries: dict[str, object]) -> DictionaryObject:
    return DictionaryObject({NameObject(key): value for key, value in entries.items()})
