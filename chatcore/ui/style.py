"""What the theme cannot say, in a few lines of CSS, and the icon."""

from pathlib import Path

from chatcore.ui.component import VERSION

# A file of ours: the icons that Streamlit knows by name would be fetched from another host.
ICON = Path(__file__).with_name("icon.svg")
SHEET = f"./assets/{VERSION}/style.css"
"""Its address, beside the page."""
