"""A chat: its messages, the reply under way, and the composer."""

import streamlit as st

from chatcore.ui import composer, empty, gauge, history, page, state
from chatcore.ui.stage import stage
from chatcore.ui.transcript import Transcript

view = state.view()


def draw() -> None:
    stop = composer.place_of_stop()
    if view.session is None:
        history.close()
        with stage("chat", None):
            empty.draw(view)
        notices = st.container()
        page.draw(view, notices)
        gauge.draw_new(view, composer.draw(view, notices))
    else:
        Transcript(view).draw(stop, st.container())


view.rest.add(draw)
