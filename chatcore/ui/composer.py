"""Where a prompt is written and sent. What could not be sent stays on the page, to copy."""

from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore import attachments
from chatcore.blank import is_blank
from chatcore.errors import ChatError
from chatcore.options import Choice
from chatcore.service import Hearth
from chatcore.types import File, InForce, Session
from chatcore.ui import (
    actions,
    asked,
    chips,
    choice,
    persona_picker,
    persona_sent,
    picker,
    state,
    target,
    words,
)
from chatcore.ui.persona_sent import Picked
from chatcore.ui.state import View


@dataclass(frozen=True)
class Unsent:
    """A prompt on its way to a chat, or why it did not get there."""

    prompt: str
    files: tuple[File, ...]
    session_id: str | None
    """None for a new chat."""
    model: str
    new: Choice
    """For a new chat; another one knows its own."""
    with_whom: Picked
    reason: str = ""


def place_of_stop() -> DeltaGenerator:
    """Above the input, so that this does not move when a reply begins or ends."""
    with st.bottom:
        return st.empty()


def draw_stop(place: DeltaGenerator, session: Session) -> None:
    place.button(
        "Stop :gray[Esc]",
        icon=":material/stop_circle:",
        key="stop",
        type="tertiary",
        on_click=actions.stop,
        args=(session.id,),
    )


def draw(view: View, notices: DeltaGenerator) -> DeltaGenerator:
    """notices: a place for what went wrong, and for what could not be sent.

    Returns the line below the input, for what else is told there.
    """
    with notices:
        actions.tell_failure()
        persona_picker.tell()
        _unsent()
    model = picker.chosen() if view.server else ""
    placeholder = f"Message {model}".strip()
    with st.bottom:
        sight = st.empty()
        # Named here, since Streamlit would else scroll the page, too, and against page.js.
        value = st.chat_input(
            placeholder, key="prompt", accept_file="multiple", on_submit=_submitted
        )
        line = persona_picker.draw(view)
        choice.differing(view)
    _tell_sight(view, model, sight)
    if value and not st.session_state.pop("submitted", False):
        # A page from before a restart: to this server its input, and so the callback, was unknown.
        _submit()
        st.rerun()
    asked.taken()
    return line


def _tell_sight(view: View, model: str | None, place: DeltaGenerator) -> None:
    """A word for whoever attaches an image: style.css shows it while there is one."""
    if not model or target.of(view.services, model).sees:
        return
    with place.container(key="cannot_see"):
        st.caption(
            f":material/visibility_off: {words.plain(model)} cannot see images: pick a model that"
            " can, or take the image away."
        )


def _submitted() -> None:
    """Runs before the page is drawn, so the model is at work while it is."""
    _submit()
    st.session_state["submitted"] = True


def _submit() -> None:
    """Send what was written, or keep it on the page with the reason; only then let the page go on
    to what it is asked for next."""
    try:
        _take()
    finally:
        asked.taken()


def _take() -> None:
    """What the page holds is read first, all of it: at each such reading Streamlit may end the run
    of a page that is asked for something else, where it was not held back long enough."""
    value, waiting = st.session_state["prompt"], _waiting()
    asked_for, picked_model = state.address(), picker.chosen()
    new, with_whom = choice.of_new(), persona_sent.picked()
    # Now, since Streamlit forgets the files after this run.
    files, refused = attachments.read_all((file.name, file.getvalue()) for file in value.files)
    prompt = "" if is_blank(value.text) else value.text
    if prompt or files:
        session_id, model = _addressed(asked_for, picked_model)
        unsent = Unsent(prompt, files, session_id, model, new, with_whom, refused)
        if refused:
            waiting.append(unsent)
        else:
            _send(unsent, waiting)
    elif refused:
        st.session_state["failure"] = refused


def send_starter(prompt: str) -> None:
    """The first prompt of a new chat, by a button."""
    unsent = Unsent(prompt, (), None, picker.chosen(), choice.of_new(), persona_sent.picked())
    _send(unsent, _waiting())


def _addressed(asked_for: str | None, picked_model: str) -> tuple[str | None, str]:
    """The chat that the address names, and its model: this page may be older than both."""
    try:
        session = state.session(*state.here(), asked_for)
    except ChatError:  # sending will tell
        return asked_for, picked_model
    return (session.id, session.model or picked_model) if session else (None, picked_model)


def _send(unsent: Unsent, waiting: list[Unsent]) -> None:
    """Into its own chat, whichever is open by now; else to those that wait."""
    try:
        services, owner = state.here()
        session = state.session(services, owner, unsent.session_id)
        session_id = services.generations.send(
            owner,
            unsent.session_id,
            unsent.prompt,
            unsent.model,
            unsent.files,
            unsent.new,
            _in_force(services, owner, unsent, session),
        )
    except ChatError as error:
        waiting.append(replace(unsent, reason=str(error)))
    else:
        if state.address() != session_id:
            state.go(session_id)


def _in_force(
    services: Hearth, owner: int, unsent: Unsent, session: Session | None
) -> InForce | None:
    options = unsent.new.options
    return persona_sent.in_force(services, owner, unsent.with_whom, session, unsent.model, options)


def _send_again(unsent: Unsent) -> None:
    """As is chosen by now, where its own chat is open: what was chosen may be the reason."""
    if unsent.session_id == state.address():
        model = picker.chosen() or unsent.model
        unsent_now = replace(
            unsent, model=model, new=choice.of_new(), with_whom=persona_sent.picked()
        )
        _send(unsent_now, _waiting())
    else:
        _send(unsent, _waiting())
    _discard(unsent)


def _waiting() -> list[Unsent]:
    waiting: list[Unsent] = st.session_state.setdefault("unsent", [])
    return waiting


def _unsent() -> None:
    for n, unsent in enumerate(_waiting()):
        with st.container(key=f"unsent_{n}", border=True):
            st.error(words.sentence(unsent.reason), icon=":material/error:")
            st.caption("Not sent yet:")
            if unsent.prompt:
                st.code(unsent.prompt, language=None, wrap_lines=True)
            chips.unsent(unsent.files)
            with st.container(horizontal=True):
                st.button("Send again", key=f"send_again_{n}", on_click=_send_again, args=(unsent,))
                st.button(
                    "Discard",
                    key=f"discard_{n}",
                    type="tertiary",
                    on_click=_discard,
                    args=(unsent,),
                )


def _discard(unsent: Unsent) -> None:
    st.session_state["unsent"] = [other for other in _waiting() if other is not unsent]
