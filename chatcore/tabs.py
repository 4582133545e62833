"""Whose each open page is: what it holds follows its browser tab, and may not follow to another."""

import threading

KNOWN = 10_000  # pages that are remembered


class Tabs:
    """From a Streamlit session to the identity that it was drawn for. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, str] = {}

    def note(self, tab: str, key: str) -> None:
        with self._lock:
            self._keys.pop(tab, None)
            self._keys[tab] = key
            if len(self._keys) > KNOWN:
                del self._keys[next(iter(self._keys))]  # whichever was drawn longest ago

    def is_of(self, tab: str, key: str | None) -> bool:
        """A page that is not known (any more) is nobody's."""
        with self._lock:
            return key is not None and self._keys.get(tab) == key
