"""The options of a persona, each as an input; what is left empty is as the model has it."""

from typing import Any

import streamlit as st
from pydantic.fields import FieldInfo

from chatcore.options import Options, parse

THINKING = ("", "on", "off", "low", "medium", "high")


def fields(prefix: str, options: Options) -> Options:
    """Inputs that begin with `options`; returns what stands in them. Raises OptionsRefused.

    prefix: of the keys of the widgets.
    """
    typed: dict[str, Any] = {}
    columns = st.columns(2)
    for n, (name, info) in enumerate(Options.model_fields.items()):
        with columns[n % 2]:
            typed[name] = _field(f"{prefix}{name}", name, getattr(options, name), info)
    return parse({name: value for name, value in typed.items() if value not in (None, "", ())})


def _field(key: str, name: str, value: Any, info: FieldInfo) -> Any:
    told: dict[str, Any] = {"label": name, "key": key, "help": info.description}
    if name == "think":
        st.session_state.setdefault(key, value)
        return st.selectbox(options=THINKING, format_func=_thinking, **told)
    if name == "stop":
        st.session_state.setdefault(key, "\n".join(value))
        return tuple(line for line in st.text_area(height=68, **told).splitlines() if line)
    if name == "keep_alive":
        st.session_state.setdefault(key, value)
        return st.text_input(autocomplete="off", **told).strip()
    st.session_state.setdefault(key, value)
    if info.annotation == float | None:
        return st.number_input(value=None, step=0.05, format="%.2f", **told)
    return st.number_input(value=None, step=1, format="%d", **told)


def _thinking(think: str) -> str:
    return think.capitalize() or "As the model does"
