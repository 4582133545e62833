"""Fields for all that can be set of a reply; what stands in them, and why it cannot be sent."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import streamlit as st

from chatcore.errors import OptionsRefused
from chatcore.options import Options, Think, parse
from chatcore.ui import words

WIDTH = 150  # pixels of a field: two beside each other, on a telephone, too
GAP = 16
LOW = 68  # two lines
STEP = 0.05
LEFT = "as the model does"
LEFT_BESIDE = {"seed": "new each time", "num_ctx": "the usual"}
SCHEMA: Mapping[str, Any] = Options.model_json_schema()["properties"]

Changed = Callable[[str], None]
"""Called with the name of the option whose field was changed."""


def fields(
    prefix: str,
    options: Options,
    window: str,
    thinks: Sequence[Think] = get_args(Think)[1:],
    left: str = "",
    on_change: Changed | None = None,
) -> Options:
    """A field for each option, empty where it is left as it is; returns what stands in them.

    prefix: of their keys. window: what holds of num_ctx, as Markdown. thinks: what can be chosen of
    thinking. left: how it is where a field is empty, if not as the model does it. Raises
    OptionsRefused when all are drawn, and that is told.
    """
    with st.container(horizontal=True, gap="small", key=f"{prefix}_option_fields"):
        for name in Options.model_fields:
            if name != "think" or thinks:
                st.session_state.setdefault(f"{prefix}_{name}", _shown(options, name))
                _field(
                    name,
                    thinks,
                    left or LEFT_BESIDE.get(name, LEFT),
                    {
                        "key": f"{prefix}_{name}",
                        "help": _help(name),
                        "on_change": on_change,
                        "args": (name,) if on_change else None,
                    },
                )
                _refusal(prefix, name)
    st.caption(window)
    return chosen(prefix)


def _field(name: str, thinks: Sequence[Think], left: str, settings: dict[str, Any]) -> None:
    """Without bounds of its own: parse() says by name what cannot be sent."""
    match SCHEMA[name].get("anyOf", [SCHEMA[name]])[0]:
        case {"type": "number"}:
            st.number_input(
                name, value=None, step=STEP, format="%g", placeholder=left, width=WIDTH, **settings
            )
        case {"type": "integer"}:
            st.number_input(name, value=None, step=1, placeholder=left, width=WIDTH, **settings)
        case {"type": "array"}:
            st.text_area(name, height=LOW, placeholder=left, width=2 * WIDTH + GAP, **settings)
        case {"enum": _}:
            thought = st.session_state[settings["key"]]
            choices = ["", *thinks] + [thought] * (thought not in ("", *thinks))
            st.selectbox(
                name, choices, format_func=lambda each: each or left, width=WIDTH, **settings
            )
        case _:
            st.text_input(name, placeholder=left, width=WIDTH, **settings)


def _refusal(prefix: str, name: str) -> None:
    """Below the field, where it cannot be sent."""
    try:
        value(prefix, name)
    except OptionsRefused as error:
        st.error(words.sentence(str(error)), icon=":material/error:", width=2 * WIDTH + GAP)


def _help(name: str) -> str:
    told = Options.model_fields[name].description or ""
    match SCHEMA[name].get("anyOf", [{}])[0]:
        case {"minimum": least, "maximum": most}:
            told += f" From {least:,} to {most:,}."
    return told + " One a line; in it `\\n` is a line break." * (name == "stop")


def _shown(options: Options, name: str) -> Any:
    value = getattr(options, name)
    return "\n".join(map(_escaped, value)) if name == "stop" else value


def chosen(prefix: str) -> Options:
    """What stands in the fields, for callbacks, too. Raises OptionsRefused."""
    names = [name for name in Options.model_fields if f"{prefix}_{name}" in st.session_state]
    return parse({name: _given(prefix, name) for name in names})


def value(prefix: str, name: str) -> Any:
    """The same of one field alone."""
    return getattr(parse({name: _given(prefix, name)}), name)


def _given(prefix: str, name: str) -> Any:
    value = st.session_state[f"{prefix}_{name}"]
    if name == "stop":
        return [_unescaped(line) for line in value.split("\n") if line]
    if name == "keep_alive":
        return value.strip()
    if name == "think":  # the widget may hand back the label
        return value if value in get_args(Think) else ""
    return value


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _unescaped(line: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], line)
