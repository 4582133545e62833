"""The summary that stands for the oldest messages, where it ends: to be read and corrected."""

from functools import partial

import streamlit as st

from chatcore.types import Summary
from chatcore.ui import actions, forms, prose
from chatcore.ui.state import View


def of(view: View) -> Summary | None:
    session = view.session
    if session is None or not session.choice.compact:
        return None
    return view.services.store.memory.summary(view.owner, session.leaf_id)


def draw(summary: Summary) -> None:
    editing = st.session_state.get("editing_summary") == summary.id
    with st.expander(
        "Summary: the model reads this instead of the messages above",
        icon=":material/summarize:",
        expanded=editing,
        key="summary",
    ):
        if editing:
            _editor(summary)
            return
        prose.draw(summary.body)
        st.button(
            "Edit summary",
            key="edit_summary",
            on_click=actions.begin_editing_summary,
            args=(summary,),
        )


def _editor(summary: Summary) -> None:
    with st.form("summary_edited", border=False):
        st.text_area("Summary", value=summary.body, key=f"summary_text_{summary.id}")
        forms.buttons(
            "summary", partial(actions.save_summary, summary), actions.cancel_editing_summary
        )
