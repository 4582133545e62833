"""With whom a chat is: the picker beside the composer.

A new chat is with nobody, unless one is picked for it; an open chat keeps the version that it was
begun with until a person says otherwise.
"""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore.personas import Persona
from chatcore.service import Hearth
from chatcore.store.personas import Kept
from chatcore.types import InForce, Session
from chatcore.ui import offers, persona_fields, persona_sent, picker, state, words
from chatcore.ui.actions import attempt
from chatcore.ui.offers import NOBODY, Offer
from chatcore.ui.state import View

WIDTH = 200  # pixels


def settle(view: View) -> None:
    """Put what is chosen where the widget reads it: for another new chat, nobody."""
    label = st.session_state.get("persona", NOBODY)
    if view.in_chat:
        shown_for = view.session.id if view.session else None
        if st.session_state.get("persona_of", ...) != shown_for:
            st.session_state["persona_of"] = shown_for
            label = st.session_state.pop("persona_wanted", NOBODY)
            _settle_model(view, label)
    st.session_state["persona"] = label


def _settle_model(view: View, label: str) -> None:
    """That of a persona which was chosen on another page."""
    offer = None if label == NOBODY else offers.by_label(view.services, view.owner).get(label)
    if offer is not None and offer.persona.model and view.server is not None:
        _take_model(view.services, view.owner, view.session, offer.persona)


def draw(view: View) -> DeltaGenerator:
    """Beside the composer; returns the line it stands in."""
    found = offers.by_label(view.services, view.owner)
    kept = of(view)
    if kept is not None:
        st.session_state["persona"] = offers.label_of(found, kept)
    elif view.session is not None or st.session_state["persona"] not in found:
        st.session_state["persona"] = NOBODY
    here = st.session_state["persona"]
    line = st.container(key="with_whom", horizontal=True, vertical_alignment="center", gap="small")
    with line:
        st.selectbox(
            "Persona",
            [NOBODY, *found] if here in found else list(dict.fromkeys([NOBODY, here, *found])),
            key="persona",
            label_visibility="collapsed",
            width=WIDTH,
            on_change=_choose,
        )
        if kept is not None and view.session is not None:
            _of_this_chat(view.session, kept, found.get(here))
    return line


def of(view: View) -> Kept | None:
    """The version that the open chat is with."""
    if view.session is None or view.session.persona is None:
        return None
    return view.services.store.personas.version(view.owner, view.session.persona.version)


def _of_this_chat(session: Session, kept: Kept, offer: Offer | None) -> None:
    if offer is not None and offer.persona != kept.persona:
        st.button(
            "Use the new version here",
            icon=":material/upgrade:",
            key="use_new_persona",
            type="tertiary",
            on_click=_use,
            args=(session.id, offer, kept.persona.model),
        )
    if kept.persona.fields:
        panel = st.popover("Its fields", key="persona_fields", type="tertiary", on_change="rerun")
        if panel.open:
            with panel:
                _values(session, kept.persona)


def _values(session: Session, persona: Persona) -> None:
    assert session.persona is not None
    with st.form("persona_values", border=False):
        persona_fields.inputs(persona.fields, session.persona.values, session.id)
        st.form_submit_button(
            "Use from here on", key="save_fields", on_click=_save_values, args=(session.id,)
        )


def want(label: str) -> None:
    """For the next new chat."""
    st.session_state["persona_wanted"] = label
    st.session_state.pop("persona_of", None)


def _choose() -> None:
    """The widget's callback; of a new chat nothing is stored before its first prompt."""
    label, session_id = st.session_state["persona"], state.address()
    persona_fields.forget()

    def choose(services: Hearth, owner: int) -> None:
        offer = None if label == NOBODY else offers.labelled(services, owner, label)
        session = state.session(services, owner, session_id)
        if session is not None:
            _put(services, owner, session, offer)
        if offer is not None and offer.persona.model:
            _take_model(services, owner, session, offer.persona)

    attempt(choose)


def _use(session_id: str, offer: Offer, model_before: str) -> None:
    def use(services: Hearth, owner: int) -> None:
        session = services.store.session(owner, session_id)
        _put(services, owner, session, offer)
        if offer.persona.model not in ("", model_before):
            _take_model(services, owner, session, offer.persona)

    attempt(use)


def _put(services: Hearth, owner: int, session: Session, offer: Offer | None) -> None:
    here = persona_sent.picked()
    new = None
    if offer is not None:
        kept = offer.keep(services, owner)
        before = session.persona.values if session.persona else {}
        values = persona_fields.own(kept.persona, before)
        new = InForce(kept.version, values, here.zone, here.locale)
    services.store.personas.use(owner, session.id, new)


def _save_values(session_id: str) -> None:
    typed = persona_fields.typed(session_id)

    def save(services: Hearth, owner: int) -> None:
        session = services.store.session(owner, session_id)
        if session.persona is not None:
            with_values = replace(session.persona, values=typed)
            services.store.personas.use(owner, session_id, with_values)

    if attempt(save):
        st.session_state["persona_fields"] = False


def _take_model(services: Hearth, owner: int, session: Session | None, persona: Persona) -> None:
    """The model that it wants, where that is installed; else a word, and the one picked stays."""
    installed = [model.name for model in services.host.info().models]
    wanted = next((m for m in (persona.model, f"{persona.model}:latest") if m in installed), None)
    if wanted is None:
        st.session_state["persona_word"] = (
            f"{persona.name} wants the model {persona.model}, which is not installed:"
            f" {picker.chosen() or 'no model'} answers instead, until you pick another."
        )
        return
    st.session_state["model"] = wanted
    if session is not None:
        services.store.choose_model(owner, session.id, wanted)


def tell() -> None:
    """Once, what became of the choice."""
    if word := st.session_state.pop("persona_word", None):
        st.info(words.plain(word), icon=":material/info:")
