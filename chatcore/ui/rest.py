"""What of a page can wait until a reply has begun. Streamlit draws in the order of the script."""

from collections.abc import Callable

Draw = Callable[[], None]


class Rest:
    """Drawn once: by the follower of a reply in its first pause, else at the end of the run."""

    def __init__(self) -> None:
        self._waiting: list[Draw] = []

    def add(self, draw: Draw) -> None:
        self._waiting.append(draw)

    def draw(self) -> None:
        while self._waiting:
            self._waiting.pop(0)()
