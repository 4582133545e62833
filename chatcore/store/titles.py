"""The title of a chat, on one line. Pure."""

from chatcore.blank import is_blank

CHARACTERS = 200
SHORT = 60


def on_one_line(title: str) -> str:
    """As much of it as is kept; "" where nothing of it can be seen."""
    return "" if is_blank(title) else " ".join(title.split())[:CHARACTERS].rstrip()


def first_words(prompt: str) -> str:
    """A title from a prompt, as long as fits a line of the sidebar."""
    words = " ".join(prompt[: 10 * SHORT].split())
    if len(words) <= SHORT:
        return words
    return words[:SHORT].rsplit(" ", 1)[0] + "…"
