"""With whom a prompt is sent: what the page holds of it, and what becomes of that in the chat."""

from dataclasses import dataclass, replace

import streamlit as st

from chatcore.context import Fit
from chatcore.options import Options
from chatcore.personas import Persona
from chatcore.service import Hearth
from chatcore.types import InForce, Session
from chatcore.ui import choice, offers, persona_fields, picker, state, target
from chatcore.ui.offers import NOBODY
from chatcore.ui.state import View


@dataclass(frozen=True)
class Picked:
    """What the page holds of a persona when a prompt is sent."""

    label: str
    values: dict[str, str]
    zone: str
    locale: str


def picked() -> Picked:
    """By this page; for callbacks."""
    zone = state.zone()
    return Picked(
        st.session_state.get("persona", NOBODY),
        persona_fields.typed(),
        zone.key if zone else "",
        st.context.locale or "",
    )


def first_request(view: View, persona: Persona) -> Fit:
    """Of a new chat, with what this page holds for it. Raises PromptTooLong where no prompt finds
    room beside the persona."""
    asked, options = target.of(view.services, picker.chosen()), choice.of_new().options
    values = persona_fields.own(persona, persona_fields.typed())
    _, fitted = view.services.memory.tokens_of(view.owner, persona, asked, options, values)
    return fitted


def in_force(
    services: Hearth,
    owner: int,
    picked: Picked,
    session: Session | None,
    model: str,
    options: Options,
) -> InForce | None:
    """What a prompt changes in its chat: all in a new one, in another only where the visitor is.

    options: chosen for a new chat. Raises PersonaNotFound, and PromptTooLong for a new chat in
    which it finds no room.
    """
    if session is not None:
        return _brought_here(session.persona, picked)
    if picked.label == NOBODY:
        return None
    offer = offers.labelled(services, owner, picked.label)
    values = persona_fields.own(offer.persona, picked.values)
    services.memory.tokens_of(owner, offer.persona, target.of(services, model), options, values)
    kept = offer.keep(services, owner)
    return InForce(kept.version, values, picked.zone, picked.locale)


def _brought_here(kept: InForce | None, picked: Picked) -> InForce | None:
    """With where the visitor is by now; None where that is as before, or not told."""
    if kept is None:
        return None
    here = replace(kept, zone=picked.zone or kept.zone, locale=picked.locale or kept.locale)
    return here if here != kept else None
