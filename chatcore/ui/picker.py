"""The model picker. The choice is kept with the chat; a new chat starts with the last one used."""

import streamlit as st

from chatcore.service import Hearth
from chatcore.ui import choice, state, words
from chatcore.ui.actions import attempt
from chatcore.ui.state import View


def settle(view: View) -> None:
    """Put the model where the widget reads it, before anything asks for it: anew for each chat."""
    installed = [model.name for model in view.server.models] if view.server else []
    shown_for = view.session.id if view.session else None
    if st.session_state.get("model_of", ...) != shown_for:
        model = _remembered(view, installed)
        st.session_state["model_of"] = shown_for
        choice.forget_new()
    else:
        model = chosen() or (installed[0] if installed else "")
    st.session_state["model"] = model


def draw(view: View) -> None:
    """Beside a chat; on another page it would look like a choice of what that page shows."""
    if not view.in_chat:
        return
    installed = {model.name: model for model in view.server.models} if view.server else {}
    model = st.session_state["model"]
    if not model:
        st.caption("No model is installed yet.")
        return
    options = list(installed) if model in installed else [model, *installed]
    st.selectbox(
        "Model",
        options,
        key="model",
        format_func=lambda name: words.choice(name, installed.get(name)),
        on_change=_remember,
    )
    details = words.model(installed[model]) if model in installed else "not installed"
    st.caption(words.plain(details))
    choice.panel(view, words.chosen(model))


def chosen() -> str:
    """The model of the next prompt; "" where none is installed.

    The widget hands back the label that was picked, and where that has changed since (a model
    was loaded), not the option but the label.
    """
    return words.chosen(st.session_state.get("model", ""))


def _remembered(view: View, installed: list[str]) -> str:
    if view.session is not None and view.session.model:
        return view.session.model
    latest = view.services.store.sessions(view.owner, limit=1)
    if latest and latest[0].model in installed:
        return latest[0].model
    return installed[0] if installed else ""


def _remember() -> None:
    """With the chat; where the address names none that is here, for the new one."""
    model, asked_for = chosen(), state.address()

    def remember(services: Hearth, owner: int) -> None:
        if session := state.session(services, owner, asked_for):
            services.store.choose_model(owner, session.id, model)

    attempt(remember)
