"""The sidebar's list of chats: one component (assets/chats.js), since a link and a menu of
Streamlit's for each of fifty chats were most of what a run of the page cost.

A link is the browser's own affair. What is chosen in a menu is a wish, which has a number and is
sent along with later ones until `done` says that it was heard: of two clicks in quick succession
Streamlit may deliver the last one only.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

import streamlit as st

from chatcore.blank import is_blank
from chatcore.service import Hearth
from chatcore.types import Session
from chatcore.ui import persona_maker, state, words
from chatcore.ui.actions import attempt, wait_for
from chatcore.ui.component import component
from chatcore.ui.state import View

RENAME = "Rename"
NAME_IT = "Name it with the model"

chats = component("chats", isolate_styles=False)


def draw(view: View, sessions: list[Session]) -> None:
    zone = state.zone()
    days = words.by_day(sessions, datetime.now(zone).date(), zone)
    drawn = chats(
        key="chats",
        data={
            "open": view.session.id if view.session else "",
            "days": [[day, [[s.id, s.title] for s in of_day]] for day, of_day in days.items()],
            "menu": [RENAME, *MENU],
            "done": st.session_state.get("wishes_done", 0),
        },
        on_wish_change=_wished,
        on_look_change=_look,
    )
    if _fulfil(drawn.wish):
        # A page from before a restart: to this server its list, and so the callback, was unknown.
        st.rerun()


def _look() -> None:
    """There is news: the page asks to be drawn again, no more."""


def _wished() -> None:
    _fulfil(st.session_state["chats"].wish)


def _fulfil(wishes: object) -> bool:
    """Do what was not done yet; whether there was any."""
    is_new = False
    for n, action, session_id, title in _read(wishes):
        if n <= st.session_state.get("wishes_done", 0):
            continue
        is_new = True
        st.session_state["wishes_done"] = n
        if action == RENAME:
            _rename(session_id, title)
        elif action in MENU:
            MENU[action](session_id)
    return is_new


def _read(wishes: object) -> Iterator[tuple[int, str, str, str]]:
    """What comes from the browser may be anything."""
    for wish in wishes if isinstance(wishes, list) else []:
        match wish:
            case [int(n), str(action), str(session_id), str(title)]:
                yield n, action, _clean(session_id), title


def _clean(text: str) -> str:
    """A lone surrogate is legal JSON and is no text."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _rename(session_id: str, title: str) -> None:
    if not is_blank(title):
        title = title.strip()
        attempt(lambda services, owner: services.store.rename_session(owner, session_id, title))


def _name(session_id: str) -> None:
    def name(services: Hearth, owner: int) -> None:
        services.store.session(owner, session_id)  # else it would be told when its turn comes
        wait_for(services.generations.name(owner, session_id), "The model looks for a name")

    attempt(name)


def _delete(session_id: str) -> None:
    def delete(services: Hearth, owner: int) -> None:
        session = services.store.session(owner, session_id)
        services.generations.delete(owner, session_id)
        st.session_state["deleted"] = session
        if state.address() == session_id:
            state.go(None)

    attempt(delete)


# What the menu of a chat offers beside Rename, for which chats.js asks for the name itself.
MENU: dict[str, Callable[[str], None]] = {
    NAME_IT: _name,
    "Make a persona from it": persona_maker.make,
    "Delete": _delete,
}
