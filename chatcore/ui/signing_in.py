"""Signing in with an OpenID Connect provider, by Streamlit's own st.login.

Streamlit keeps who signed in in a signed cookie, and tells only a running script of it. The
middleware has to know for each request, so the cookie is read here, by Streamlit's own functions.
"""

import json
from collections.abc import Mapping

import streamlit as st
from streamlit.auth_util import get_secrets_auth_section, is_authlib_installed
from streamlit.errors import StreamlitAuthError
from streamlit.web.server.starlette import starlette_websocket
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from chatcore.identity import BROWSER
from chatcore.service import Hearth
from chatcore.ui import words
from chatcore.ui.actions import attempt
from chatcore.ui.state import View

SET_UP = "See “Who a visitor is” in docs/security.md."


def claims(cookies: Mapping[str, str]) -> tuple[str, str] | None:
    """Issuer and subject of the account that is signed in."""
    signed = starlette_websocket._get_signed_cookie_with_chunks(dict(cookies), USER_COOKIE_NAME)
    try:
        found = json.loads(signed or b"{}")
    except ValueError:
        return None
    issuer, subject = found.get("iss"), found.get("sub")
    if not found.get("is_logged_in") or not issuer or not subject:
        return None
    return str(issuer), str(subject)


def offer() -> None:
    """A button for each provider, or why there is none."""
    if not is_authlib_installed():
        st.warning(f"Signing in needs `pip install -r requirements-oidc.txt`. {SET_UP}")
        return
    providers = _providers()
    if not providers:
        st.warning(f"No provider is set up in `.streamlit/secrets.toml`. {SET_UP}")
    for name in providers:
        label = f"Sign in with {words.plain(name)}" if name else "Sign in"
        st.button(
            label, key=f"sign_in_{name}", type="primary", on_click=_sign_in, args=(name or None,)
        )


def _providers() -> list[str]:
    """Their names in the secrets; "" for one that has none."""
    found = get_secrets_auth_section().to_dict()
    named = [name for name, section in found.items() if isinstance(section, dict)]
    return ([""] if "client_id" in found else []) + [n for n in named if n != "client_kwargs"]


def _sign_in(provider: str | None) -> None:
    try:
        st.login(provider)
    except StreamlitAuthError as error:
        st.session_state["failure"] = f"Nobody can sign in yet: {error}"


def who() -> None:
    """Whose account it is, and the way out."""
    user = st.user.to_dict()
    name = str(user.get("email") or user.get("name") or user.get("sub"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"You are signed in as {name}.", width="stretch")
        st.button("Sign out", key="sign_out", icon=":material/logout:", on_click=st.logout)


def bringing(view: View) -> None:
    """Where this browser had chats before its person signed in."""
    key = st.context.headers.get(BROWSER)
    if not key or not view.services.store.identities.has_chats(key):
        return
    st.markdown("This browser has chats from before you signed in, which anyone at it could read.")
    st.button("Bring my chats here", key="bring", icon=":material/move_down:", on_click=_bring)


def _bring() -> None:
    def bring(services: Hearth, owner: int) -> None:
        services.store.identities.bring(st.context.headers[BROWSER], owner)

    attempt(bring)
