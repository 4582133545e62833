"""Whose request this is."""

from starlette.requests import Request

from chatcore.identity import key_in
from chatcore.service import Hearth


def owner_of(services: Hearth, request: Request) -> int:
    """The number of the owner at the browser that asks. Raises NoIdentity."""
    return services.store.owner(key_of(services, request))


def key_of(services: Hearth, request: Request) -> str:
    """The identity that the middleware verified. Raises NoIdentity."""
    settings = services.settings
    return key_in(request.headers, settings.identity_mode, settings.identity_header)
