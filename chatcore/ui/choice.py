"""What is chosen for a chat's replies: the panel for it, and the line that tells it.

What is chosen before there is a chat waits in the page, and is kept with the chat when it begins.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import streamlit as st

from chatcore.errors import OptionsRefused
from chatcore.options import BY_DEFAULT, USUAL, Choice, Compact, Options
from chatcore.service import Hearth
from chatcore.ui import actions, offers, options, target, words
from chatcore.ui.state import View

FULL = {
    Compact.NEVER: "Leave out the oldest",
    Compact.ALWAYS: "Sum up the oldest",
    Compact.WHEN_ASKED: "Sum up when I ask for it",
}


def of(view: View) -> Choice:
    """Of the chat that is open, or that will begin here."""
    if view.session is None:
        return of_new()
    return view.session.choice


def of_new() -> Choice:
    """Of the chat that the next prompt begins; for callbacks, too."""
    waiting: Choice = st.session_state.get("new_chat_choice", BY_DEFAULT)
    return waiting


def forget_new() -> None:
    st.session_state.pop("new_chat_choice", None)


def panel(view: View, model: str) -> None:
    """Its content is drawn while it is open, and costs the other runs of the page nothing."""
    place = st.popover(
        "Options", icon=":material/tune:", key="options", on_change="rerun", width="stretch"
    )
    if not place.open:
        return
    session_id = view.session.id if view.session else None
    # Other fields for another chat, and when all of them are emptied at once.
    prefix = f"option_{session_id}_{st.session_state.get('options_emptied', 0)}"
    now = of(view)
    model_known = target.of(view.services, model)
    window = words.window(view.services.settings.num_ctx, model, model_known.trained)
    with place:
        with suppress(OptionsRefused):
            change = partial(_choose, session_id, prefix)
            options.fields(prefix, now.options, window, model_known.thinks, _left(view), change)
        _full(session_id, now)


def _full(session_id: str | None, now: Choice) -> None:
    key = f"full_{session_id}"
    st.session_state.setdefault(key, now.compact)
    st.selectbox(
        "When the window is full",
        FULL,
        format_func=FULL.__getitem__,
        key=key,
        help="What becomes of the oldest messages. The model can sum them up, which takes a request"
        " of its own now and then; all of them stay in the chat.",
        on_change=_choose_full,
        args=(session_id, key),
    )
    if session_id is not None:
        st.button(
            "Sum up now",
            key="sum_up",
            icon=":material/summarize:",
            help="The model reads a summary of all but the last prompt and reply from then on.",
            on_click=_sum_up,
            args=(session_id, key),
        )


def _left(view: View) -> str:
    """How it is where a field is empty."""
    return "as the persona" if offers.of(view) else ""


def _choose(session_id: str | None, prefix: str, name: str) -> None:
    """What stands in this field, unless it is refused: the panel says so."""
    with suppress(OptionsRefused):
        value = options.value(prefix, name)
        _change(session_id, lambda old: old.model_copy(update={name: value}))


def _change(session_id: str | None, changed: Callable[[Options], Options]) -> None:
    def change(services: Hearth, owner: int) -> None:
        assert session_id is not None
        chosen = changed(services.store.session(owner, session_id).choice.options)
        services.store.memory.choose_options(owner, session_id, chosen)

    if session_id is None:
        new = of_new()
        st.session_state["new_chat_choice"] = replace(new, options=changed(new.options))
    else:
        actions.attempt(change)


def _choose_full(session_id: str | None, key: str) -> None:
    compact: Compact = st.session_state[key]
    if session_id is None:
        st.session_state["new_chat_choice"] = replace(of_new(), compact=compact)
    else:
        actions.attempt(
            lambda services, owner: services.store.memory.choose_compact(owner, session_id, compact)
        )


def _sum_up(session_id: str, key: str) -> None:
    def ask(services: Hearth, owner: int) -> None:
        actions.wait_for(
            services.generations.sum_up(owner, session_id), "The model sums the chat up"
        )

    if actions.attempt(ask) and st.session_state[key] is Compact.NEVER:
        st.session_state[key] = Compact.WHEN_ASKED


def differing(view: View) -> None:
    """What is chosen here and differs from the persona, in a line, and the way back."""
    chosen = of(view).options
    if chosen == USUAL:
        return
    persona = offers.of(view)
    told = words.options(chosen.apart_from(persona.options if persona else USUAL))
    if not told:
        return
    with st.container(key="differing", horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f":material/tune: {told}", width="content")
        st.button(
            "Reset options",
            key="reset_options",
            type="tertiary",
            on_click=_reset,
            args=(view.session.id if view.session else None,),
        )


def _reset(session_id: str | None) -> None:
    _change(session_id, lambda _: USUAL)
    st.session_state["options_emptied"] = st.session_state.get("options_emptied", 0) + 1
