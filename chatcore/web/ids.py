"""The number in an address, which may be anything."""

import re

from starlette.requests import Request


def number(request: Request) -> int:
    """0, which is nobody's, where it is none that a database could hold."""
    text = request.path_params["id"]
    found = int(text) if re.fullmatch("[0-9]{1,19}", text) else 0
    return found if found < 2**63 else 0
