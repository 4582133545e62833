"""A persona tried out: a conversation that is kept nowhere, and the reply to it under way. Pure."""

from dataclasses import dataclass

from chatcore.personas import Persona
from chatcore.types import Message, Said, Session, Turn


@dataclass(frozen=True)
class Trial:
    persona: Persona
    said: tuple[Said, ...]
    """All of it, the prompt to be answered last."""
    zone: str = ""
    locale: str = ""

    def turn(self, model: str) -> Turn:
        """As a generation begins with: of no session, and of messages that are not stored."""
        session = Session(0, "", "", model, None, 0, 0, 0)
        prompt = Message(0, 0, None, "user", "done", self.said[-1].content, "", "", 0)
        return Turn(session, prompt, Message(0, 0, 0, "assistant", "streaming", "", "", model, 0))
