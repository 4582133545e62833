"""A link as a QR code, for a phone to read from the screen."""

import io

import segno


def address(text: str) -> str:
    """Of the picture, which is in the address itself: no server has to keep it for anybody."""
    return segno.make(text, micro=False).png_data_uri(scale=6)


def in_terminal(text: str) -> str:
    out = io.StringIO()
    segno.make(text, micro=False).terminal(out, compact=True)
    return out.getvalue()
