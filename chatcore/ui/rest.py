"""What is still to be drawn of a page, in order. Streamlit draws when the script gets there.

Pages leave what they draw here too, instead of drawing: the identity of a widget depends on the
script that is running, so frame and page are drawn by one, whichever is drawn by whose pause.
"""

from collections.abc import Callable

Draw = Callable[[], None]

MANY = 40  # of more than that, those that come last would fade before they are drawn again


class Rest:
    """The follower of a reply draws it in its pauses, and at the end frame.py."""

    def __init__(self) -> None:
        self._waiting: list[Draw] = []

    def add(self, draw: Draw) -> None:
        self._waiting.append(draw)

    def draw(self) -> None:
        while self.draw_some():
            pass

    def draw_some(self) -> bool:
        """One thing, or some of very many; whether there is more."""
        count = 1 + len(self._waiting) // MANY
        now, self._waiting = self._waiting[:count], self._waiting[count:]
        for draw in now:
            draw()
        return bool(self._waiting)
