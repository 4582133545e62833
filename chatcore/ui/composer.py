"""Where a prompt is written and sent. What could not be sent stays on the page, to copy."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from chatcore.errors import ChatError
from chatcore.types import Message
from chatcore.ui import actions, picker, state, words
from chatcore.ui.state import View


@dataclass(frozen=True)
class Unsent:
    """A prompt that could not be stored, and why."""

    prompt: str
    reason: str


def draw(view: View, under_way: Message | None) -> Callable[[], object]:
    """Returns what takes Stop away, for the moment when the reply ends."""
    _failure()
    _unsent()
    with st.bottom:
        place = st.empty()
    if under_way is not None:
        place.button(
            "Stop",
            icon=":material/stop_circle:",
            key="stop",
            type="tertiary",
            shortcut="Esc",
            on_click=actions.stop,
            args=(under_way,),
        )
    model = picker.chosen() if view.server else ""
    placeholder = f"Message {model}".strip()
    st.chat_input(placeholder, key="prompt", on_submit=_submit)
    return place.empty


def _submit() -> None:
    """Runs before the page is drawn, so the model is at work while it is."""
    send(st.session_state["prompt"])


def send(prompt: str) -> None:
    if not prompt.strip():
        return
    try:
        services, owner = state.here()
        session = state.session(services, owner)
        generation = services.generations.start(
            owner, session.id if session else None, prompt, picker.chosen()
        )
    except ChatError as error:
        st.session_state["unsent"] = Unsent(prompt, str(error))
        return
    st.session_state.pop("unsent", None)
    st.query_params["session"] = generation.turn.session.id


def _unsent() -> None:
    unsent: Unsent | None = st.session_state.get("unsent")
    if unsent is None:
        return
    with st.container(key="unsent", border=True):
        st.error(words.sentence(unsent.reason), icon=":material/error:")
        st.caption("Not sent yet:")
        st.code(unsent.prompt, language=None, wrap_lines=True)
        with st.container(horizontal=True):
            st.button("Send again", key="send_again", on_click=send, args=(unsent.prompt,))
            st.button("Discard", key="discard_unsent", type="tertiary", on_click=_discard)


def _discard() -> None:
    st.session_state.pop("unsent", None)


def _failure() -> None:
    """Why the last click changed nothing; shown once."""
    if failure := st.session_state.pop("failure", None):
        st.error(words.sentence(failure), icon=":material/error:")
