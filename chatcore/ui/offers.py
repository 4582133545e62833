"""Which personas can be picked, the owner's and those that come with Hearth; and which one is."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from chatcore.errors import PersonaNotFound
from chatcore.personas import Persona
from chatcore.personas.builtin import BUILT_IN
from chatcore.service import Hearth
from chatcore.store.personas import Kept
from chatcore.ui import avatars
from chatcore.ui.state import View

NOBODY = "No persona"


@dataclass(frozen=True)
class Offer:
    """A persona that can be picked, in its last version."""

    persona: Persona
    persona_id: int | None
    """None for one that comes with Hearth, which has a slug."""
    slug: str | None
    keep: Callable[[Hearth, int], Kept]
    """As a version of the owner's, which it may have to become first."""


def by_label(services: Hearth, owner: int) -> dict[str, Offer]:
    """By their labels, which are all different: a select box hands back the label."""
    found: dict[str, Offer] = {}
    for kept in services.store.personas.of(owner):
        _add(found, Offer(kept.persona, kept.id, None, lambda *_, kept=kept: kept))
    for slug, persona in BUILT_IN.items():
        _add(found, Offer(persona, None, slug, _built_in(slug, persona)))
    return found


def of(view: View) -> Persona | None:
    """With whom the chat is that is open, or that the next prompt begins."""
    if view.session is None:
        offer = by_label(view.services, view.owner).get(st.session_state.get("persona", NOBODY))
        return offer.persona if offer else None
    if view.session.persona is None:
        return None
    store = view.services.store
    return store.personas.version(view.owner, view.session.persona.version).persona


def labelled(services: Hearth, owner: int, label: str) -> Offer:
    offer = by_label(services, owner).get(label)
    if offer is None:
        raise PersonaNotFound("This persona was changed or deleted: choose it again, or another.")
    return offer


def label_of(found: dict[str, Offer], kept: Kept) -> str:
    """How a persona that a chat is with is shown; found: what can be picked."""
    for label, offer in found.items():
        if offer.persona_id == kept.id or (kept.slug and offer.slug == kept.slug):
            return label
    return f"{_name(kept.persona)} (deleted)" if kept.deleted else _name(kept.persona)


def _built_in(slug: str, persona: Persona) -> Callable[[Hearth, int], Kept]:
    return lambda services, owner: services.store.personas.built_in(owner, slug, persona)


def _add(found: dict[str, Offer], offer: Offer) -> None:
    label, n = _name(offer.persona), 2
    while label in found or label == NOBODY:
        label, n = f"{_name(offer.persona)} ({n})", n + 1
    found[label] = offer


def _name(persona: Persona) -> str:
    """A select box draws emoji, and icons only as their names."""
    avatar = avatars.of(persona)
    return persona.name if avatar.startswith(":") else f"{avatar} {persona.name}"
