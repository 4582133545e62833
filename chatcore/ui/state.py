"""What this page shows, derived anew at each run from the address and the store.

st.session_state holds only what a widget needs, so a page that lost its connection for an hour
acts on the truth at the next click.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from chatcore.errors import ChatError, SessionNotFound
from chatcore.identity import HERE, key_in
from chatcore.ids import number
from chatcore.service import Hearth, hearth
from chatcore.types import ServerInfo, Session
from chatcore.ui.rest import Rest


@dataclass(frozen=True)
class View:
    """One run of the page: who looks, at which session, and which model server answers."""

    services: Hearth
    owner: int
    in_chat: bool
    """Whether the page is the chat's, and so the address a chat's."""
    asked_for: str | None
    """The id in the address."""
    session: Session | None
    """None for a new chat, and where the id is unknown here."""
    server: ServerInfo | None
    server_error: str | None
    under_way: set[int]
    """The owner's sessions that were being answered, from before anything was read of them."""
    rest: Rest = field(default_factory=Rest)
    live: list[Callable[[], None]] = field(default_factory=list)
    """What the follower of a reply keeps true meanwhile; called twice a second."""

    @property
    def at_machine(self) -> bool:
        """Whether who looks owns the machine, or sits at it: others are not told what is where."""
        mode = self.services.settings.identity_mode
        return mode == "single" or (mode == "browser" and HERE in st.context.headers)


class Moved(NamedTuple):
    """Where a page was led, and what its browser may name until it has heard of that."""

    to: str | None
    left: frozenset[str | None]


def load(in_chat: bool) -> View:
    """Once a run, before anything is drawn. Raises ChatError where the services cannot start."""
    services, owner = here()
    if context := get_script_run_ctx():
        services.tabs.note(context.session_id, key(services))
    server, server_error = _server(services)
    asked_for = address() if in_chat else None
    under_way = services.generations.under_way(owner)
    found = session(services, owner, asked_for)
    loaded = View(services, owner, in_chat, asked_for, found, server, server_error, under_way)
    st.session_state["view"] = loaded
    _settle_address(loaded)
    return loaded


def view() -> View:
    """What load() found in this run."""
    loaded: View = st.session_state["view"]
    return loaded


def address() -> str | None:
    """The id in the address. What a browser sends before it has heard where its page went still
    names what the page left. For callbacks, too."""
    asked_for: str | None = st.query_params.get("session")
    moved: Moved | None = st.session_state.get("moved")
    return moved.to if moved and asked_for in moved.left else asked_for


def go(session_id: str | None) -> None:
    """Lead the page to a chat; None: to a new one. For callbacks: the run tells the browser."""
    before: Moved | None = st.session_state.get("moved")
    left = {st.query_params.get("session"), *(before.left | {before.to} if before else ())}
    st.session_state["moved"] = Moved(session_id, frozenset(left - {session_id}))


def arrive() -> None:
    """At the beginning of a run: from where its browser is by now, it is believed."""
    context, moved = get_script_run_ctx(), st.session_state.get("moved")
    went_back = context is not None and context.is_history_navigation  # or forward
    if moved and (went_back or st.query_params.get("session") not in moved.left):
        del st.session_state["moved"]


def _settle_address(loaded: View) -> None:
    """Tell the browser where its page is, and again when the chat is another: a click on New chat
    just before may have emptied the address after a link had filled it. Not where the page changed:
    the address of the page before would get the chat's id, as another step for Back."""
    if not loaded.in_chat:
        for key in ("shown", "moved"):
            st.session_state.pop(key, None)
        return
    shown = loaded.session.id if loaded.session else None
    before = st.session_state.get("shown", shown)
    st.session_state["shown"] = None  # until it is said: each line here may be the run's last one
    if loaded.asked_for is None:
        st.query_params.pop("session", None)
    elif st.query_params.get("session") != loaded.asked_for or shown not in (None, before):
        st.query_params["session"] = loaded.asked_for
    st.session_state["shown"] = shown


def here() -> tuple[Hearth, int]:
    """The services, and the number of the owner at this browser. For callbacks, too."""
    services = hearth()
    return services, services.store.owner(key(services))


def key(services: Hearth) -> str:
    """The identity of who looks, as the middleware verified it. Raises NoIdentity."""
    settings = services.settings
    return key_in(st.context.headers, settings.identity_mode, settings.identity_header)


def begin_changing(message_id: int) -> None:
    """This page changes a prompt that waits."""
    if context := get_script_run_ctx():
        hearth().tabs.change(context.session_id, message_id)


def is_changed_elsewhere(message_id: int) -> bool:
    """Whether another page that is open changes it; one that was reloaded does so no more."""
    context = get_script_run_ctx()
    return any(
        not exists() or get_instance().is_active_session(tab)
        for tab in hearth().tabs.changing(message_id)
        if context is None or tab != context.session_id
    )


def signs_in() -> bool:
    """Whether a visitor whom nothing tells can sign in here."""
    return hearth().settings.identity_mode == "oidc"


def session(services: Hearth, owner: int, asked_for: str | None) -> Session | None:
    """The session that an address names, where it is this owner's. For callbacks, too."""
    try:
        return services.store.session(owner, asked_for or "")
    except SessionNotFound:
        return None


def linked(view: View) -> int:
    """The id of the message that the address names; 0, which is no message's, where none."""
    asked_for = number(st.query_params.get("message", ""))
    return view.services.store.identities.current(view.owner, asked_for) if asked_for else 0


def zone() -> ZoneInfo | None:
    """The browser's time zone, where it tells one that this machine knows."""
    try:
        return ZoneInfo(st.context.timezone or "")
    except (ValueError, OSError, KeyError):
        return None


def _server(services: Hearth) -> tuple[ServerInfo | None, str | None]:
    try:
        return services.host.info(), None
    except ChatError as error:
        return None, str(error)
