"""Whether a text says anything to whoever reads it. Pure."""

import unicodedata

SILENT = {"Cc", "Cf", "Zl", "Zp", "Zs"}
"""The Unicode categories of what is not seen: control and format characters, and spaces."""


def is_blank(text: str) -> bool:
    return all(unicodedata.category(character) in SILENT for character in text)
