"""The files of a message under it: images to look at, all to open or download again."""

from collections.abc import Sequence

import streamlit as st

from chatcore.types import Attachment, File
from chatcore.ui import words


def draw(attachments: Sequence[Attachment], key: str, right: str = "") -> None:
    """key: of this message in this run. right: the query of an address that may be read by it."""
    if not attachments:
        return
    with st.container(key=f"files_{key}", horizontal=True, gap="small"):
        for attachment in attachments:
            address = f"attachments/{attachment.id}{right}"  # for a server that is under a path
            _image(attachment, address) if attachment.is_image else _link(attachment, address)


def unsent(files: tuple[File, ...]) -> None:
    """Of a prompt that was not sent: their names, since there is nothing to open yet."""
    for file in files:
        length = None if file.text is None else len(file.text)
        label = words.file(file.name, len(file.data), length)
        st.caption(f":material/attach_file: {label}")


def _image(attachment: Attachment, address: str) -> None:
    with st.container(width="content", gap=None):
        name = words.plain(attachment.name)
        st.markdown(f"[![{name}]({address})]({address})")
        st.caption(words.file(attachment.name, attachment.size, None))


def _link(attachment: Attachment, address: str) -> None:
    st.link_button(
        words.file(attachment.name, attachment.size, attachment.characters),
        address,
        icon=":material/description:",
    )
