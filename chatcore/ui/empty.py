"""A new chat before its first message."""

import streamlit as st

from chatcore.errors import PromptTooLong
from chatcore.personas import Persona
from chatcore.ui import (
    avatars,
    composer,
    offers,
    persona_fields,
    persona_sent,
    words,
)
from chatcore.ui.state import View

DEMO = """
**You are talking to a tiny demo model.** It comes with Hearth and answers where no Ollama does.
With 135 million parameters it proves that everything works, but knows little and forgets much.

For a real assistant: install Ollama from [ollama.com](https://ollama.com/download), run
`ollama pull qwen3:8b` in a terminal, then press **Look again** in the sidebar. Or name a model
file you have in the variable `HEARTH_GGUF`, and start Hearth again.
"""

NOT_HERE = """
There is no such chat here: this is a new one. If the other one is somebody else's, they can let
you read it with a link that they make under **Share** in their chat.
"""


def draw(view: View) -> None:
    with st.container(key="welcome"):
        if view.asked_for is not None:
            st.info(NOT_HERE, icon=":material/search_off:")
        st.header("What is on your mind?", anchor=False, text_alignment="center")
        _server(view)
        if persona := offers.of(view):
            _persona(view, persona)


def _persona(view: View, persona: Persona) -> None:
    """Who was picked, what it asks before the first prompt, and how a chat may begin."""
    st.markdown(avatars.label(persona), text_alignment="center")
    try:
        persona_sent.first_request(view, persona)
    except PromptTooLong as error:
        st.warning(words.sentence(str(error)), icon=":material/compress:")
    persona_fields.inputs(persona.fields, {})
    for n, starter in enumerate(persona.starters):
        st.button(
            words.plain(words.short(starter)),
            key=f"starter_{n}",
            width="stretch",
            on_click=composer.send_starter,
            args=(starter,),
        )


def _server(view: View) -> None:
    """Why no good answer can be had yet, and what to do."""
    if view.server is None:
        st.warning(words.sentence(view.server_error or ""), icon=":material/power_off:")
    elif view.server.demo:
        st.info(DEMO, icon=":material/science:")
    elif not view.server.models:
        st.warning(
            "Ollama has no model yet: run `ollama pull qwen3:8b` in a terminal.",
            icon=":material/download:",
        )
