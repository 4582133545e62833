"""Which chats of the sidebar are being answered, and which hold a reply that nobody has seen.

One style sheet marks them all, so that telling of a change costs one element and not the list.
"""

from collections.abc import Iterable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore.types import Session
from chatcore.ui.state import View

EVERY = 2.0  # seconds between two looks of a page that follows no reply itself


def draw(view: View, shown: int) -> None:
    """Kept true by the follower of a reply; after it, while other chats are answered, by itself.

    shown: how many sessions the sidebar lists.
    """
    marks = _Marks(view, shown, st.empty())
    marks.tick()
    view.live.append(marks.tick)
    view.afterwards.append(marks.watch)


class _Marks:
    def __init__(self, view: View, shown: int, place: DeltaGenerator) -> None:
        self._view = view
        self._shown = shown
        self._place = place
        self._drawn: set[int] | None = None

    def tick(self) -> None:
        """Draw them anew, where a reply has begun or ended since."""
        under_way = _under_way(self._view)
        if under_way != self._drawn:
            self._drawn = under_way
            self._place.html(_marks(self._view, self._shown))

    def watch(self) -> None:
        """Look again now and then, until no chat is being answered."""
        if _under_way(self._view):
            with self._place:
                st.fragment(run_every=EVERY)(self._draw_until_all_ended)()

    def _draw_until_all_ended(self) -> None:
        st.html(_marks(self._view, self._shown))
        if not _under_way(self._view):
            st.rerun()


def _under_way(view: View) -> set[int]:
    """The visitor's own: a neighbour who is answered is no reason to look again."""
    return view.services.generations.under_way(view.owner)


def _marks(view: View, shown: int) -> str:
    """With an element beside it the style sheet stays where it is put, and is replaced there."""
    under_way = _under_way(view)
    sessions = view.services.store.sessions(view.owner, shown)
    replying = [s for s in sessions if s.pk in under_way]
    unread = [s for s in sessions if s.unread and s.pk not in under_way]
    rules = _rule(replying, "⋯", "replying", 400) + _rule(unread, "●", "unread reply", 700)
    return f"<style>{rules}</style><i></i>"


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
