"""What was deleted, with a way back: a section of the Settings page."""

import streamlit as st

from chatcore.clock import now
from chatcore.service import Hearth
from chatcore.store.trash import Trashed
from chatcore.ui import words
from chatcore.ui.actions import attempt
from chatcore.ui.state import View

AT_ONCE = 20


def draw(view: View) -> None:
    """Where there is anything in it."""
    shown = st.session_state.get("trash_shown", AT_ONCE)
    if not (deleted := view.services.store.trash.sessions(view.owner, shown + 1)):
        return
    st.subheader("Trash", anchor=False)
    for each in deleted[:shown]:
        _session(each)
    if len(deleted) > shown:
        st.button(
            "Show more", key="more_trash", type="tertiary", on_click=_show_more, args=(shown,)
        )


def _session(deleted: Trashed) -> None:
    title = words.plain(deleted.title) or "Untitled"
    messages = words.things(deleted.n_messages, "message")
    ago = words.ago(deleted.deleted_at, now())
    with st.container(horizontal=True, vertical_alignment="center", key=f"trash_{deleted.pk}"):
        st.markdown(f"{title} :small[:gray[{messages}, deleted {ago}]]", width="stretch")
        st.button(
            "Restore",
            key=f"restore_{deleted.pk}",
            help=f"Bring back {title}",
            on_click=_restore,
            args=(deleted,),
        )


def _show_more(shown: int) -> None:
    st.session_state["trash_shown"] = shown + AT_ONCE


def _restore(deleted: Trashed) -> None:
    def restore(services: Hearth, owner: int) -> None:
        services.store.trash.restore(owner, deleted.id, deleted.pk)
        undo = st.session_state.get("deleted")
        if undo is not None and undo.pk == deleted.pk:
            del st.session_state["deleted"]

    attempt(restore)
