"""The clock over a reply under way, which tells slow from stuck."""

import time
from collections.abc import Callable, Sequence

from streamlit.delta_generator import DeltaGenerator

from chatcore.generation import Generation
from chatcore.ui import words

EVERY = 0.5  # seconds; each tick is a message to the browser


class Clock:
    """Drawn by the follower, since a fragment's own clock would stand while one runs."""

    def __init__(
        self, generation: Generation, place: DeltaGenerator, live: Sequence[Callable[[], None]]
    ) -> None:
        """live: what else is to be kept true, as often."""
        self._generation = generation
        self._live = live
        self._place = place
        self._shown = ""
        self._began = time.monotonic()
        self._drawn_at = float("-inf")

    @property
    def age(self) -> float:
        """Seconds that the reply has been followed."""
        return time.monotonic() - self._began

    def tick(self) -> None:
        """Draw what the reply is at, where half a second has passed and it changed."""
        now = time.monotonic()
        if now - self._drawn_at < EVERY:
            return
        self._drawn_at = now
        self.tick_others()
        phase = self._generation.phase
        text = words.phase(phase, now - phase.since)
        if text != self._shown:
            self._place.caption(text)
            self._shown = text

    def tick_others(self) -> None:
        """What else is kept true; once more at the end."""
        for tick in self._live:
            tick()
