"""The model picker. The choice is kept with the chat; a new chat starts with the last one used."""

from typing import Any, cast, get_args

import streamlit as st

from chatcore.errors import ChatError
from chatcore.options import Think
from chatcore.service import Hearth
from chatcore.types import Session
from chatcore.ui import words
from chatcore.ui.actions import attempt
from chatcore.ui.state import View

USUAL = "Usual"
FULL = ["Leave out the oldest", "Sum up the oldest"]
WINDOWS = [1 << n for n in range(11, 18)]  # tokens


def settle(view: View) -> None:
    """Put the model where the widget reads it, before anything asks for it: anew for each chat."""
    installed = [model.name for model in view.server.models] if view.server else []
    shown_for = view.session.id if view.session else None
    if st.session_state.get("model_of", ...) != shown_for:
        model = _remembered(view, installed)
        st.session_state["model_of"] = shown_for
        st.session_state["think"] = view.session.options.think if view.session else ""
        st.session_state["window"] = _window_label(view.session)
        st.session_state["full"] = FULL[view.session.compact if view.session else 0]
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
    if view.server:
        _thinking(view, words.chosen(model))
        _window(view, words.chosen(model))


def _thinking(view: View, model: str) -> None:
    """Where the model can think: whether it shall, or how much."""
    try:
        possible = view.hearth.host.client().thinks(model)
    except ChatError:  # told where the server is
        return
    if possible:
        st.selectbox(
            "Thinking",
            ("", *possible),
            key="think",
            format_func=lambda think: think.capitalize() or "As the model does",
            on_change=_remember_thinking,
        )


def _window(view: View, model: str) -> None:
    """Of a chat that has begun; its size in tokens is told beside the composer."""
    if view.session is None:
        return
    try:
        trained = view.hearth.host.client().trained_for(model)
    except ChatError:  # told where the server is
        return
    most = trained or WINDOWS[-1]
    options = [USUAL, *(f"{n:,}" for n in WINDOWS if n < most), f"{most:,}"]
    chosen = st.session_state["window"]
    st.selectbox(
        "Context window",
        options if chosen in options else [*options, chosen],
        key="window",
        help="How many tokens of the chat the model sees, its reply among them. A change reloads"
        " the model, and a larger window takes more memory.",
        on_change=_remember_window,
    )
    st.selectbox(
        "When it is full",
        FULL,
        key="full",
        help="What becomes of the oldest messages. The model can sum them up, which takes a request"
        " of its own now and then; all of them stay in the chat.",
        on_change=_remember_full,
    )


def _window_label(session: Session | None) -> str:
    num_ctx = session.options.num_ctx if session else None
    return f"{num_ctx:,}" if num_ctx else USUAL


def _remember_window() -> None:
    if session_id := st.query_params.get("session"):
        label = st.session_state["window"]
        num_ctx = None if label == USUAL else int(label.replace(",", ""))
        _change(session_id, {"num_ctx": num_ctx})


def _remember_full() -> None:
    if session_id := st.query_params.get("session"):
        compact = st.session_state["full"] == FULL[1]
        attempt(
            lambda hearth, owner: hearth.store.memory.choose_compact(owner, session_id, compact)
        )


def thinking() -> Think:
    """What is chosen for the next prompt. The widget may hand back the label."""
    label = st.session_state.get("think", "").lower()
    return cast("Think", label) if label in get_args(Think) else ""


def _remember_thinking() -> None:
    if session_id := st.query_params.get("session"):
        _change(session_id, {"think": thinking()})


def _change(session_id: str, changed: dict[str, Any]) -> None:
    def change(hearth: Hearth, owner: int) -> None:
        options = hearth.store.session(owner, session_id).options.model_copy(update=changed)
        hearth.store.memory.choose_options(owner, session_id, options)

    attempt(change)


def chosen() -> str:
    """The model of the next prompt; "" where none is installed.

    The widget hands back the label that was picked, and where that has changed since (a model
    was loaded), not the option but the label.
    """
    return words.chosen(st.session_state.get("model", ""))


def _remembered(view: View, installed: list[str]) -> str:
    if view.session is not None and view.session.model:
        return view.session.model
    latest = view.hearth.store.sessions(view.owner, limit=1)
    if latest and latest[0].model in installed:
        return latest[0].model
    return installed[0] if installed else ""


def _remember() -> None:
    if session_id := st.query_params.get("session"):
        model = chosen()
        attempt(lambda hearth, owner: hearth.store.choose_model(owner, session_id, model))
