"""How much of the open chat the model will see: told below the composer, and marked in the chat."""

from contextlib import suppress

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore.errors import PromptTooLong
from chatcore.memory import Plan
from chatcore.options import Compact
from chatcore.types import CHARACTERS_PER_TOKEN, Message
from chatcore.ui import offers, persona_sent, picker, target, words
from chatcore.ui.state import View

ESTIMATE = "An estimate for a short prompt: a long one, or a file, may leave out more."
LONGER = "What is written or attached here may leave out more."
LINE = "The model's memory begins here"


class Gauge:
    """Of one run: drawn with the composer, and brought up to date when a reply has ended."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._sums_up = view.session is not None and view.session.choice.compact is Compact.ALWAYS
        self._caption: DeltaGenerator | None = None
        # A style sheet takes no room.
        with st.container(key="marked"):
            self._marks = st.empty()

    def draw(self, messages: list[Message], line: DeltaGenerator) -> None:
        """messages: those on the page. line: below the composer."""
        with line, st.container(key="gauge"):
            self._caption = st.empty()
            # page.js and style.css show it, as no server knows of a prompt that is not sent.
            with st.container(key="longer"):
                st.caption(words.warning(LONGER))
        self.update(messages)

    def update(self, messages: list[Message]) -> None:
        try:
            plan = _plan(self._view)
        except PromptTooLong as error:
            plan, told = None, words.warning(words.sentence(str(error)))
        else:
            told = words.gauge(plan.fit, self._sums_up) if plan else ""
        if self._caption:
            self._caption.caption(told, help=ESTIMATE) if told else self._caption.empty()
        room = plan.fit.spare * CHARACTERS_PER_TOKEN if plan else ""
        rules = _greyed(messages) + _line(plan)
        # With an element beside it the style sheet stays where it is put.
        self._marks.html(f'<style>{rules}</style><i data-room="{room}"></i>')


def draw_new(view: View, line: DeltaGenerator) -> None:
    """Of a chat that is not there yet: what its persona takes. line: below the composer."""
    if (persona := offers.of(view)) is None:
        return
    with suppress(PromptTooLong):  # told above
        fitted = persona_sent.first_request(view, persona)
        with line, st.container(key="gauge"):
            st.caption(words.gauge(fitted, compact=False), help=ESTIMATE)


def _plan(view: View) -> Plan | None:
    """Of the next prompt; while a reply is under way, of that. None where no model is picked."""
    model = picker.chosen()
    if view.session is None or not model:
        return None
    session = view.services.store.session(view.owner, view.session.id)  # it may have gone on
    memory = view.services.memory
    for message in view.services.store.messages(view.owner, session.id, last=1):
        if message.state == "streaming":
            return memory.of(view.owner, session, message, target.of(view.services, message.model))
    return memory.next(view.owner, session, target.of(view.services, model))


def _greyed(messages: list[Message]) -> str:
    greyed = [_at(message.id) for message in messages if message.keep == "left_out"]
    return f"{','.join(greyed)}{{opacity:.6}}" if greyed else ""


def _line(plan: Plan | None) -> str:
    if plan is None or not (plan.fit.left_out or plan.summary):
        return ""
    return f'{_at(plan.fit.first)}::before{{content:"{LINE}"}}'


def _at(message_id: int) -> str:
    return f".st-key-message_{message_id}"
