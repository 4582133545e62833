"""From a reply under way to what st.write_stream takes."""

from collections.abc import Callable, Iterator

import streamlit as st

from chatcore.blocks import BlockStream, Cut
from chatcore.generation import Generation

# More would cost the browser its main thread without being seen.
UPDATES_PER_SECOND = 25.0


def pieces(
    generation: Generation, on_first: Callable[[], object]
) -> Iterator[str | Callable[[], None]]:
    """The text from its first word; between blocks, what makes Streamlit begin a new element.

    st.write_stream sends all the text of the current element with each piece: without the cuts,
    a reply would cost the square of its length. `on_first` is called before the first piece.
    """
    blocks, started = BlockStream(), False
    for text in generation.follow(UPDATES_PER_SECOND, _still_there):
        if not started:
            started = True
            on_first()
        yield from _streamed(blocks.feed(text))
    yield from _streamed(blocks.end())


def _streamed(parts: list[str | Cut]) -> Iterator[str | Callable[[], None]]:
    for part in parts:
        yield part if isinstance(part, str) else _begin_new_element


def _begin_new_element() -> None:
    """Streamlit closes the element before it calls this."""


def _still_there() -> None:
    # Any touch of session_state lets Streamlit end this run, when the visitor clicked or left.
    st.session_state.get("view")
