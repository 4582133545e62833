"""The personas of an owner: the contract beside that of the chats themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from chatcore.personas import Persona
from chatcore.types import InForce


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of a persona, as it is kept."""

    id: int
    """Of the persona, the same for all its versions."""
    version: int
    slug: str | None
    """Of one that came with Hearth."""
    deleted: bool
    persona: Persona


class Personas(Protocol):
    """A version is never changed, and outlives the persona: chats are with it.

    Raises PersonaNotFound, for another owner's as for one that never was; and as Store does.
    """

    def of(self, owner: int) -> list[Kept]:
        """The last version of each, by name, without deleted ones and those of Hearth's own."""
        ...

    def create(self, owner: int, persona: Persona) -> Kept: ...

    def edit(self, owner: int, persona_id: int, persona: Persona) -> Kept:
        """Make another version, unless it is the same as the last. Raises for a deleted one."""
        ...

    def delete(self, owner: int, persona_id: int) -> None:
        """It is offered no more; the chats that are with it stay so."""
        ...

    def restore(self, owner: int, persona_id: int) -> None:
        """Undo that. Of one that is not deleted: nothing to do."""
        ...

    def version(self, owner: int, version_id: int) -> Kept:
        """Of a deleted persona, too."""
        ...

    def built_in(self, owner: int, slug: str, persona: Persona) -> Kept:
        """One that comes with Hearth, as this owner's, made at first use."""
        ...

    def use(self, owner: int, session_id: str, in_force: InForce | None) -> None:
        """With whom the session is from its next reply on; None for nobody.

        Raises SessionNotFound, too.
        """
        ...

    def export(self, owner: int) -> Iterator[dict[str, Any]]:
        """Each version of each as JSON, oldest first, with deleted ones and Hearth's own."""
        ...
