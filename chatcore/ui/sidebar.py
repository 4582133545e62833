"""The sidebar: New chat, the model, past chats, and which model server answers."""

import os
from concurrent.futures import Future

import streamlit as st

from chatcore.service import Hearth
from chatcore.types import Session
from chatcore.ui import chats, marks, persona_maker, picker, state, words
from chatcore.ui.actions import attempt
from chatcore.ui.state import View

PAGE_OF_CHATS = 50


def draw(view: View) -> None:
    with st.sidebar:
        st.markdown("### :material/local_fire_department: Hearth")
        new = st.button(
            "New chat",
            icon=":material/edit_square:",
            key="new_chat",
            width="stretch",
            type="primary",
            shortcut="Mod+Shift+O",
            on_click=state.go,
            args=(None,),
        )
        if new and not view.in_chat:
            # {} and not nothing, with which a parameter that is bound to a widget is an error
            st.switch_page("pages/chat.py", query_params={})
        persona_maker.open_made()
        st.page_link("pages/personas.py", icon=":material/theater_comedy:", width="stretch")
        st.page_link("pages/dashboard.py", icon=":material/bar_chart:", width="stretch")
        st.page_link("pages/settings.py", icon=":material/settings:", width="stretch")
        picker.draw(view)
        with st.container():
            _undo(view)
            if "errands" in st.session_state:
                _errands()
        _chats(view)
        _server(view)


def _chats(view: View) -> None:
    shown = st.session_state.get("chats_shown", PAGE_OF_CHATS)
    sessions = view.services.store.sessions(view.owner, shown + 1)
    chats.draw(view, sessions[:shown])
    if len(sessions) > shown:
        st.button(
            "Show more", key="more_chats", type="tertiary", on_click=_show_more, args=(shown,)
        )
    marks.draw(view, sessions[:shown])


def _show_more(shown: int) -> None:
    st.session_state["chats_shown"] = shown + PAGE_OF_CHATS


@st.fragment(run_every=1.0)
def _errands() -> None:
    """Until the model has done all that it was asked for; then why it did not."""
    errands: list[tuple[Future[None], str]] = st.session_state["errands"]
    if under_way := {told for errand, told in errands if not errand.done()}:
        for told in sorted(under_way):
            st.caption(f":material/hourglass_top: {told}")
        return
    del st.session_state["errands"]
    if reasons := {str(error) for errand, _ in errands if (error := errand.exception())}:
        st.session_state["failure"] = " ".join(sorted(reasons))
    st.rerun()


def _undo(view: View) -> None:
    """Offered until it is used, or another chat is deleted; the chat stays in the trash."""
    deleted: Session | None = st.session_state.get("deleted")
    if deleted is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="undo"):
        st.caption(f"Deleted “{words.plain(deleted.title)}”", width="stretch")
        st.button(
            "Undo", key="undo_delete", type="tertiary", on_click=_restore, args=(view, deleted)
        )


def _restore(view: View, session: Session) -> None:
    def restore(services: Hearth, owner: int) -> None:
        session_id = services.store.trash.restore(owner, session.id, session.pk)
        st.session_state.pop("deleted", None)
        if view.in_chat:
            state.go(session_id)

    attempt(restore)


def _server(view: View) -> None:
    st.divider()
    if view.server is None:
        st.caption(f":red[:material/error:] {words.sentence(view.server_error or '')}")
    elif view.server.embedded:
        kind = "Built-in engine, tiny demo model" if view.server.demo else "Built-in engine"
        st.caption(f":orange[:material/circle:] {kind}")
    else:
        where = f" at {view.server.host.split('://')[-1]}" if view.at_machine else ""
        told = words.plain(f"Ollama {view.server.version}{where}")
        st.caption(f":green[:material/circle:] {told}")
    st.button(
        "Look again",
        icon=":material/refresh:",
        key="look_again",
        type="tertiary",
        help="Look for an Ollama server that was started meanwhile",
        on_click=view.services.host.look_again,
    )
    if view.at_machine:
        # Settings has room for all of it.
        place = words.from_home(view.services.store.location, os.path.expanduser("~"))
        st.caption(f"Chats are kept in {words.plain(place)}")
