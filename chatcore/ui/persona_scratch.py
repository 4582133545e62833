"""The scratch chat beside a persona's editor: it answers as what is typed there now.

It is kept by the page alone: nothing of it is stored, found or counted.
"""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore.errors import ChatError
from chatcore.generation import Generation
from chatcore.personas import Persona
from chatcore.trial import Trial
from chatcore.types import Said
from chatcore.ui import asked, avatars, persona_sent, picker, prose, state, words
from chatcore.ui.cast import AVATARS
from chatcore.ui.clock import Clock
from chatcore.ui.follow import pieces
from chatcore.ui.state import View

HEIGHT = 400  # pixels
SAID, REPLY, FAILURE = "scratch_said", "scratch_reply", "scratch_failure"


def draw(view: View, persona: Persona | None) -> None:
    st.markdown("#### Try it")
    st.caption("It answers as the editor is now, saved or not. Nothing of this is kept.")
    with st.container(height=HEIGHT, key="scratch"):
        for said in _said():
            _draw(said, persona)
        latest = st.container()
        if failure := st.session_state.get(FAILURE):
            st.error(words.sentence(failure), icon=":material/error:")
    button = st.empty()
    prompt = st.chat_input("Say something to it", key="scratch_prompt", disabled=persona is None)
    if prompt and persona is not None:
        with latest:
            _ask(view, persona, prompt)
    asked.taken()
    reply = _under_way()
    if reply is not None:
        _button(button, "Stop", ":material/stop_circle:", stop)
        _follow(view, reply, persona, latest)
    elif _said() or failure:
        _button(button, "Start over", ":material/restart_alt:", clear)


def _button(place: DeltaGenerator, label: str, icon: str, do: Callable[[], None]) -> None:
    key = f"scratch_{label.split()[0].lower()}"
    place.button(label, key=key, icon=icon, type="tertiary", on_click=do)


def clear() -> None:
    stop()
    for key in (SAID, REPLY, FAILURE):
        st.session_state.pop(key, None)


def stop() -> None:
    if (reply := _under_way()) is not None:
        state.view().services.generations.end(reply)


def _said() -> list[Said]:
    said: list[Said] = st.session_state.setdefault(SAID, [])
    return said


def _under_way() -> Generation | None:
    reply: Generation | None = st.session_state.get(REPLY)
    return reply


def _draw(said: Said, persona: Persona | None) -> None:
    with st.chat_message(said.role, avatar=_avatar(said.role, persona)):
        prose.draw(said.content)


def _avatar(role: str, persona: Persona | None) -> str | None:
    return avatars.of(persona) if role == "assistant" and persona else AVATARS.get(role)


def _ask(view: View, persona: Persona, prompt: str) -> None:
    """A reply that is under way gives way, with its text so far."""
    if (reply := _under_way()) is not None:
        stop()
        _ended(reply)
    st.session_state.pop(FAILURE, None)
    said = Said("user", prompt)
    _draw(said, persona)
    here = persona_sent.picked()
    trial = Trial(persona, (*_said(), said), here.zone, here.locale)
    installed = [model.name for model in view.server.models] if view.server else []
    model = persona.model if persona.model in installed else picker.chosen()
    try:
        st.session_state[REPLY] = view.services.generations.try_out(view.owner, trial, model)
    except ChatError as error:
        st.session_state[FAILURE] = str(error)
        st.rerun()
    st.session_state[SAID] = [*_said(), said]


def _follow(view: View, reply: Generation, persona: Persona | None, place: DeltaGenerator) -> None:
    """To its end, after all else is on the page; then the page is drawn without it."""
    view.rest.draw()
    with place, st.chat_message("assistant", avatar=_avatar("assistant", persona)):
        text, below = st.container(), st.empty()
    clock = Clock(reply, below, view.live)
    with text:
        st.write_stream(pieces(reply.follow, clock.tick))
    _ended(reply)
    st.rerun()


def _ended(reply: Generation) -> None:
    if reply.body:
        st.session_state[SAID] = [*_said(), Said("assistant", reply.body)]
    if reply.error:
        st.session_state[FAILURE] = reply.error
    st.session_state.pop(REPLY, None)
