"""Whose request this is."""

from starlette.requests import Request

from chatcore.identity import key_in
from chatcore.service import Hearth


def owner_of(services: Hearth, request: Request) -> int:
    """The number of the owner at the browser that asks. Raises NoIdentity."""
    settings = services.settings
    return services.store.owner(
        key_in(request.headers, settings.identity_mode, settings.identity_header)
    )
