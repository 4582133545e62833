"""Prompts that a person saved, to insert them again by name."""

from typing import Protocol

from chatcore.types import SavedPrompt


class Prompts(Protocol):
    """A name is letters, digits, `-` and `_`, and one owner's only: upper and lower case are alike.

    Of one that is not there, or another owner's, each raises PromptNotFound, and of a name or a
    text that cannot be kept PromptRefused.
    """

    def of(self, owner: int) -> list[SavedPrompt]:
        """By name."""
        ...

    def text(self, owner: int, prompt_id: int) -> str: ...

    def save(self, owner: int, name: str, text: str) -> SavedPrompt: ...

    def change(self, owner: int, prompt_id: int, name: str, text: str) -> None: ...

    def delete(self, owner: int, prompt_id: int) -> None:
        """For good: who may want it back keeps its text."""
        ...
