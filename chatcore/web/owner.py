"""Whose request this is."""

from starlette.requests import Request

from chatcore.identity import identity_key
from chatcore.service import Hearth


def owner_of(services: Hearth, request: Request) -> int:
    """The number of the owner at the browser that asks."""
    return services.store.owner(identity_key(request.cookies))
