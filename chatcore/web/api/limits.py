"""How much may be asked at once: bytes of a body, and requests a minute."""

import math
import time
from collections.abc import Hashable

from starlette.requests import Request

from chatcore.web.refusals import TooLarge, TooMany

BYTES_PER_CHARACTER = 6  # of text, as JSON may escape it
KNOWN = 10_000  # callers that are remembered


async def body(request: Request, most: int) -> bytes:
    """Read no further than `most` bytes. Raises TooLarge."""
    read = bytearray()
    if int(request.headers.get("content-length", "0")) <= most:
        async for chunk in request.stream():
            read += chunk
            if len(read) > most:
                break
        else:
            return bytes(read)
    raise TooLarge(f"A body takes {most:,} bytes here: send less at once.")


class Minute:
    """Who asked how often: each has so many requests, and gets them back in a minute's time.

    For one event loop.
    """

    def __init__(self) -> None:
        self._left: dict[Hashable, tuple[float, float]] = {}
        """How many were left, and when."""

    def take(self, caller: Hashable, per_minute: int) -> None:
        """Raises TooMany."""
        now = time.monotonic()
        left, at = self._left.pop(caller, (float(per_minute), now))
        left = min(per_minute, left + (now - at) * per_minute / 60)
        self._left[caller] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > KNOWN:
            del self._left[next(iter(self._left))]  # whoever asked longest ago
        if left < 1:
            raise TooMany(math.ceil((1 - left) * 60 / per_minute))
