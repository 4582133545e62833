"""A persona made from a chat: its name, its model, its options, and with whom it is."""

import streamlit as st

from chatcore.personas import Persona
from chatcore.service import Hearth
from chatcore.ui import words
from chatcore.ui.actions import attempt
from chatcore.ui.persona_list import NAME_CHARACTERS

MADE = "made_persona"


def make(session_id: str) -> None:
    """For a callback, which cannot lead to another page."""

    def make(services: Hearth, owner: int) -> None:
        session = services.store.session(owner, session_id)
        persona = Persona(name="A persona")
        if session.persona is not None:
            persona = services.store.personas.version(owner, session.persona.version).persona
        options = session.choice.options.over(persona.options)
        name = words.short(session.title, NAME_CHARACTERS) or persona.name
        changed = {"name": name, "model": session.model, "options": options}
        made = services.store.personas.create(owner, persona.model_copy(update=changed))
        st.session_state[MADE] = str(made.id)

    attempt(make)


def open_made() -> None:
    """Lead to its editor, when the page is drawn."""
    if (made := st.session_state.pop(MADE, None)) is not None:
        st.switch_page("pages/personas.py", query_params={"persona": made})
