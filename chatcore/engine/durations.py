"""Reads keep_alive: seconds as a number, or a Go duration such as "1h30m"."""

import math
import re

from chatcore.engine.refusals import Refused

FOREVER = math.inf
_DEFAULT = 300.0
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_UNIT = "|".join(sorted(_SECONDS, key=len, reverse=True))
_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_PART = re.compile(f"({_NUMBER})({_UNIT})", re.ASCII)
_DURATION = re.compile(f"([+-]?)((?:{_NUMBER}(?:{_UNIT}))+|{_NUMBER})", re.ASCII)


def keep_alive_seconds(value: object) -> float:
    """Seconds to stay loaded after a request; FOREVER for anything negative."""
    if value is None:
        return _DEFAULT
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Refused(400, "keep_alive must be a number of seconds or a duration such as 5m")
    try:
        seconds = _parse(value) if isinstance(value, str) else float(value)
    except OverflowError:
        seconds = FOREVER
    return FOREVER if seconds < 0 else seconds


def _parse(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if not match:
        raise Refused(400, f'time: invalid duration "{text}"')
    sign, body = match.groups()
    parts = _PART.findall(body)
    # Without a unit the number counts seconds, which the API's documentation promises for numbers.
    seconds = sum(float(n) * _SECONDS[unit] for n, unit in parts) if parts else float(body)
    return -seconds if sign == "-" else seconds
