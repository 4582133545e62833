"""The editor of a persona: all of it as inputs, checked as it is typed."""

from secrets import token_urlsafe
from typing import Any

import streamlit as st

from chatcore.blank import is_blank
from chatcore.errors import ChatError, OptionsRefused, PersonaNotFound, PersonaRefused
from chatcore.memory import Target
from chatcore.personas import Persona, exchange, parse, variables
from chatcore.personas.persona import FIELDS
from chatcore.service import Hearth
from chatcore.store.personas import Kept
from chatcore.ui import (
    actions,
    avatars,
    options,
    persona_list,
    persona_scratch,
    picker,
    target,
    words,
)
from chatcore.ui.state import View

ANY = "Any model"
KEY = "persona_edit_"
BLANK = Persona(name="?")
NAMED = 5  # of what looks like a variable and is none
NAMED_CHARACTERS = 60
KNOWN = ", ".join(f"`{{{{{name}}}}}`" for name in variables.GIVEN)


def draw(view: View, asked_for: str) -> None:
    """asked_for: the persona's id, or "new"."""
    with st.container(key="persona_back"):
        st.page_link(
            "pages/personas.py", label="All personas", icon=":material/arrow_back:", query_params={}
        )
    actions.tell_failure()
    try:
        kept = _kept(view, asked_for)
    except PersonaNotFound as error:
        st.info(words.sentence(str(error)), icon=":material/search_off:")
        return
    _open(asked_for, kept)
    editor, beside = st.columns([3, 2], gap="large")
    with editor:
        st.header("Edit persona" if kept else "New persona", anchor=False)
        persona = _typed(view, kept.persona if kept else BLANK)
        _buttons(kept, persona)
    with beside:
        persona_scratch.draw(view, persona)


def _kept(view: View, asked_for: str) -> Kept | None:
    if asked_for == "new":
        return None
    for kept in view.services.store.personas.of(view.owner):
        if str(kept.id) == asked_for:
            return kept
    raise PersonaNotFound("There is no such persona here: it may be deleted.")


def _open(asked_for: str, kept: Kept | None) -> None:
    """Fill the inputs, where another persona was in them."""
    if st.session_state.get("persona_edited") == asked_for and f"{KEY}name" in st.session_state:
        return
    _forget()
    persona_scratch.clear()
    persona = kept.persona if kept else BLANK
    st.session_state["persona_edited"] = asked_for
    filled = {
        "name": persona.name if kept else "",
        "avatar": persona.avatar,
        "system": persona.system,
        "model": persona.model or ANY,
        "starters": "\n".join(words.one_line(starter) for starter in persona.starters),
        "rows": list(range(len(persona.fields))),
        "next_row": len(persona.fields),
    }
    for n, field in enumerate(persona.fields):
        filled |= {f"row_{n}_{name}": value for name, value in field}
    st.session_state.update({f"{KEY}{name}": value for name, value in filled.items()})


def _forget() -> None:
    for key in [key for key in st.session_state if str(key).startswith(KEY)]:
        del st.session_state[key]


def _typed(view: View, before: Persona) -> Persona | None:
    """What stands in the inputs; None, with the reason beneath, where that is no persona."""
    name, avatar = st.columns([2, 1])
    given: dict[str, Any] = {
        "name": name.text_input("Name", key=f"{KEY}name", autocomplete="off"),
        "avatar": avatar.text_input(
            "Avatar",
            key=f"{KEY}avatar",
            help="One emoji, or an icon by its name, as `:material/school:`",
            autocomplete="off",
        ).strip(),
        "system": st.text_area("System prompt", key=f"{KEY}system", height=260),
    }
    about_prompt = st.container(gap="small")
    installed = [model.name for model in view.server.models] if view.server else []
    chosen = st.session_state[f"{KEY}model"]
    models = list(dict.fromkeys([ANY, *installed, chosen]))
    model = st.selectbox("Model", models, key=f"{KEY}model")
    starters = st.text_area(
        "Conversation starters, one a line", key=f"{KEY}starters", height=104
    ).splitlines()
    given |= {
        "model": "" if model == ANY else model,
        "starters": [line for line in starters if not is_blank(line)],
        "fields": _rows(),
    }
    with about_prompt:
        _variables(given["system"], [row["name"] for row in given["fields"]])
    answers = target.of(view.services, given["model"] or picker.chosen())
    window = words.window(view.services.settings.num_ctx, answers.model, answers.trained)
    persona = _checked(given, before, window)
    if persona is not None:
        with about_prompt:
            _length(view, persona, answers)
    return persona


def _checked(given: dict[str, Any], before: Persona, window: str) -> Persona | None:
    try:
        with st.expander("Options", icon=":material/tune:"):
            chosen = options.fields(f"{KEY}option", before.options, window)
        return avatars.check(parse(given | {"options": chosen}))
    except OptionsRefused:  # told under its field
        return None
    except PersonaRefused as error:
        if is_blank(given["name"]):
            st.caption("It needs a name.")
        else:
            st.error(words.sentence(str(error)), icon=":material/error:")
        return None


def _variables(system: str, own: list[str]) -> None:
    unknown = variables.unknown(system, own)
    if not unknown:
        return
    told = [words.plain(words.short(each, NAMED_CHARACTERS)) for each in unknown[:NAMED]]
    if more := len(unknown) - len(told):
        told.append(f"{more:,} more")
    is_none = "is no variable, and is" if len(unknown) == 1 else "are no variables, and are"
    st.warning(
        f"{', '.join(told)} {is_none} sent as written. There are {KNOWN}, and this persona's own"
        " fields.",
        icon=":material/help:",
    )


def _length(view: View, persona: Persona, answers: Target) -> None:
    try:
        tokens, fitted = view.services.memory.tokens_of(view.owner, persona, answers)
    except ChatError as error:
        st.warning(words.sentence(str(error)), icon=":material/compress:")
    else:
        st.caption(f"About {tokens:,} of {fitted.num_ctx:,} tokens. Variables: {KNOWN}")


def _rows() -> list[dict[str, str]]:
    """The persona's own variables, each in a line."""
    rows: list[int] = st.session_state[f"{KEY}rows"]
    st.markdown("Fields, asked when a chat starts")
    for row in rows:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            for name, label in (("name", "Name"), ("question", "Question"), ("default", "Default")):
                st.text_input(
                    f"{label} of field {row + 1}", key=f"{KEY}row_{row}_{name}", autocomplete="off"
                )
            st.button(
                f"Remove field {row + 1}",
                icon=":material/close:",
                key=f"{KEY}remove_{row}",
                type="tertiary",
                on_click=_remove,
                args=(row,),
            )
    if len(rows) < FIELDS:
        st.button("Add a field", icon=":material/add:", key="persona_add_field", on_click=_add)
    names = ("name", "question", "default")
    return [{n: st.session_state[f"{KEY}row_{row}_{n}"].strip() for n in names} for row in rows]


def _add() -> None:
    row = st.session_state[f"{KEY}next_row"]
    st.session_state[f"{KEY}next_row"] = row + 1
    st.session_state[f"{KEY}rows"] = [*st.session_state[f"{KEY}rows"], row]


def _remove(row: int) -> None:
    rows = st.session_state[f"{KEY}rows"]
    st.session_state[f"{KEY}rows"] = [each for each in rows if each != row]


def _buttons(kept: Kept | None, persona: Persona | None) -> None:
    with st.container(horizontal=True, gap="small"):
        if st.button("Save", key="persona_save", icon=":material/check:", type="primary"):
            _save(kept, persona)
        if persona is None:
            return
        st.download_button(
            "Export",
            exchange.write(persona),
            exchange.file_name(persona),
            f"application/json; from={_secret()}",
            key="persona_export",
            icon=":material/download:",
            on_click="ignore",
        )
        if kept is None:
            return
        st.button(
            "Duplicate", key="persona_duplicate", on_click=persona_list.duplicate, args=(persona,)
        )
        st.button(
            "Delete",
            key="persona_delete",
            icon=":material/delete:",
            on_click=persona_list.delete,
            args=(kept.id, kept.persona),
        )


def _secret() -> str:
    """Nobody else knows it. Streamlit makes the address of a file of all that it is told of it, and
    answers whoever has guessed that: the persona may be one that everybody knows."""
    secret: str = st.session_state.setdefault("persona_secret", token_urlsafe(16))
    return secret


def _save(kept: Kept | None, persona: Persona | None) -> None:
    """Of one that is refused, the reason stands above the button."""
    if persona is None:
        return

    def save(services: Hearth, owner: int) -> None:
        if kept is None:
            made = services.store.personas.create(owner, persona)
            st.session_state["persona_edited"] = st.query_params["persona"] = str(made.id)
        else:
            services.store.personas.edit(owner, kept.id, persona)

    if actions.attempt(save):
        st.toast(f"{words.plain(persona.name)} is saved.", icon=":material/check:")
    else:
        st.rerun()
