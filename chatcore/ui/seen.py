"""What the model saw: the request behind a reply, as it was sent."""

import json
from typing import Any

import streamlit as st

from chatcore.types import ChatRequest, Message, Seen
from chatcore.ui import actions, state, words

HEIGHT = 400  # pixels


def draw(message: Message, seen: Seen) -> None:
    view = state.view()
    memory = view.services.memory
    body = _body(memory.request(view.owner, message, seen))
    with st.container(key=f"seen_{message.id}", border=True):
        st.markdown("**What the model saw**")
        st.caption(words.seen(seen))
        st.caption(words.build(seen, message.model))
        st.code(
            json.dumps(body, indent=1, ensure_ascii=False),
            language="json",
            wrap_lines=True,
            height=HEIGHT,
        )
        st.button("Close", key=f"close_seen_{message.id}", on_click=actions.hide_seen)


def _body(request: ChatRequest) -> dict[str, Any]:
    """But for images, which are told by their sizes."""
    messages = [
        message | {"images": [words.size(len(image)) for image in message["images"]]}
        if "images" in message
        else message
        for message in request.messages
    ]
    body = {"model": request.model, "messages": messages, "options": request.options}
    beside = {"think": request.think, "keep_alive": request.keep_alive}
    return body | {name: value for name, value in beside.items() if value is not None}
