"""Which messages of the open chat are on the page: the last ones, and earlier ones when asked for.

The browser, not the server, is what a long chat would slow down.
"""

from dataclasses import dataclass, replace

import streamlit as st

from chatcore.types import Message
from chatcore.ui import state
from chatcore.ui.state import View

PAGE = 30  # messages
MOST = 2 * PAGE  # that pile up on a page before it lets go of the earliest


@dataclass(frozen=True)
class History:
    """The messages to show, oldest first."""

    messages: list[Message]
    goes_on: bool
    """They begin as those of the last run did: what is new comes after them."""
    edition: int
    """Another number where they do not."""

    @property
    def has_earlier(self) -> bool:
        return bool(self.messages) and self.messages[0].parent_id is not None


@dataclass(frozen=True)
class _Shown:
    """What the last run of this page showed of a session."""

    session_pk: int
    messages: tuple[tuple[int, bool], ...] = ()
    """Their ids, and which of them was under way."""
    wanted: int = PAGE
    stays: int | None = None
    """The message that stays in view though others came above it."""
    edition: int = 0

    @property
    def first(self) -> int | None:
        return self.messages[0][0] if self.messages else None


def load(view: View) -> History:
    """A message that is shown stays where it is when others are added."""
    assert view.session is not None
    shown = _with_linked(view, view.session.id, _shown(view.session.pk))
    limit = max(shown.wanted, len(shown.messages) + PAGE)
    messages = view.services.store.messages(
        view.owner, view.session.id, last=limit, first=shown.first
    )
    messages = messages[_first(shown, messages) :]
    now = tuple((m.id, m.state == "streaming") for m in messages)
    goes_on = bool(shown.messages) and now[: len(shown.messages)] == shown.messages
    shown = replace(shown, messages=now, edition=shown.edition + (not goes_on))
    st.session_state["history"] = shown
    return History(messages, goes_on, shown.edition)


def close() -> None:
    """No chat is open: the next one begins with its last messages."""
    st.session_state.pop("history", None)


def ended(messages: list[Message], under_way: bool) -> None:
    """The reply under way is a finished one now, in its place; maybe the next one follows."""
    shown: _Shown = st.session_state["history"]
    now = tuple((m.id, under_way and m is messages[-1]) for m in messages)
    st.session_state["history"] = replace(shown, messages=now)


def show_earlier() -> None:
    shown: _Shown = st.session_state["history"]
    wanted = len(shown.messages) + PAGE
    st.session_state["history"] = replace(shown, messages=(), wanted=wanted, stays=shown.first)


def shows(message_id: int) -> bool:
    """Whether it is on the page; one that the address names is, where the branch has it."""
    shown: _Shown | None = st.session_state.get("history")
    return shown is not None and message_id in [shown_id for shown_id, _ in shown.messages]


def stays_in_view() -> str:
    """The id of the message to be kept in view; else ""."""
    shown: _Shown | None = st.session_state.get("history")
    return str(shown.stays) if shown and shown.stays else ""


def _shown(session_pk: int) -> _Shown:
    shown: _Shown | None = st.session_state.get("history")
    return shown if shown and shown.session_pk == session_pk else _Shown(session_pk)


def _with_linked(view: View, session_id: str, shown: _Shown) -> _Shown:
    """As far up as the message that the address names, where it is not on the page already."""
    linked = state.linked(view)
    if not linked or linked in [message_id for message_id, _ in shown.messages]:
        return shown
    ids = [message.id for message in view.services.store.messages(view.owner, session_id)]
    if linked not in ids:
        return shown
    return replace(shown, messages=(), wanted=max(shown.wanted, len(ids) - ids.index(linked)))


def _first(shown: _Shown, messages: list[Message]) -> int:
    """Where to begin: with the message that was the first before, unless it is too far up."""
    ids = [message.id for message in messages]
    if shown.first in ids and len(ids) - ids.index(shown.first) <= max(MOST, shown.wanted):
        return ids.index(shown.first)
    return -shown.wanted
