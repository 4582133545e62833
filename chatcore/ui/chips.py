"""The files of a message under it: images to look at, all to open or download again."""

import streamlit as st

from chatcore.types import Attachment, File, Message
from chatcore.ui import words


def draw(message: Message, when: str = "") -> None:
    """when: tells two drawings of one run apart."""
    if not message.attachments:
        return
    with st.container(key=f"files_{message.id}{when}", horizontal=True, gap="small"):
        for attachment in message.attachments:
            _image(attachment) if attachment.is_image else _link(attachment)


def unsent(files: tuple[File, ...]) -> None:
    """Of a prompt that was not sent: their names, since there is nothing to open yet."""
    for file in files:
        length = None if file.text is None else len(file.text)
        label = words.file(file.name, len(file.data), length)
        st.caption(f":material/attach_file: {label}")


def _image(attachment: Attachment) -> None:
    with st.container(width="content", gap=None):
        address, name = _address(attachment), words.plain(attachment.name)
        st.markdown(f"[![{name}]({address})]({address})")
        st.caption(words.file(attachment.name, attachment.size, None))


def _link(attachment: Attachment) -> None:
    st.link_button(
        words.file(attachment.name, attachment.size, attachment.characters),
        _address(attachment),
        icon=":material/description:",
    )


def _address(attachment: Attachment) -> str:
    """Relative, for a server that answers under a path."""
    return f"attachments/{attachment.id}"
