"""Tokens: what a program shows for its owner, where a browser has a cookie."""

from typing import Protocol

from chatcore.types import Token


class Tokens(Protocol):
    """Of each token only a hash is kept. Another owner's is answered as one that is not there."""

    def create(self, owner: int, name: str) -> str:
        """The token itself, told this once."""
        ...

    def of(self, owner: int) -> list[Token]:
        """The newest first."""
        ...

    def revoke(self, owner: int, token_id: int) -> None:
        """It opens nothing from now on. Of one that is not there: nothing to do."""
        ...

    def owner(self, token: str) -> int | None:
        """Whose it is, None where it is nobody's; noted as used, once a minute at most."""
        ...
