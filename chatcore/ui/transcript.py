"""The messages of a chat, and the live end of it. Drawn from the store, block by block."""

from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from itertools import chain

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chatcore.types import Message, Turn
from chatcore.ui import (
    actions,
    chips,
    composer,
    controls,
    history,
    page,
    prose,
    share,
    summary,
    waiting,
    words,
)
from chatcore.ui.cast import Cast
from chatcore.ui.clock import Clock
from chatcore.ui.follow import Piece, pieces
from chatcore.ui.gauge import Gauge
from chatcore.ui.places import Places
from chatcore.ui.rest import Draw
from chatcore.ui.stage import stage
from chatcore.ui.state import View

THOUGHTS = ":material/psychology:"
REST_AFTER = 0.1  # seconds that a reply has the page for itself: often all it takes to begin


class Transcript:
    """The open chat: a place for each message, filled in the order in which they matter."""

    def __init__(self, view: View) -> None:
        assert view.session is not None
        self._view = view
        self._session = view.session
        self._history = history.load(view)
        self._messages = self._history.messages
        shown = stage("chat", (self._session.pk, self._history.edition))
        self._head = shown.container()
        self._places = Places(shown, [m.id for m in self._messages])
        self._next = st.empty()
        self._gauge = Gauge(view)
        self._cast = Cast(view)
        self._summary = summary.of(view)
        self._is_stale = False

    def draw(self, stop: DeltaGenerator, notices: DeltaGenerator) -> None:
        """And the composer below; a reply under way is followed to its end.

        stop: where the button stands that ends it. notices: where page and composer put theirs.
        """
        page.draw(self._view, notices)  # not later: it has the page scroll to a new prompt
        if self._session.unread:
            actions.mark_read(self._session.id)
        if not self._messages or self._messages[-1].state != "streaming":
            for draw in self._all(self._messages):
                draw()
            self._draw_next(replying=False)
            self._draw_composer(notices)
            return
        *earlier, prompt, reply = self._messages
        rest = self._view.rest
        rest.add(lambda: composer.draw_stop(stop, self._session))
        rest.add(lambda: self._draw_controls(prompt, self._places[prompt.id]))
        rest.add(lambda: self._draw_next(replying=True))
        rest.add(lambda: self._draw_composer(notices))
        for draw in self._all(earlier):
            if self._history.goes_on:
                # The page shows it already, and does so until it is drawn again.
                rest.add(draw)
            else:
                draw()
        self._write(prompt)
        turn = self._follow(reply)
        while turn is not None:
            turn = self._follow(turn.reply)
        stop.empty()
        if self._is_stale or summary.of(self._view) != self._summary:  # it was made for this reply
            st.rerun()

    def _draw_composer(self, notices: DeltaGenerator) -> None:
        line = composer.draw(self._view, notices)
        self._gauge.draw(self._messages, line)

    def _all(self, messages: list[Message]) -> Iterator[Draw]:
        """What draws the head of the chat, and what each message: from the last, which is what a
        page that opens shows."""
        yield self._draw_head
        for message in reversed(messages):
            yield partial(self._draw_summed_up, message)

    def _draw_head(self) -> None:
        with self._head:
            st.markdown(f"#### {words.plain(self._session.title)}")
            share.draw(self._view, self._session)
            if self._history.has_earlier:
                st.button(
                    "Load earlier",
                    icon=":material/expand_less:",
                    key="load_earlier",
                    type="tertiary",
                    on_click=history.show_earlier,
                )
            if self._summary and self._summary.message_id not in self._places:
                summary.draw(self._summary)

    def _draw_summed_up(self, message: Message) -> None:
        """And below it the summary, where that ends with it."""
        self._draw(message)
        if self._summary and self._summary.message_id == message.id:
            with self._places[message.id]:
                summary.draw(self._summary)

    def _draw(self, message: Message) -> None:
        self._write(message)
        self._draw_controls(message, self._places[message.id])

    def _write(self, message: Message) -> None:
        """All but what stands below the bubble."""
        with self._bubble(message):
            if _is_edited(message):
                controls.edit(self._session, message)
            else:
                if message.thinking:
                    _thoughts(st.empty(), message)
                prose.draw(message.body)
            chips.draw(message.attachments, str(message.id))

    def _draw_next(self, replying: bool, again: bool = False) -> None:
        """again: but not over an editor, which may be open."""
        prompt = self._view.services.store.next_prompt(self._view.owner, self._session.id)
        if prompt is not None and not (again and _is_edited(prompt)):
            waiting.draw(self._next, self._session, prompt, replying)

    def _follow(self, message: Message) -> Turn | None:
        """Show the reply as it comes, from its first word, and turn it into the finished one.

        Returns the turn that began when it ended, of a prompt that had waited.
        """
        generation = self._view.services.generations.of(self._view.owner, message)
        if generation is None:
            self._draw(self._stored(message))
            self._ended(None, unread=True)
            return None
        bubble = self._bubble(message)
        below = self._places[message.id].empty()
        clock = Clock(generation, below, self._view.live)
        tick = partial(self._tick, clock)
        with bubble:
            above, text = _begun(generation.turn.reply)
            above = _follow_thoughts(above, pieces(generation.follow_thoughts, tick))
            thoughts = generation.thinking
            with text.container() if text else nullcontext():
                st.write_stream(pieces(generation.follow, tick))
        if generation.unsaved:
            self._view.rest.draw()
            with below.container():
                _unsaved(generation.unsaved)
            return None
        self._ended(generation.next, generation.unread)
        message = self._stored(message)
        if above:
            _thoughts(above, message, drawn=message.thinking == thoughts)
        elif message.thinking:  # all of it came after the text, which stands where it belongs
            self._is_stale = True
        controls.draw(message, message.id == self._messages[-1].id, below)
        clock.tick_others()
        return generation.next

    def _ended(self, following: Turn | None, unread: bool) -> None:
        """Bring all but the reply itself up to its end."""
        self._view.rest.draw()
        if following:
            self._append(following)
        else:
            self._draw_next(replying=False, again=True)
        self._gauge.update(self._messages)
        history.ended(self._messages, under_way=following is not None)
        if unread:
            actions.mark_read(self._session.id)

    def _append(self, turn: Turn) -> None:
        """A turn that begins while the page looks on."""
        self._next.empty()
        self._messages += [turn.prompt, turn.reply]
        self._places.add([turn.prompt.id, turn.reply.id])
        self._draw(turn.prompt)

    def _tick(self, clock: Clock) -> bool:
        """Whether there is more to draw. One thing at a time, as the first word may come meanwhile:
        the browser takes longer to draw a message than the server."""
        if clock.age < REST_AFTER:
            return False
        clock.tick()
        return self._view.rest.draw_some()

    def _bubble(self, message: Message) -> DeltaGenerator:
        """Of its place the first part: for what was said. What can be done with it comes after."""
        with self._places[message.id]:
            if change := self._cast.change(self._messages, message):
                st.caption(change, text_alignment="center")
            return st.chat_message(message.role, avatar=self._cast.avatar(message))

    def _stored(self, message: Message) -> Message:
        return self._view.services.store.message(self._view.owner, message.id)

    def _draw_controls(self, message: Message, place: DeltaGenerator) -> None:
        """How the reply ended, and what can be done with it."""
        if not _is_edited(message):
            with place:
                controls.draw(message, last=message.id == self._messages[-1].id)


def _is_edited(message: Message) -> bool:
    editing: bool = st.session_state.get("editing") == message.id
    return editing


def _thoughts(place: DeltaGenerator, message: Message, drawn: bool = False) -> None:
    """drawn: they are in the block, of which only the name changes."""
    with place.expander(words.thoughts(message), icon=THOUGHTS):
        if not drawn:
            prose.draw(message.thinking)


def _begun(reply: Message) -> tuple[DeltaGenerator | None, DeltaGenerator | None]:
    """Places for the thoughts and the text of a reply that goes on, which stands there while the
    model thinks again; nothing where it begins."""
    if not reply.body:
        return None, None
    above, text = st.empty(), st.empty()
    with text.container():
        prose.draw(reply.body)
    return above, text


def _follow_thoughts(
    place: DeltaGenerator | None, stream: Iterator[Piece]
) -> DeltaGenerator | None:
    """Folded; the place where they are drawn, which there is only where there are any."""
    first = next(stream, None)
    if first is None:
        return None
    place = place or st.empty()
    with place.expander("Thinking", icon=THOUGHTS):
        st.write_stream(chain([first], stream))
    return place


def _unsaved(reason: str) -> None:
    st.error(words.sentence(reason), icon=":material/save:")
    st.caption("The reply is kept on this page until then: copy what you cannot lose.")
