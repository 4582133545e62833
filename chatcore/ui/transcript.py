"""The messages of a chat, and the live end of it. Drawn from the store, block by block."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore.blocks import split_blocks
from chatcore.types import Message, Session
from chatcore.ui import actions, controls, words
from chatcore.ui.clock import Clock
from chatcore.ui.follow import pieces
from chatcore.ui.state import View

AVATARS = {"user": ":material/person:", "assistant": ":material/local_fire_department:"}


def draw(view: View) -> Message | None:
    """All finished messages; returns the one still under way, which belongs at the end."""
    assert view.session is not None
    st.markdown(f"#### {words.plain(view.session.title)}")
    messages = view.hearth.store.messages(view.owner, view.session.id)
    under_way = messages.pop() if messages and messages[-1].state == "streaming" else None
    for message in messages:
        _finished(view.session, message, last=under_way is None and message is messages[-1])
    return under_way


def follow(view: View, message: Message, clear_controls: Callable[[], object]) -> None:
    """Show the reply as it comes, from its first word, and turn it into the finished one."""
    assert view.session is not None
    generation = view.hearth.generations.of(view.owner, message)
    if generation is None:
        clear_controls()
        _finished(view.session, view.hearth.store.message(view.owner, message.id), last=True)
        return
    with _frame(message) as (above, text, below):
        clock = Clock(generation, above)
        with text:
            st.write_stream(pieces(generation, clock.tick))
        clear_controls()
        above.empty()
        with below:
            if generation.unsaved:
                _unsaved(generation.unsaved)
            else:
                message = view.hearth.store.message(view.owner, message.id)
                _thoughts(above, message)
                _outcome(message, last=True)


def _finished(session: Session, message: Message, last: bool) -> None:
    with _frame(message) as (above, text, below):
        if st.session_state.get("editing") == message.id:
            with text:
                controls.edit(session, message)
            return
        _thoughts(above, message)
        with text:
            for block in split_blocks(message.body):
                st.markdown(block)
        with below:
            _outcome(message, last)


@contextmanager
def _frame(message: Message) -> Iterator[tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator]]:
    """The message's places: above its text, the text, below it.

    The same for a live message as for a finished one, so that each stays where it is drawn.
    """
    with (
        st.container(key=f"message_{message.id}"),
        st.chat_message(message.role, avatar=AVATARS.get(message.role)),
    ):
        yield st.empty(), st.container(), st.container()


def _thoughts(place: DeltaGenerator, message: Message) -> None:
    if not message.thinking:
        place.empty()
        return
    with place, st.expander("Thoughts", icon=":material/psychology:"):
        st.markdown(message.thinking)


def _unsaved(reason: str) -> None:
    st.error(words.sentence(reason), icon=":material/save:")
    st.caption("The reply is kept on this page until then: copy what you cannot lose.")


def _outcome(message: Message, last: bool) -> None:
    """How the reply ended, and what can be done with it."""
    if message.error:
        st.error(words.sentence(message.error), icon=":material/error:")
    elif message.state == "interrupted":
        st.warning(
            "Hearth was stopped during this reply: the text so far is kept.",
            icon=":material/power_off:",
        )
    if last and controls.can_go_on(message):
        st.button(
            "Continue",
            icon=":material/play_arrow:",
            key=f"continue_{message.id}",
            on_click=actions.resume,
            args=(message,),
        )
    controls.draw(message, last)
