"""Personas: who answers in a chat, as which prompt and under which options. Pure.

A persona is a value. Where it is kept, and which version of it a chat is with, the store says.
"""

from chatcore.personas.persona import Field, Persona, parse, stored

__all__ = ["Field", "Persona", "parse", "stored"]
