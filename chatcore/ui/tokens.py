"""The tokens of the owner's programs, on the Settings page: made, shown once, revoked."""

import streamlit as st

from chatcore.blank import is_blank
from chatcore.service import Hearth
from chatcore.types import Token
from chatcore.ui import state, words
from chatcore.ui.actions import attempt
from chatcore.ui.state import View


def draw(view: View) -> None:
    st.subheader("API tokens", anchor=False)
    st.markdown(
        "A program that shows a token may read and change your chats by the HTTP API, until you"
        " revoke it."
    )
    _shown_once()
    for token in view.services.store.tokens.of(view.owner):
        _token(token)
    with st.container(horizontal=True, vertical_alignment="bottom", key="make_token"):
        st.text_input(
            "Name of a new token",
            key="token_name",
            placeholder="What it is for",
            max_chars=100,
            autocomplete="off",
        )
        st.button("Make a token", key="token_make", icon=":material/key:", on_click=_make)


def _shown_once() -> None:
    """Until it is put away; nothing but this page ever shows it."""
    if (token := st.session_state.get("token_new")) is None:
        return
    with st.container(border=True, key="new_token"):
        st.markdown("Copy it now: it is not shown again.")
        st.code(token, language=None, wrap_lines=True)
        st.button("I have copied it", key="token_copied", on_click=_put_away)


def _token(token: Token) -> None:
    name, zone = words.plain(token.name), state.zone()
    used = (
        f"last used {words.day(token.last_used_at, zone)}" if token.last_used_at else "never used"
    )
    made = f"made {words.day(token.created_at, zone)}"
    with st.container(horizontal=True, vertical_alignment="center", key=f"token_{token.id}"):
        st.markdown(f":material/key: {name} :gray[· {made} · {used}]", width="stretch")
        st.button(
            "Revoke",
            key=f"token_revoke_{token.id}",
            help=f"{name} opens nothing from then on",
            on_click=_revoke,
            args=(token,),
        )


def _make() -> None:
    typed = st.session_state["token_name"]
    name = "A program" if is_blank(typed) else typed.strip()

    def make(services: Hearth, owner: int) -> None:
        st.session_state["token_new"] = services.store.tokens.create(owner, name)
        st.session_state["token_name"] = ""

    attempt(make)


def _put_away() -> None:
    st.session_state.pop("token_new", None)


def _revoke(token: Token) -> None:
    attempt(lambda services, owner: services.store.tokens.revoke(owner, token.id))
