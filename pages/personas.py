"""Personas: all of them, or one in its editor with a scratch chat beside it."""

import streamlit as st

from chatcore.ui import persona_editor, persona_list, state

edited = persona_list.in_address()
st.set_page_config(page_title="Personas · Hearth", layout="centered" if edited is None else "wide")
view = state.view()


def draw() -> None:
    if edited is None:
        persona_list.draw(view)
    else:
        persona_editor.draw(view, edited)


view.rest.add(draw)
