"""What ends a form."""

from collections.abc import Callable

import streamlit as st


def save_or_cancel(name: str, save: Callable[[], None], cancel: Callable[[], None]) -> None:
    with st.container(horizontal=True):
        st.form_submit_button("Save", key=f"save_{name}", type="primary", on_click=save)
        st.form_submit_button("Cancel", key=f"cancel_{name}", on_click=cancel)
