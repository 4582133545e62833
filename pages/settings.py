"""Settings: who looks, in which browsers; saved prompts, tokens, links, and all that is theirs."""

import streamlit as st

from chatcore.ui import actions, prompts, settings, share, state, tokens, trash

st.set_page_config(page_title="Settings · Hearth")
view = state.view()


def draw() -> None:
    st.header("Settings", anchor=False)
    actions.tell_failure()
    settings.tell_erased()
    settings.who(view)
    settings.browsers(view)
    prompts.draw(view)
    tokens.draw(view)
    share.all_links(view)
    settings.data(view)
    trash.draw(view)
    settings.erasing()


view.rest.add(draw)
