"""Whose each open page is: what it holds follows its browser tab, and may not follow to another.

And which of them changes a prompt that waits.
"""

import threading

KNOWN = 10_000  # pages that are remembered


class Tabs:
    """From a Streamlit session to the identity that it was drawn for. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, str] = {}
        self._changes: dict[str, int] = {}

    def note(self, tab: str, key: str) -> None:
        with self._lock:
            self._keys.pop(tab, None)
            self._keys[tab] = key
            if len(self._keys) > KNOWN:
                oldest = next(iter(self._keys))  # whichever was drawn longest ago
                del self._keys[oldest]
                self._changes.pop(oldest, None)

    def is_of(self, tab: str, key: str | None) -> bool:
        """A page that is not known (any more) is nobody's."""
        with self._lock:
            return key is not None and self._keys.get(tab) == key

    def change(self, tab: str, message_id: int) -> None:
        """The page changes this prompt now, and none before it."""
        with self._lock:
            self._changes[tab] = message_id

    def changing(self, message_id: int) -> list[str]:
        """The pages that change it, and those that were left while they did."""
        with self._lock:
            return [tab for tab, changed in self._changes.items() if changed == message_id]
