"""What browsers asked of their pages and no run of a page has taken yet."""

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Stamped(NamedTuple):
    """A frame of a browser's that asks for a run of its page."""

    token: str
    frame: bytes
    """With the token in it."""
    patience: float
    """Seconds for which what follows waits until this is taken."""


class Asked:
    """By a token that goes along with each. For any thread."""

    def __init__(self) -> None:
        self._waiting: dict[str, Callable[[], object]] = {}

    def note(self, token: str, taken: Callable[[], object]) -> None:
        """taken: to be called once, by whichever thread takes it."""
        self._waiting[token] = taken

    def take(self, tokens: Iterable[str]) -> None:
        """What is not known (any more) was taken, or given up."""
        for token in tokens:
            if taken := self._waiting.pop(token, None):
                taken()

    def forget(self, token: str) -> None:
        self._waiting.pop(token, None)

    def __len__(self) -> int:
        return len(self._waiting)
