"""Components of our own: what Streamlit has no way to do, or none that is light."""

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

ASSETS = Path(__file__).with_name("assets")
LOAD = (ASSETS / "load.js").read_text("utf-8")
# Of all of them, since one may import another.
VERSION = sha256(b"".join(file.read_bytes() for file in sorted(ASSETS.iterdir()))).hexdigest()[:16]


def component(name: str, isolate_styles: bool = True) -> "ComponentRenderer":
    """Of assets/<name>.js and <name>.html, which the browser fetches once for each version."""
    return st.components.v2.component(
        f"hearth_{name}",
        js=LOAD.replace("NAME", name).replace("VERSION", VERSION),
        isolate_styles=isolate_styles,
    )
