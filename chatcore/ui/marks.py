"""Which chats of the sidebar are being answered, and which hold a reply that nobody has seen.

One style sheet marks them all, so that telling of a change costs one element and not the list.
Beside it stands what news.js compares with what /news tells.
"""

from collections.abc import Iterable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore import news
from chatcore.types import Session
from chatcore.ui import state
from chatcore.ui.state import View


def draw(view: View, sessions: list[Session]) -> None:
    """Kept true by the follower of a reply; after it news.js has the page drawn again.

    sessions: those that the sidebar lists.
    """
    marks = _Marks(view, sessions, st.empty())
    view.live.append(marks.tick)


class _Marks:
    def __init__(self, view: View, sessions: list[Session], place: DeltaGenerator) -> None:
        self._view = view
        self._place = place
        self._shown = len(sessions)
        self._drawn = view.under_way
        # Of what is drawn: a list that is another by now is one more reason to draw the page again.
        self._of_others = news.of_others(sessions, view.session, self._drawn)
        self._of_open = news.of_open(view.session, self._drawn)
        self._draw(sessions)

    def tick(self) -> None:
        """Draw them anew, where a reply has begun or ended since."""
        view, services = self._view, self._view.services
        under_way = services.generations.under_way(view.owner)
        if under_way == self._drawn:
            return
        self._drawn = under_way
        if view.session and view.session.pk not in under_way:  # it was followed to its end
            session = state.session(services, view.owner, view.session.id)
            self._of_open = news.of_open(session, under_way)
        self._draw(services.store.sessions(view.owner, self._shown))

    def _draw(self, sessions: list[Session]) -> None:
        """With an element beside it the style sheet stays where it is, and is replaced there."""
        replying = [s for s in sessions if s.pk in self._drawn]
        unread = [s for s in sessions if s.unread and s.pk not in self._drawn]
        rules = _rule(replying, "⋯", "replying", 400) + _rule(unread, "●", "unread reply", 700)
        open_id = self._view.session.id if self._view.session else ""
        marks = f'<i data-news="{self._of_open} {self._of_others}" data-open="{open_id}"></i>'
        self._place.html(f"<style>{rules}</style>{marks}")


def _rule(sessions: Iterable[Session], mark: str, said: str, weight: int) -> str:
    """Ids hold nothing that CSS or HTML would read."""
    links = ",".join(f'[data-chat="{s.id}"] a' for s in sessions)
    if not links:
        return ""
    after = ",".join(f"{link}::after" for link in links.split(","))
    content = f'content:"{mark}";content:"{mark}"/"{said}"'
    return (
        f"{after}{{{content};margin-left:auto;color:rgb(180 100 40)}}"
        f"{links}{{font-weight:{weight}}}"
    )
