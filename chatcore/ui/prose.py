"""A text as it is drawn, block by block: each is one element, as when it streamed."""

from functools import lru_cache

import streamlit as st

from chatcore.markdown import blocks

USUAL = 10_000  # characters; longer texts are not kept, which many could fill the memory with


def draw(markdown: str) -> None:
    for block in _kept(markdown) if len(markdown) <= USUAL else blocks(markdown):
        st.markdown(block)


@lru_cache(maxsize=2000)
def _kept(markdown: str) -> tuple[str, ...]:
    """Every message of a page is drawn at every run of it."""
    return tuple(blocks(markdown))
