"""All personas: the owner's, to edit, and those that come with Hearth, to begin with."""

import streamlit as st

from chatcore.errors import ChatError
from chatcore.personas import Persona, exchange
from chatcore.service import Hearth
from chatcore.ui import actions, avatars, offers, persona_picker, words
from chatcore.ui.offers import Offer
from chatcore.ui.state import View

NAME_CHARACTERS = 80
SAYS_CHARACTERS = 70


def in_address() -> str | None:
    """The persona that the address names: its id, or "new"; None for the list.

    Said again when it changed, since a link of a page to itself leaves the browser's address.
    """
    named = st.query_params.get("persona")
    if st.session_state.get("persona_shown", ...) != named:
        st.session_state["persona_shown"] = named
        if named is None:
            st.query_params.clear()
        else:
            st.query_params["persona"] = named
    return named


def draw(view: View) -> None:
    st.session_state.pop("persona_edited", None)
    st.header("Personas", anchor=False)
    actions.tell_failure()
    st.markdown("A persona answers in a chat by its own system prompt, model and options.")
    with st.container(horizontal=True, gap="small"):
        st.button(
            "New persona", key="persona_new", icon=":material/add:", type="primary", on_click=_new
        )
        _import(view)
    _undo()
    found = offers.by_label(view.services, view.owner)
    own = {label: offer for label, offer in found.items() if offer.persona_id is not None}
    st.subheader("Yours", anchor=False)
    if not own:
        st.caption("None yet: make one, or duplicate one of those below.")
    for label, offer in own.items():
        _row(label, offer, f"persona_{offer.persona_id}")
    st.subheader("Built in", anchor=False)
    for n, label in enumerate(label for label in found if label not in own):
        _row(label, found[label], f"persona_built_in_{n}")


def _row(label: str, offer: Offer, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=key):
        with st.container(gap=None, width="stretch"):
            _name(offer)
            says = words.short(offer.persona.system, SAYS_CHARACTERS)
            st.caption(words.plain(says) or "No system prompt")
        if st.button(
            "Chat",
            key=f"{key}_chat",
            help=f"Begin a chat with {words.plain(offer.persona.name)}",
            on_click=persona_picker.want,
            args=(label,),
        ):
            # {} and not nothing, with which a parameter that is bound to a widget is an error
            st.switch_page("pages/chat.py", query_params={})
        _what_else(offer, key)


def _name(offer: Offer) -> None:
    if offer.persona_id is None:
        st.markdown(f"**{avatars.label(offer.persona)}**")
    else:
        st.page_link(
            "pages/personas.py",
            label=words.plain(offer.persona.name),
            icon=avatars.of(offer.persona),
            query_params={"persona": str(offer.persona_id)},
        )


def _what_else(offer: Offer, key: str) -> None:
    if offer.persona_id is None:
        st.button("Duplicate", key=f"{key}_duplicate", on_click=duplicate, args=(offer.persona,))
        return
    st.menu_button(
        f"More for {words.plain(offer.persona.name)}",
        ["Edit", "Duplicate", "Delete"],
        icon=":material/more_vert:",
        key=(menu := f"persona_menu_{offer.persona_id}"),
        type="tertiary",
        on_click=_act,
        args=(offer.persona_id, offer.persona, menu),
    )


def _act(persona_id: int, persona: Persona, key: str) -> None:
    match st.session_state[key]:
        case "Edit":
            open_in_editor(str(persona_id))
        case "Duplicate":
            duplicate(persona)
        case "Delete":
            delete(persona_id, persona)


def _new() -> None:
    open_in_editor("new")


def open_in_editor(which: str) -> None:
    st.query_params["persona"] = which


def duplicate(persona: Persona) -> None:
    """And open it, since it is made to be changed."""
    name = f"{persona.name[: NAME_CHARACTERS - len(' (copy)')]} (copy)"
    create(persona.model_copy(update={"name": name}))


def create(persona: Persona) -> None:
    def make(services: Hearth, owner: int) -> None:
        open_in_editor(str(services.store.personas.create(owner, persona).id))

    actions.attempt(make)


def delete(persona_id: int, persona: Persona) -> None:
    if actions.attempt(lambda services, owner: services.store.personas.delete(owner, persona_id)):
        st.session_state["deleted_persona"] = (persona_id, persona.name)
        st.query_params.pop("persona", None)


def _undo() -> None:
    """Offered until it is used, or another one is deleted."""
    deleted: tuple[int, str] | None = st.session_state.get("deleted_persona")
    if deleted is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Deleted “{words.plain(deleted[1])}”; its chats go on with it.")
        st.button(
            "Undo",
            key="undo_delete_persona",
            type="tertiary",
            on_click=_restore,
            args=(deleted[0],),
        )


def _restore(persona_id: int) -> None:
    if actions.attempt(lambda services, owner: services.store.personas.restore(owner, persona_id)):
        st.session_state.pop("deleted_persona", None)


def _import(view: View) -> None:
    """Each upload has a widget of its own, so that what was read is gone from it."""
    n = st.session_state.get("personas_imported", 0)
    with st.popover("Import", icon=":material/upload:", key="persona_import"):
        files = st.file_uploader(
            "Personas as JSON files",
            type=["json"],
            accept_multiple_files=True,
            key=f"persona_files_{n}",
        )
    if files:
        st.session_state["personas_imported"] = n + 1
        refused = [told for file in files if (told := _refusal(view, file.name, file.getvalue()))]
        if refused:
            st.session_state["failure"] = " ".join(refused)
        st.rerun()


def _refusal(view: View, name: str, data: bytes) -> str:
    """Why the file is no persona here by now; "" where it is one."""
    try:
        persona = avatars.check(exchange.read(data))
        view.services.store.personas.create(view.owner, persona)
    except ChatError as error:
        return f"{name} was not imported: {error}"
    return ""
