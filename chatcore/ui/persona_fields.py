"""The fields that a persona asks for: as inputs, and what was typed into them."""

import streamlit as st

from chatcore.personas import Field, Persona
from chatcore.personas.persona import VALUE_CHARACTERS
from chatcore.ui import words

FIELD = "persona_field_"


def inputs(fields: tuple[Field, ...], values: dict[str, str], chat: str = "") -> None:
    """chat: its id, "" for a new one. What is left empty has its default."""
    for field in fields:
        st.text_input(
            words.label(field.question or field.name),
            value=values.get(field.name, ""),
            placeholder=field.default,
            max_chars=VALUE_CHARACTERS,
            key=f"{_prefix(chat)}{field.name}",
            autocomplete="off",
        )


def typed(chat: str = "") -> dict[str, str]:
    keys = [str(key) for key in st.session_state if str(key).startswith(_prefix(chat))]
    values = {key.removeprefix(_prefix(chat)): st.session_state[key].strip() for key in keys}
    return {name: value for name, value in values.items() if value}


def own(persona: Persona, values: dict[str, str]) -> dict[str, str]:
    names = {field.name for field in persona.fields}
    return {name: value for name, value in values.items() if name in names}


def forget() -> None:
    for key in [key for key in st.session_state if str(key).startswith(FIELD)]:
        del st.session_state[key]


def _prefix(chat: str) -> str:
    """Of the keys: other inputs for another chat, which ids have no colon to blur."""
    return f"{FIELD}{chat}:"
