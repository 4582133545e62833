"""What Streamlit has no way to do, done in the browser by one small component for the whole page:
the clipboard, links to a message, where the page is scrolled to, the keys, and the saved prompts at
the composer (prompts.js).

Its data is small and changes only when there is something to do, since Streamlit calls page.js at
each change. What it does not know, it cannot leak: it sends two wishes alone, to copy the last
reply and to be drawn anew (`look`). Stop it asks of the API.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore.errors import MessageNotFound
from chatcore.types import Session
from chatcore.ui import actions, history, state
from chatcore.ui.component import component
from chatcore.ui.state import View

page = component("page")


def draw(view: View, notices: DeltaGenerator) -> None:
    """notices: a place for a word where the address names a message that is not on the page."""
    with notices:
        message_id = _linked(view)
    with st.bottom:
        page(
            key="page",
            data={
                "chat": view.session.id if view.session else "",
                "messages": view.session.n_messages if view.session else 0,
                "message": message_id,
                "edited": str(st.session_state.get("editing", "")),
                "stay": history.stays_in_view(),
                "copy": st.session_state.pop("copy", None),
            },
            on_copy_reply_change=actions.copy_last_reply,
            on_look_change=_look,
        )


def _look() -> None:
    """The page asks to be drawn anew, no more."""


def _linked(view: View) -> str:
    """The id of the message that the address names, where it is on the page; else ""."""
    asked_for = st.query_params.get("message")
    if asked_for is None or view.session is None or _moved_on(view.session, asked_for):
        st.query_params.pop("message", None)
        st.session_state.pop("link", None)
        return ""
    message_id = state.linked(view)
    if history.shows(message_id):
        return str(message_id)
    _elsewhere(view, view.session, message_id)
    return ""


def _moved_on(session: Session, asked_for: str) -> bool:
    """Whether the chat is another by now, or longer, than when the link was opened."""
    link = (asked_for, session.id, session.n_messages)
    return bool(st.session_state.setdefault("link", link) != link)


def _elsewhere(view: View, session: Session, message_id: int) -> None:
    try:
        message = view.services.store.message(view.owner, message_id)
    except MessageNotFound:
        message = None
    if message is None or message.session_pk != session.pk:
        st.info("The message of this link is not in this chat.", icon=":material/search_off:")
        return
    st.info("The message of this link is in another version of this chat.")
    st.button(
        "Show it",
        key="show_linked",
        icon=":material/alt_route:",
        on_click=actions.choose_version,
        args=(message_id,),
    )
