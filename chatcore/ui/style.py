"""What the theme cannot say, in a few lines of CSS."""

from pathlib import Path

import streamlit as st

# A file of ours: the icons that Streamlit knows by name would be fetched from another host.
ICON = Path(__file__).with_name("icon.svg")
STYLE_SHEET = Path(__file__).with_name("style.css")


def apply() -> None:
    st.html(STYLE_SHEET)
