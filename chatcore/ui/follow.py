"""From a reply under way to what st.write_stream takes."""

from collections.abc import Callable, Iterator

import streamlit as st

from chatcore.blocks import Cut
from chatcore.markdown import MarkdownStream

# More would cost the browser its main thread without being seen.
UPDATES_PER_SECOND = 15.0


Piece = str | Callable[[], None]
Follow = Callable[[float, Callable[[], object]], Iterator[str]]


def pieces(follow: Follow, tick: Callable[[], object]) -> Iterator[Piece]:
    """What is followed from its first word; between blocks, what makes Streamlit begin an element.

    st.write_stream sends all the text of the current element with each piece: without the cuts,
    a reply would cost the square of its length. `tick` is called now and then, and soon again where
    it returns that there is more to do.
    """

    def heartbeat() -> object:
        # Any touch of session_state lets Streamlit end this run, when the visitor clicked or left.
        st.session_state.get("view")
        return tick()

    blocks = MarkdownStream()
    for text in follow(UPDATES_PER_SECOND, heartbeat):
        yield from _streamed(blocks.feed(text))
    yield from _streamed(blocks.end())


def _streamed(parts: list[str | Cut]) -> Iterator[Piece]:
    for part in parts:
        yield part if isinstance(part, str) else _begin_new_element


def _begin_new_element() -> None:
    """Streamlit closes the element before it calls this."""
