"""How a persona speaks in a request: its system prompt, with what its variables stand for now."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from chatcore.context import OF_PERSONA
from chatcore.counting import size
from chatcore.personas import Persona, variables
from chatcore.types import Part


@dataclass(frozen=True)
class Voice:
    persona: Persona
    values: dict[str, str]
    """Of the variables in its system prompt."""

    @property
    def system(self) -> str:
        return variables.fill(self.persona.system, self.values)

    def parts(self) -> list[Part]:
        """What it takes of the window: nothing, where it says nothing."""
        return [Part(OF_PERSONA, "system", size(self.system))] if self.system.strip() else []

    def wire_messages(self) -> list[dict[str, Any]]:
        return [{"role": "system", "content": self.system}] if self.system.strip() else []


def speaking(persona: Persona, own: dict[str, str], zone: str, locale: str, model: str) -> Voice:
    """By the clock of the visitor. own: the values of the persona's own fields, where they are not
    its defaults."""
    now = datetime.now(_zone(zone))
    known = {field.name: field.default for field in persona.fields} | own
    return Voice(persona, variables.values(persona.system, now, locale, model, known))


def _zone(name: str) -> tzinfo | None:
    """None, which is the server's, for one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None
