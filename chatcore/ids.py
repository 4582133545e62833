"""The number in an address, which may be anything. Pure."""

import re


def number(text: str) -> int:
    """0, which is nobody's, where it is none that a database could hold."""
    found = int(text) if re.fullmatch("[0-9]{1,19}", text) else 0
    return found if found < 2**63 else 0
