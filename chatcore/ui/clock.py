"""The clock over a reply under way, which tells slow from stuck."""

import time

from streamlit.delta_generator import DeltaGenerator

from chatcore.generation import Generation
from chatcore.ui import words

EVERY = 0.5  # seconds; each tick is a message to the browser


class Clock:
    """Drawn by the follower, since a fragment's own clock would stand while one runs."""

    def __init__(self, generation: Generation, place: DeltaGenerator) -> None:
        self._generation = generation
        self._place = place
        self._shown = ""
        self._began = time.monotonic()
        self._drawn_at = float("-inf")

    @property
    def age(self) -> float:
        """Seconds that the reply has been followed."""
        return time.monotonic() - self._began

    def tick(self) -> None:
        """Draw what the reply is at, where it changed and half a second has passed."""
        now = time.monotonic()
        if now - self._drawn_at < EVERY:
            return
        phase = self._generation.phase
        text = words.phase(phase, now - phase.since)
        if text != self._shown:
            self._place.caption(text)
            self._shown, self._drawn_at = text, now
