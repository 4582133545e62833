"""Places on the page whose old content goes at once when something else is drawn there."""

from collections.abc import Hashable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def stage(name: str, holds: Hashable) -> DeltaGenerator:
    """A container; when `holds` is not what it was in the last run, a fresh one.

    Streamlit clears what is left of an earlier run only at the end of the next, and a run that
    follows a reply may take minutes. Two places take turns, since emptying and filling a single
    one would reach the browser as filling only.
    """
    held, second = st.session_state.get(f"stage_{name}", (holds, False))
    second = second if held == holds else not second
    st.session_state[f"stage_{name}"] = (holds, second)
    if second:
        st.empty()
        return st.container()
    place = st.container()
    st.empty()
    return place
