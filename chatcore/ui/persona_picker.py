"""With whom a chat is: the picker beside the composer, and what goes with a prompt.

A new chat is with nobody, unless one is picked for it; an open chat keeps the version that it was
begun with until a person says otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore.errors import ChatError, PersonaNotFound
from chatcore.memory import Memory, Target
from chatcore.personas import Field, Persona
from chatcore.personas.builtin import BUILT_IN
from chatcore.personas.persona import VALUE_CHARACTERS
from chatcore.service import Hearth
from chatcore.store.personas import Kept
from chatcore.types import InForce, Session
from chatcore.ui import avatars, picker, state, words
from chatcore.ui.actions import attempt
from chatcore.ui.state import View

NOBODY = "No persona"
FIELD = "persona_field_"
WIDTH = 200  # pixels


@dataclass(frozen=True)
class Choice:
    """A persona that can be picked, in its last version."""

    persona: Persona
    persona_id: int | None
    """None for one that comes with Hearth, which has a slug."""
    slug: str | None
    keep: Callable[[Hearth, int], Kept]
    """As a version of the owner's, which it may have to become first."""


@dataclass(frozen=True)
class Picked:
    """What the page holds of it when a prompt is sent."""

    label: str
    values: dict[str, str]
    zone: str
    locale: str


def choices(services: Hearth, owner: int) -> dict[str, Choice]:
    """By their labels, which are all different: a select box hands back the label."""
    found: dict[str, Choice] = {}
    for kept in services.store.personas.of(owner):
        _add(found, Choice(kept.persona, kept.id, None, lambda *_, kept=kept: kept))
    for slug, persona in BUILT_IN.items():
        _add(found, Choice(persona, None, slug, _built_in(slug, persona)))
    return found


def _built_in(slug: str, persona: Persona) -> Callable[[Hearth, int], Kept]:
    return lambda services, owner: services.store.personas.built_in(owner, slug, persona)


def _add(found: dict[str, Choice], choice: Choice) -> None:
    label, n = _name(choice.persona), 2
    while label in found or label == NOBODY:
        label, n = f"{_name(choice.persona)} ({n})", n + 1
    found[label] = choice


def _name(persona: Persona) -> str:
    """A select box draws emoji, and icons only as their names."""
    avatar = avatars.of(persona)
    return persona.name if avatar.startswith(":") else f"{avatar} {persona.name}"


def settle(view: View) -> None:
    """Put what is chosen where the widget reads it: for another new chat, nobody."""
    label = st.session_state.get("persona", NOBODY)
    if view.in_chat:
        shown_for = view.session.id if view.session else None
        if st.session_state.get("persona_of", ...) != shown_for:
            st.session_state["persona_of"] = shown_for
            label = st.session_state.pop("persona_wanted", NOBODY)
    st.session_state["persona"] = label


def draw(view: View) -> DeltaGenerator:
    """Beside the composer; returns the line it stands in."""
    found = choices(view.hearth, view.owner)
    kept = of(view)
    if kept is not None:
        st.session_state["persona"] = _label_of(found, kept)
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
    return view.hearth.store.personas.version(view.owner, view.session.persona.version)


def _label_of(found: dict[str, Choice], kept: Kept) -> str:
    """Of a persona that was deleted, its own name."""
    for label, choice in found.items():
        if choice.persona_id == kept.id or (kept.slug and choice.slug == kept.slug):
            return label
    return f"{_name(kept.persona)} (deleted)"


def _of_this_chat(session: Session, kept: Kept, choice: Choice | None) -> None:
    if choice is not None and choice.persona != kept.persona:
        st.button(
            "Use the new version here",
            icon=":material/upgrade:",
            key="use_new_persona",
            type="tertiary",
            on_click=_use,
            args=(session.id, choice),
        )
    if kept.persona.fields:
        panel = st.popover("Its fields", key="persona_fields", type="tertiary", on_change="rerun")
        if panel.open:
            with panel:
                _values(session, kept.persona)


def _values(session: Session, persona: Persona) -> None:
    assert session.persona is not None
    with st.form("persona_values", border=False):
        _inputs(persona.fields, session.persona.values)
        st.form_submit_button(
            "Use from here on", key="save_fields", on_click=_save_values, args=(session.id,)
        )


def ask_fields(persona: Persona) -> None:
    """Before the first prompt; what is left empty has its default."""
    _inputs(persona.fields, {})


def _inputs(fields: tuple[Field, ...], values: dict[str, str]) -> None:
    for field in fields:
        st.text_input(
            words.label(field.question or field.name),
            value=values.get(field.name, ""),
            placeholder=field.default,
            max_chars=VALUE_CHARACTERS,
            key=f"{FIELD}{field.name}",
            autocomplete="off",
        )


def chosen(view: View) -> Choice | None:
    """For a new chat."""
    return choices(view.hearth, view.owner).get(st.session_state.get("persona", NOBODY))


def want(label: str) -> None:
    """For the next new chat."""
    st.session_state["persona_wanted"] = label
    st.session_state.pop("persona_of", None)


def picked() -> Picked:
    """For a callback: all that the page holds of it."""
    zone = state.zone()
    return Picked(
        st.session_state.get("persona", NOBODY),
        _typed(),
        zone.key if zone else "",
        st.context.locale or "",
    )


def _typed() -> dict[str, str]:
    keys = [str(key) for key in st.session_state if str(key).startswith(FIELD)]
    typed = {key.removeprefix(FIELD): st.session_state[key].strip() for key in keys}
    return {name: value for name, value in typed.items() if value}


def in_force(
    services: Hearth, owner: int, picked: Picked, session: Session | None, model: str
) -> InForce | None:
    """What a prompt changes of it: all in a new chat, in an open one only where the visitor is.

    Raises PersonaNotFound, and PromptTooLong for a new chat in which it finds no room.
    """
    if session is not None:
        return _brought_here(session.persona, picked)
    if picked.label == NOBODY:
        return None
    choice = _labelled(services, owner, picked.label)
    Memory(services.store, services.settings).tokens_of(
        owner, choice.persona, target(services, model)
    )
    kept = choice.keep(services, owner)
    return InForce(kept.version, _own(kept.persona, picked.values), picked.zone, picked.locale)


def _brought_here(kept: InForce | None, picked: Picked) -> InForce | None:
    """The same for who is elsewhere by now; None where nothing changed, or nothing is told."""
    if kept is None:
        return None
    here = replace(kept, zone=picked.zone or kept.zone, locale=picked.locale or kept.locale)
    return here if here != kept else None


def _labelled(services: Hearth, owner: int, label: str) -> Choice:
    choice = choices(services, owner).get(label)
    if choice is None:
        raise PersonaNotFound("This persona was changed or deleted: choose it again, or another.")
    return choice


def target(services: Hearth, model: str) -> Target:
    try:
        client = services.host.client()
        return Target(model, client.trained_for(model), client.sees(model))
    except ChatError:  # told where the server is
        return Target(model)


def _own(persona: Persona, values: dict[str, str]) -> dict[str, str]:
    names = {field.name for field in persona.fields}
    return {name: value for name, value in values.items() if name in names}


def _choose() -> None:
    """The widget's callback; of a new chat nothing is stored before its first prompt."""
    label, session_id = st.session_state["persona"], st.query_params.get("session")
    _forget_fields()

    def choose(services: Hearth, owner: int) -> None:
        choice = None if label == NOBODY else _labelled(services, owner, label)
        session = state.session(services, owner, session_id)
        if session is not None:
            _put(services, owner, session, choice)
        if choice is not None and choice.persona.model:
            _take_model(services, owner, session, choice.persona)

    attempt(choose)


def _use(session_id: str, choice: Choice) -> None:
    def use(services: Hearth, owner: int) -> None:
        _put(services, owner, services.store.session(owner, session_id), choice)

    attempt(use)


def _put(services: Hearth, owner: int, session: Session, choice: Choice | None) -> None:
    here = picked()
    new = None
    if choice is not None:
        kept = choice.keep(services, owner)
        values = _own(kept.persona, session.persona.values if session.persona else {})
        new = InForce(kept.version, values, here.zone, here.locale)
    services.store.personas.use(owner, session.id, new)


def _save_values(session_id: str) -> None:
    typed = _typed()

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


def _forget_fields() -> None:
    for key in [key for key in st.session_state if str(key).startswith(FIELD)]:
        del st.session_state[key]
