"""Saved prompts: a section of the Settings page, and the name that is asked for at a message.

Inserting them is the browser's alone: prompts.js.
"""

from functools import partial

import streamlit as st

from chatcore.service import Hearth
from chatcore.types import Message, SavedPrompt
from chatcore.ui import actions, forms, words
from chatcore.ui.state import View

NEW = 0  # no prompt's id


def draw(view: View) -> None:
    st.subheader("Saved prompts", anchor=False)
    st.markdown(
        "Type `/` in the empty prompt box of a chat, or press the `/` in it, to insert one."
    )
    _undo()
    for prompt in view.services.store.prompts.of(view.owner):
        if _is_edited(prompt.id):
            _editor(prompt, view.services.store.prompts.text(view.owner, prompt.id))
        else:
            _prompt(prompt)
    if _is_edited(NEW):
        _editor(SavedPrompt(NEW, "", "", 0), "")
    else:
        st.button(
            "New prompt",
            key="prompt_new",
            icon=":material/add:",
            on_click=_edit,
            args=(NEW,),
        )


def _prompt(prompt: SavedPrompt) -> None:
    name = words.plain(f"/{prompt.name}")
    with st.container(
        horizontal=True, vertical_alignment="center", key=f"saved_prompt_{prompt.id}"
    ):
        st.markdown(f"**{name}** :gray[{words.plain(prompt.begins)}]", width="stretch")
        st.button(
            "Edit",
            key=f"prompt_edit_{prompt.id}",
            help=f"Change {name}",
            on_click=_edit,
            args=(prompt.id,),
        )
        st.button(
            "Delete",
            key=f"prompt_delete_{prompt.id}",
            help=f"Delete {name}",
            on_click=_delete,
            args=(prompt,),
        )


def _editor(prompt: SavedPrompt, text: str) -> None:
    # A form, since in one Ctrl+Enter saves.
    with st.form(f"prompt_form_{prompt.id}"):
        _tell_refusal()
        st.text_input("Name", prompt.name, key=f"prompt_name_{prompt.id}", autocomplete="off")
        st.text_area("Text", text, key=f"prompt_text_{prompt.id}", height=200)
        forms.buttons(f"prompt_{prompt.id}", partial(_save, prompt.id), _close_editor)


def _is_edited(prompt_id: int) -> bool:
    edited: bool = st.session_state.get("prompt_edited") == prompt_id
    return edited


def _edit(prompt_id: int) -> None:
    st.session_state["prompt_edited"] = prompt_id


def _close_editor() -> None:
    st.session_state.pop("prompt_edited", None)


def _save(prompt_id: int) -> None:
    name = st.session_state[f"prompt_name_{prompt_id}"]
    text = st.session_state[f"prompt_text_{prompt_id}"]

    def save(services: Hearth, owner: int) -> None:
        if prompt_id == NEW:
            services.store.prompts.save(owner, name, text)
        else:
            services.store.prompts.change(owner, prompt_id, name, text)

    if _attempt(save):
        _close_editor()


def _delete(prompt: SavedPrompt) -> None:
    def delete(services: Hearth, owner: int) -> None:
        text = services.store.prompts.text(owner, prompt.id)
        services.store.prompts.delete(owner, prompt.id)
        st.session_state["deleted_prompt"] = (prompt.name, text)

    actions.attempt(delete)


def _undo() -> None:
    """Offered until it is used, or another prompt is deleted."""
    if (deleted := st.session_state.get("deleted_prompt")) is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="prompt_deleted"):
        st.caption(f"Deleted {words.plain(f'/{deleted[0]}')}", width="content")
        st.button("Undo", key="prompt_undo", type="tertiary", on_click=_restore, args=deleted)


def _restore(name: str, text: str) -> None:
    if actions.attempt(lambda services, owner: services.store.prompts.save(owner, name, text)):
        st.session_state.pop("deleted_prompt", None)


def begin_saving(message: Message) -> None:
    st.session_state["saving"] = message.id


def is_saved(message: Message) -> bool:
    """Whether the name to save it by is being asked for."""
    saving: bool = st.session_state.get("saving") == message.id
    return saving


def ask_name(message: Message) -> None:
    """Below the message whose text is to be saved."""
    key = f"prompt_name_of_{message.id}"
    with st.form(f"form_{key}"):
        _tell_refusal()
        st.text_input(
            "Name of the prompt",
            key=key,
            placeholder="letters, digits, - and _",
            autocomplete="off",
        )
        forms.buttons(key, partial(_save_as, message, key), _stop_saving)


def _save_as(message: Message, key: str) -> None:
    name = st.session_state[key]

    def save(services: Hearth, owner: int) -> None:
        saved = services.store.prompts.save(owner, name, message.body)
        st.toast(f"Saved as {words.plain(f'/{saved.name}')}", icon=":material/check:")

    if _attempt(save):
        _stop_saving()


def _stop_saving() -> None:
    st.session_state.pop("saving", None)


def _attempt(change: actions.Change) -> bool:
    """Why it failed is told in the form, beside what was typed."""
    done = actions.attempt(change)
    if not done:
        st.session_state["prompt_refused"] = st.session_state.pop("failure")
    return done


def _tell_refusal() -> None:
    if refusal := st.session_state.pop("prompt_refused", None):
        st.error(words.sentence(refusal), icon=":material/error:")
