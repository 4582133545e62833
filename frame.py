"""The script behind every page: its frame, the sidebar, and the page that the address names.

A link with a key is looked at first: whoever has one reads that chat, and sees no sidebar.
"""

import streamlit as st

from chatcore.errors import ChatError, NoIdentity
from chatcore.ui import (
    actions,
    asked,
    persona_picker,
    picker,
    shared,
    sidebar,
    signing_in,
    state,
    style,
    words,
)

state.arrive()
asked.callbacks_ran()
st.set_page_config(
    page_title="Hearth",
    page_icon=style.ICON,
    layout="centered",
    initial_sidebar_state="auto",
)
# A url_path unlike the file's name: where app.py is not imported, as in tests of the page alone,
# Streamlit would take the page for the file of that name, and run it without its frame.
chat = st.Page("pages/chat.py", title="Chat", url_path="home", default=True)
dashboard = st.Page("pages/dashboard.py", title="Dashboard", url_path="insights")
settings = st.Page("pages/settings.py", title="Settings", url_path="preferences")
personas = st.Page("pages/personas.py", title="Personas", url_path="characters")
page = st.navigation([chat, personas, dashboard, settings], position="hidden")

try:
    if page is chat and (link := shared.opened()):
        shared.draw(link)
    else:
        view = state.load(in_chat=page is chat)
        picker.settle(view)
        persona_picker.settle(view)
        page.run()
        view.rest.add(lambda: sidebar.draw(view))
        view.rest.draw()
except NoIdentity as error:
    st.info(words.sentence(str(error)), icon=":material/person_off:")
    if state.signs_in():
        actions.tell_failure()
        signing_in.offer()
except ChatError as error:
    st.error(words.sentence(str(error)), icon=":material/error:")
    st.button("Try again", key="try_again")
asked.taken()
