"""The prompt that waits for its chat's reply to end: to be read, changed, removed, or sent now."""

from dataclasses import replace
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore.types import Message, Session
from chatcore.ui import actions, chips, forms, state

NOT_SENT = {
    False: ":material/pause_circle: Not sent yet",
    True: ":material/edit: Not sent yet: it is being changed in another tab",
}


def draw(place: DeltaGenerator, session: Session, prompt: Message, replying: bool) -> None:
    """replying: whether the reply it waits for is under way; else only a click sends it."""
    if st.session_state.get("editing") == prompt.id:
        _editor(place, session, prompt)
        return
    if prompt.state == "held" and not state.is_changed_elsewhere(prompt.id):
        # By a page that was reloaded, or closed: nobody else would let it go.
        if actions.release_next(session.id, prompt):
            st.rerun()
        prompt = replace(prompt, state="waiting")
    replying = replying and prompt.state == "waiting"
    when = "later" if replying else "now"
    with place.container(key=f"waiting_{when}", border=True):
        st.caption(
            ":material/schedule: Next, sent when this reply has ended"
            if replying
            else NOT_SENT[prompt.state == "held"]
        )
        if prompt.body:
            st.code(prompt.body, language=None, wrap_lines=True)
        chips.draw(prompt.attachments, f"{prompt.id}{when}")
        with st.container(horizontal=True):
            if not replying:
                st.button(
                    "Send", key="send_next", on_click=actions.send_next, args=(session.id, prompt)
                )
            _buttons(prompt, when)


def _buttons(prompt: Message, when: str) -> None:
    """when: the two states have keys of their own, since a run may draw one after the other."""
    st.button("Edit", key=f"edit_next_{when}", on_click=actions.begin_editing_next, args=(prompt,))
    st.button(
        "Remove",
        key=f"discard_next_{when}",
        type="tertiary",
        on_click=actions.discard_next,
        args=(prompt,),
    )


def _editor(place: DeltaGenerator, session: Session, prompt: Message) -> None:
    with place.form("waiting_edited"):
        st.text_area("Your next message", value=prompt.body, key="next_text")
        forms.buttons(
            "next",
            partial(actions.edit_next, session.id, prompt),
            partial(actions.cancel_editing_next, session.id, prompt),
        )
