"""Settings: who looks, in which browsers, and what is theirs, to take along or to delete."""

import streamlit as st

from chatcore.ui import actions, settings, state

st.set_page_config(page_title="Settings · Hearth")
view = state.view()


def draw() -> None:
    st.header("Settings", anchor=False)
    actions.tell_failure()
    settings.tell_erased()
    settings.who(view)
    settings.browsers(view)
    settings.data(view)
    settings.erasing()


view.rest.add(draw)
