"""Who speaks in a chat: the avatars of its replies, and the lines where persona or model change.

Nothing of it is stored: each reply knows which version of a persona its request went out with.
"""

from collections.abc import Sequence

from chatcore.store.personas import Kept
from chatcore.types import Message
from chatcore.ui import avatars, words
from chatcore.ui.state import View

LOOKED_AT = 20  # messages above the page, among which the reply before is looked for
AVATARS = {"user": ":material/person:", "assistant": ":material/local_fire_department:"}


class Cast:
    """Of one run, so that each version is read once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._read: dict[int, Kept] = {}

    def avatar(self, message: Message) -> str | None:
        version = self._version(message)
        if version is None:
            return AVATARS.get(message.role)
        return avatars.of(self._kept(version).persona)

    def change(self, messages: Sequence[Message], message: Message) -> str:
        """What stands above a reply, as Markdown; "" where nothing changed since the one before."""
        if message.role != "assistant" or not self._is_known(message):
            return ""
        ids = [each.id for each in messages]
        earlier = messages[: ids.index(message.id)]
        before = next(filter(_was_asked_for, reversed(earlier)), None)
        before = before or self._above(messages[0])
        if before is None:
            return ""
        parts = [self._new_persona(self._version(before), self._version(message))]
        if message.model != before.model:
            parts.append(words.plain(message.model))
        told = " · ".join(part for part in parts if part)
        return f"From here on: {told}" if told else ""

    def _above(self, first: Message) -> Message | None:
        """The last reply before the messages on the page: most often the one just above them."""
        store, message = self._view.services.store, first
        for _ in range(LOOKED_AT):
            if message.parent_id is None:
                return None
            message = store.message(self._view.owner, message.parent_id)
            if _was_asked_for(message):
                return message
        return None

    def _new_persona(self, before: int | None, now: int | None) -> str:
        if before == now:
            return ""
        if now is None:
            return "no persona"
        kept = self._kept(now)
        same = before is not None and self._kept(before).id == kept.id
        return avatars.label(kept.persona) + ", as it was edited" * same

    def _is_known(self, message: Message) -> bool:
        """A reply that ended before it was asked for was with nobody in particular."""
        return message.seen is not None or message.state == "streaming"

    def _version(self, message: Message) -> int | None:
        """Of a reply that was not asked for, what its chat is with."""
        if message.seen is not None:
            return message.seen.persona
        session = self._view.session
        in_force = session.persona if session and message.role == "assistant" else None
        return in_force.version if in_force else None

    def _kept(self, version: int) -> Kept:
        if version not in self._read:
            store = self._view.services.store
            self._read[version] = store.personas.version(self._view.owner, version)
        return self._read[version]


def _was_asked_for(message: Message) -> bool:
    return message.role == "assistant" and message.seen is not None
