"""What the controls at a message do. Each is a callback: it runs before the page is drawn again."""

import time
from collections.abc import Callable
from concurrent.futures import Future

import streamlit as st

from chatcore.blank import is_blank
from chatcore.errors import ChatError
from chatcore.generation import Generation
from chatcore.service import Hearth
from chatcore.types import Keep, Message, Summary
from chatcore.ui import state, target, words

LOOKED_AT = 20  # messages, from the end, among which a reply with text is looked for

Change = Callable[[Hearth, int], object]


def attempt(change: Change) -> bool:
    """Do it, or leave the reason where the page shows it."""
    try:
        change(*state.here())
    except ChatError as error:
        st.session_state["failure"] = str(error)
        return False
    return True


def wait_for(errand: "Future[None]", told: str) -> None:
    """Tell of it in the sidebar until it is done, and then, if need be, why it failed."""
    st.session_state["errands"] = [*st.session_state.get("errands", []), (errand, told)]


def tell_failure() -> None:
    """Why the last click changed nothing; shown once."""
    if failure := st.session_state.pop("failure", None):
        st.error(words.sentence(failure), icon=":material/error:")


def stop(session_id: str) -> None:
    """The reply that the session is at by now."""

    def change(services: Hearth, owner: int) -> None:
        for message in services.store.messages(owner, session_id, last=1):
            services.generations.stop(owner, message)

    attempt(change)


def mark_read(session_id: str) -> None:
    attempt(lambda services, owner: services.store.mark_read(owner, session_id))


def send_next(session_id: str, message: Message) -> None:
    """Now, or when the reply under way has ended."""

    def change(services: Hearth, owner: int) -> None:
        services.store.hold_next(owner, message.id, held=False)
        services.generations.start_next(owner, session_id)

    cancel_editing()
    attempt(change)


def begin_editing_next(message: Message) -> None:
    """It is not sent while it is being changed."""
    if attempt(lambda services, owner: services.store.hold_next(owner, message.id, held=True)):
        state.begin_changing(message.id)
        begin_editing(message)


def cancel_editing_next(session_id: str, message: Message) -> None:
    cancel_editing()
    release_next(session_id, message)


def release_next(session_id: str, message: Message) -> bool:
    """It is sent if its turn came while it was being changed; whether that is so."""
    begun: list[Generation] = []

    def change(services: Hearth, owner: int) -> None:
        generation = services.generations.release_next(owner, session_id, message.id)
        begun.extend([generation] if generation else [])

    attempt(change)
    return bool(begun)


def edit_next(session_id: str, message: Message) -> None:
    prompt = st.session_state["next_text"]
    if is_blank(prompt) and not message.attachments:
        return
    if attempt(lambda services, owner: services.generations.edit_next(owner, message.id, prompt)):
        send_next(session_id, message)


def discard_next(message: Message) -> None:
    attempt(lambda services, owner: services.store.discard_next(owner, message.id))


def choose_version(message_id: int) -> None:
    attempt(lambda services, owner: services.store.choose_version(owner, message_id))


def regenerate(message: Message, model: str) -> None:
    attempt(lambda services, owner: services.generations.regenerate(owner, message, model))


def repeat(message: Message) -> None:
    attempt(lambda services, owner: services.generations.repeat(owner, message))


def resume(message: Message) -> None:
    attempt(lambda services, owner: services.generations.resume(owner, message))


def fork(message: Message) -> None:
    def change(services: Hearth, owner: int) -> None:
        state.go(services.store.fork_session(owner, message.id).id)

    attempt(change)


def rate(message: Message, key: str) -> None:
    attempt(lambda services, owner: services.store.rate(owner, message.id, st.session_state[key]))


def keep(message: Message, keep: Keep) -> None:
    def change(services: Hearth, owner: int) -> None:
        services.store.memory.keep(owner, message.id, keep)
        session = state.view().session
        if keep != "left_out" or session is None or not session.choice.compact:
            return
        summary = services.store.memory.summary(owner, session.leaf_id)
        if summary and message.id <= summary.message_id:
            st.toast("The summary may still tell of it: correct it there.", icon=":material/info:")

    attempt(change)


def show_seen(message: Message) -> None:
    st.session_state["seen_of"] = message.id


def hide_seen() -> None:
    st.session_state.pop("seen_of", None)


def copy(message: Message) -> None:
    """Its Markdown, as it is stored."""
    copy_text(message.body)


def copy_text(text: str) -> None:
    _leave_to_copy({"text": text})


def copy_link(message: Message) -> None:
    _leave_to_copy({"message": str(message.id)})


def copy_last_reply() -> None:
    def last_reply(services: Hearth, owner: int) -> None:
        if session := state.session(services, owner, state.address()):
            messages = services.store.messages(owner, session.id, last=LOOKED_AT)
            replies = [m for m in messages if m.role == "assistant" and m.body]
            if replies:
                copy(replies[-1])

    attempt(last_reply)


def _leave_to_copy(what: dict[str, str]) -> None:
    """For page.js, which tells a second wish from the first one by its time."""
    st.session_state["copy"] = {"at": str(time.time_ns())} | what


def begin_editing(message: Message) -> None:
    st.session_state["editing"] = message.id


def cancel_editing() -> None:
    st.session_state.pop("editing", None)


def begin_editing_summary(summary: Summary) -> None:
    st.session_state["editing_summary"] = summary.id


def cancel_editing_summary() -> None:
    st.session_state.pop("editing_summary", None)


def save_summary(summary: Summary) -> None:
    body = st.session_state[f"summary_text_{summary.id}"]

    def change(services: Hearth, owner: int) -> None:
        if session := state.session(services, owner, state.address()):
            model = target.of(services, session.model)
            services.memory.correct(owner, session, summary, body, model)

    if attempt(change):
        cancel_editing_summary()


def send_edited(session_id: str, message: Message, key: str, model: str) -> None:
    prompt = st.session_state[key]
    if is_blank(prompt) and not message.attachments:
        return
    if attempt(
        lambda services, owner: services.generations.edit(owner, session_id, message, prompt, model)
    ):
        cancel_editing()
