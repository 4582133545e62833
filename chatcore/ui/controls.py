"""The controls under a message: its versions, its menu, and the editor of a prompt."""

from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore.context import is_cut
from chatcore.types import Message, Session
from chatcore.ui import actions, forms, picker, prompts, seen, words

KEPT = {
    "pinned": ":material/keep: pinned",
    "left_out": ":material/visibility_off: left out",
}


def draw(message: Message, last: bool, below: DeltaGenerator | None = None) -> None:
    """How it ended, where that was not well; then one line: its cost, versions, rating and menu.

    below: the one place for all of it, where it has been drawn already.
    """
    continuing = last and can_go_on(message)
    if below and (continuing or message.state != "done" or _count_of_cut(message)):
        with below.container():
            draw(message, last)
        return
    _ending(message)
    if continuing:
        st.button(
            "Continue",
            icon=":material/play_arrow:",
            key=f"continue_{message.id}",
            on_click=actions.resume,
            args=(message,),
        )
    if message.role == "assistant" or message.keep or len(message.versions) > 1:
        _line(message, last, below)
    else:
        _menu(message, last)  # alone: each container costs the browser as much as what is in it
    if message.seen and st.session_state.get("seen_of") == message.id:
        seen.draw(message, message.seen)
    if prompts.is_saved(message):
        prompts.ask_name(message)


def _line(message: Message, last: bool, below: DeltaGenerator | None) -> None:
    """Straight into its place, where the next run draws it again: an open menu stays open."""
    container = below.container if below else st.container
    with container(horizontal=True, vertical_alignment="center", gap="small"):
        if message.role == "assistant":
            st.caption(words.usage(message), width="content")
        if message.keep:
            st.caption(KEPT[message.keep], width="content")
        _versions(message)
        if message.role == "assistant":
            _rating(message)
        _menu(message, last)


def _ending(message: Message) -> None:
    if message.error:
        st.error(words.sentence(message.error), icon=":material/error:")
    elif message.state == "interrupted":
        st.warning(
            "Hearth was stopped during this reply: the text so far is kept.",
            icon=":material/power_off:",
        )
    if (count := _count_of_cut(message)) and message.seen:
        st.warning(words.cut(message.seen, count), icon=":material/content_cut:")


def _count_of_cut(message: Message) -> int | None:
    """The server's count of the prompt, where it cut the chat further."""
    count = message.usage and message.usage.prompt_eval_count
    return count if message.seen and count and is_cut(message.seen, count) else None


def _versions(message: Message) -> None:
    """Where this message stands among those in its place, and the way to the others."""
    if len(message.versions) < 2:
        return
    at = message.versions.index(message.id)
    with st.container(horizontal=True, width="content", gap=None, vertical_alignment="center"):
        _step(message, at - 1, "previous", ":material/chevron_left:")
        st.caption(f"{at + 1} / {len(message.versions)}", width="content")
        _step(message, at + 1, "next", ":material/chevron_right:")


def _step(message: Message, to: int, name: str, icon: str) -> None:
    there = 0 <= to < len(message.versions)
    st.button(
        f"{name.capitalize()} version",
        icon=icon,
        key=f"{name}_{message.id}",
        type="tertiary",
        disabled=not there,
        on_click=actions.choose_version,
        args=(message.versions[to],) if there else None,
    )


def _rating(message: Message) -> None:
    key = f"rating_{message.id}"
    st.feedback(
        "thumbs",
        key=key,
        default=message.rating,
        on_change=actions.rate,
        args=(message, key),
        width="content",
    )


def _menu(message: Message, last: bool) -> None:
    entries = _entries(message, last)
    key = f"message_menu_{message.id}"
    st.menu_button(
        "More",
        list(entries),
        icon=":material/more_horiz:",
        key=key,
        type="tertiary",
        on_click=lambda: entries[st.session_state[key]](),
    )


def _entries(message: Message, last: bool) -> dict[str, Callable[[], None]]:
    entries: dict[str, Callable[[], None]] = {
        "Copy": lambda: actions.copy(message),
        "Copy link": lambda: actions.copy_link(message),
    }
    fork = {"Fork from here": lambda: actions.fork(message)} | _keeping(message)
    if message.role != "assistant":
        if message.role == "user":
            entries["Edit"] = lambda: actions.begin_editing(message)
        if message.body:
            entries["Save as prompt"] = lambda: prompts.begin_saving(message)
        return entries | fork
    if last and can_go_on(message):
        entries["Continue"] = lambda: actions.resume(message)
    entries["Regenerate"] = lambda: actions.regenerate(message, message.model)
    picked = picker.chosen()
    if picked and picked != message.model:
        entries[f"Regenerate with {picked}"] = lambda: actions.regenerate(message, picked)
    if message.seen:
        entries["Run again exactly"] = lambda: actions.repeat(message)
        fork["What the model saw"] = lambda: actions.show_seen(message)
    return entries | fork


def _keeping(message: Message) -> dict[str, Callable[[], None]]:
    """Whether the model is to see it in what follows."""
    entries: dict[str, Callable[[], None]] = {}
    if message.keep != "pinned":
        entries["Pin: always send it"] = lambda: actions.keep(message, "pinned")
    if message.keep != "left_out":
        entries["Leave out: never send it"] = lambda: actions.keep(message, "left_out")
    if message.keep:
        entries["Send it while there is room"] = lambda: actions.keep(message, "")
    return entries


def can_go_on(message: Message) -> bool:
    """Whether there may be more of this reply than is written."""
    cut = message.usage is not None and message.usage.done_reason == "length"
    return cut or message.state in ("stopped", "interrupted", "error")


def edit(session: Session, message: Message) -> None:
    key = f"edit_{message.id}"
    # A form, since in one Ctrl+Enter sends.
    with st.form(f"form_{key}", border=False):
        st.text_area("Your message", value=message.body, key=key, label_visibility="collapsed")
        send = partial(actions.send_edited, session.id, message, key, picker.chosen())
        forms.buttons(key, send, actions.cancel_editing, "Send")
