"""What a link with a key shows to whoever has it: a chat as it was, nothing of the visitor's."""

from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st

from chatcore.errors import SessionNotFound
from chatcore.service import Hearth, hearth
from chatcore.sharing import SharedChat, SharedMessage, key_hash
from chatcore.ui import actions, chips, prose, state, words
from chatcore.ui.cast import AVATARS
from chatcore.ui.transcript import THOUGHTS


@dataclass(frozen=True)
class Opened:
    """A link that is good, and what it shows."""

    session_id: str
    key: str
    chat: SharedChat


def opened() -> Opened | None:
    """What the address shows to its visitor by a key.

    A key that opens nothing leaves the address as an unknown chat's, whoever comes with it.
    """
    key, session_id = st.query_params.get("key"), st.query_params.get("session", "")
    if key is None:
        return None
    try:
        chat = hearth().store.shares.read(session_id, key_hash(key))
    except SessionNotFound:
        st.query_params.from_dict({"session": ""})
        return None
    return Opened(session_id, key, chat)


def draw(link: Opened) -> None:
    st.set_page_config(page_title="Shared chat · Hearth")
    st.subheader(words.plain(link.chat.title), anchor=False)
    day = words.day(link.chat.pinned_at, state.zone())
    st.caption(f":material/link: A shared chat to read, as it was on {day}")
    actions.tell_failure()
    for n, message in enumerate(link.chat.messages):
        _message(link, message, n)
    with st.bottom:
        st.button(
            "Continue in my own copy",
            icon=":material/alt_route:",
            key="continue_in_copy",
            width="stretch",
            on_click=_continue,
            args=(link,),
        )


def _message(link: Opened, message: SharedMessage, n: int) -> None:
    with (
        st.container(key=f"message_{n}"),
        st.chat_message(message.role, avatar=AVATARS.get(message.role)),
    ):
        if message.thinking:
            with st.expander("Thoughts", icon=THOUGHTS):
                prose.draw(message.thinking)
        prose.draw(message.body)
        right = urlencode({"session": link.session_id, "key": link.key})
        chips.draw(message.attachments, str(n), f"?{right}")
        if message.model:
            nothing = "" if message.body else "no answer · "
            st.caption(nothing + words.plain(message.model))


def _continue(link: Opened) -> None:
    def copy(services: Hearth, owner: int) -> None:
        session = services.store.shares.copy(owner, link.session_id, key_hash(link.key))
        st.query_params.from_dict({"session": session.id})

    actions.attempt(copy)
