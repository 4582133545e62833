"""A place on the page for each message of a chat, in groups.

A prompt has its page draw the end of its chat first, and what comes before is drawn into places
that are there already: for most of them one place that holds ten is enough until then.
"""

from streamlit.delta_generator import DeltaGenerator

GROUP = 10


class Places:
    """By the id of the message; made when the first of its group is asked for."""

    def __init__(self, where: DeltaGenerator, ids: list[int]) -> None:
        self._where = where
        self._ids: list[int] = []
        self._groups: list[DeltaGenerator] = []
        self._made: dict[int, DeltaGenerator] = {}
        self.add(ids)

    def __contains__(self, message_id: int) -> bool:
        return message_id in self._ids

    def __getitem__(self, message_id: int) -> DeltaGenerator:
        if message_id not in self._made:
            self._make(self._ids.index(message_id) // GROUP)
        return self._made[message_id]

    def add(self, ids: list[int]) -> None:
        """At the end."""
        self._ids += ids
        while len(self._groups) * GROUP < len(self._ids):
            self._groups.append(self._where.container())

    def _make(self, group: int) -> None:
        """In order, since Streamlit puts each after those that are there."""
        for message_id in self._ids[group * GROUP :][:GROUP]:
            if message_id not in self._made:
                place = self._groups[group].container(key=f"message_{message_id}")
                self._made[message_id] = place
