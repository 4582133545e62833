"""The model picker. The choice is kept with the chat; a new chat starts with the last one used."""

import streamlit as st

from chatcore.errors import ChatError
from chatcore.ui import state, words
from chatcore.ui.state import View


def draw(view: View) -> None:
    installed = {model.name: model for model in view.server.models} if view.server else {}
    chosen = _chosen(view, list(installed))
    if not chosen:
        st.caption("No model is installed yet.")
        return
    options = list(installed) if chosen in installed else [chosen, *installed]
    st.selectbox(
        "Model",
        options,
        key="model",
        format_func=lambda name: words.choice(name, installed.get(name)),
        on_change=_remember,
    )
    details = words.model(installed[chosen]) if chosen in installed else "not installed"
    st.caption(words.plain(details))


def _chosen(view: View, installed: list[str]) -> str:
    """The model of the next prompt, put where the widget reads it when the chat changes."""
    shown_for = view.session.id if view.session else None
    if "model" not in st.session_state or st.session_state.get("model_of") != shown_for:
        st.session_state["model"] = _remembered(view, installed)
        st.session_state["model_of"] = shown_for
    elif not st.session_state["model"] and installed:
        st.session_state["model"] = installed[0]
    return str(st.session_state["model"])


def _remembered(view: View, installed: list[str]) -> str:
    if view.session is not None and view.session.model:
        return view.session.model
    latest = view.hearth.store.sessions(view.owner, limit=1)
    if latest and latest[0].model in installed:
        return latest[0].model
    return installed[0] if installed else ""


def _remember() -> None:
    if (session_id := st.query_params.get("session")) is None:
        return
    services, owner = state.here()
    try:
        services.store.choose_model(owner, session_id, st.session_state["model"])
    except ChatError as error:
        st.session_state["failure"] = str(error)
