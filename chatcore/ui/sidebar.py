"""The sidebar: New chat, the model, past chats, and which model server answers."""

from concurrent.futures import Future
from datetime import datetime

import streamlit as st

from chatcore.service import Hearth
from chatcore.types import Session
from chatcore.ui import marks, persona_maker, picker, state, style, words
from chatcore.ui.actions import attempt
from chatcore.ui.stage import stage
from chatcore.ui.state import View

PAGE_OF_CHATS = 50
NAME_IT = "Name it with the model"
MAKE_PERSONA = "Make a persona from it"


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
            on_click=_new_chat,
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
            if "naming" in st.session_state:
                _naming()
        _chats(view)
        if view.session is not None:
            style.mark_chat(view.session.id)
        _server(view)


def _new_chat() -> None:
    st.query_params.pop("session", None)
    st.session_state["shown"] = None  # a click that comes before the page is drawn says it anew


def _chats(view: View) -> None:
    shown = st.session_state.get("chats_shown", PAGE_OF_CHATS)
    sessions = view.hearth.store.sessions(view.owner, shown + 1)
    zone = state.zone()
    groups = words.by_day(sessions[:shown], datetime.now(zone).date(), zone)
    with stage("chats", len(sessions)):
        for day, members in groups.items():
            st.caption(day)
            for session in members:
                _chat(session)
    if len(sessions) > shown:
        st.button(
            "Show more", key="more_chats", type="tertiary", on_click=_show_more, args=(shown,)
        )
    marks.draw(view, shown)


def _show_more(shown: int) -> None:
    st.session_state["chats_shown"] = shown + PAGE_OF_CHATS


def _chat(session: Session) -> None:
    with st.container(
        horizontal=True, gap=None, vertical_alignment="center", key=f"session_{session.id}"
    ):
        if st.session_state.get("renaming") == session.id:
            _rename_box(session)
            return
        title = words.plain(session.title) or "Untitled"
        st.page_link(
            "pages/chat.py",
            label=title,
            query_params={"session": session.id},
            width="stretch",
        )
        st.menu_button(
            f"Rename or delete {title}",
            ["Rename", NAME_IT, MAKE_PERSONA, "Delete"],
            icon=":material/more_vert:",
            key=f"session_menu_{session.id}",
            type="tertiary",
            on_click=_act,
            args=(session,),
        )


def _act(session: Session) -> None:
    match st.session_state[f"session_menu_{session.id}"]:
        case "Rename":
            st.session_state["renaming"] = session.id
        case menu if menu == NAME_IT:
            attempt(lambda services, owner: _name(services.generations.name(owner, session.id)))
        case menu if menu == MAKE_PERSONA:
            persona_maker.make(session)
        case "Delete":
            _delete(session)


def _name(future: "Future[None]") -> None:
    st.session_state["naming"] = [*st.session_state.get("naming", []), future]


@st.fragment(run_every=1.0)
def _naming() -> None:
    """Until the model has found each name that it was asked for; then why it found none."""
    futures: list[Future[None]] = st.session_state["naming"]
    if not all(future.done() for future in futures):
        st.caption(":material/hourglass_top: The model looks for a name")
        return
    del st.session_state["naming"]
    if reasons := {str(error) for future in futures if (error := future.exception())}:
        st.session_state["failure"] = " ".join(sorted(reasons))
    st.rerun()


def _rename_box(session: Session) -> None:
    st.text_input(
        "Name of the chat",
        value=session.title,
        key=f"rename_{session.id}",
        label_visibility="collapsed",
        on_change=_rename,
        args=(session,),
    )
    st.button(
        "",
        icon=":material/check:",
        key=f"renamed_{session.id}",
        type="tertiary",
        help="Done",
        on_click=_stop_renaming,
    )


def _rename(session: Session) -> None:
    title = st.session_state[f"rename_{session.id}"].strip()
    if title:
        attempt(lambda services, owner: services.store.rename_session(owner, session.id, title))
    _stop_renaming()


def _stop_renaming() -> None:
    st.session_state.pop("renaming", None)


def _delete(session: Session) -> None:
    if attempt(lambda services, owner: services.store.trash.put(owner, session.id)):
        st.session_state["deleted"] = session
        if st.query_params.get("session") == session.id:
            st.query_params.clear()


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
            st.query_params["session"] = session_id

    attempt(restore)


def _server(view: View) -> None:
    st.divider()
    if view.server is None:
        st.caption(f":red[:material/error:] {words.sentence(view.server_error or '')}")
    elif view.server.embedded:
        kind = "Built-in engine, tiny demo model" if view.server.demo else "Built-in engine"
        st.caption(f":orange[:material/circle:] {kind}")
    else:
        version, host = view.server.version, view.server.host.split("://")[-1]
        st.caption(f":green[:material/circle:] {words.plain(f'Ollama {version} at {host}')}")
    st.button(
        "Look again",
        icon=":material/refresh:",
        key="look_again",
        type="tertiary",
        help="Look for an Ollama server that was started meanwhile",
        on_click=view.hearth.host.look_again,
    )
    st.caption(f"Chats are kept in {words.plain(view.hearth.store.location)}")
