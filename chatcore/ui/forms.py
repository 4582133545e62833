"""What ends a form."""

from collections.abc import Callable

import streamlit as st


def buttons(
    name: str, act: Callable[[], None], cancel: Callable[[], None], label: str = "Save"
) -> None:
    """name: of the form, after which their keys are called: save_<name>, cancel_<name>."""
    with st.container(horizontal=True):
        key = f"{label.lower()}_{name}"
        st.form_submit_button(label, key=key, type="primary", on_click=act)
        st.form_submit_button("Cancel", key=f"cancel_{name}", on_click=cancel)
