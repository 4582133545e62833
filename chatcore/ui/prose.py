"""A text as it is drawn, block by block: each is one element, as when it streamed."""

import streamlit as st

from chatcore.markdown import blocks


def draw(markdown: str) -> None:
    for block in blocks(markdown):
        st.markdown(block)
