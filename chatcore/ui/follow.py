"""From a reply under way to what st.write_stream takes."""

from collections.abc import Callable, Iterator

import streamlit as st

from chatcore.blocks import Cut
from chatcore.generation import Generation
from chatcore.markdown import MarkdownStream

# More would cost the browser its main thread without being seen.
UPDATES_PER_SECOND = 15.0


def pieces(generation: Generation, tick: Callable[[], None]) -> Iterator[str | Callable[[], None]]:
    """The text from its first word; between blocks, what makes Streamlit begin a new element.

    st.write_stream sends all the text of the current element with each piece: without the cuts,
    a reply would cost the square of its length. `tick` is called now and then.
    """

    def heartbeat() -> None:
        # Any touch of session_state lets Streamlit end this run, when the visitor clicked or left.
        st.session_state.get("view")
        tick()

    blocks = MarkdownStream()
    for text in generation.follow(UPDATES_PER_SECOND, heartbeat):
        yield from _streamed(blocks.feed(text))
    yield from _streamed(blocks.end())


def _streamed(parts: list[str | Cut]) -> Iterator[str | Callable[[], None]]:
    for part in parts:
        yield part if isinstance(part, str) else _begin_new_element


def _begin_new_element() -> None:
    """Streamlit closes the element before it calls this."""
