"""Whose request this is."""

from starlette.requests import Request

from chatcore.errors import NoIdentity
from chatcore.identity import browser_key, key_in
from chatcore.service import Hearth

NOBODY = 0  # owners are numbered from 1
NEWCOMERS = "hearth.newcomers"
"""Where the middleware finds, in the scope, the browser that a route welcomed."""


def owner_of(services: Hearth, request: Request) -> int:
    """The number of the owner at the browser that asks. Raises NoIdentity.

    Who only reads is made none: cookies are to be had for nothing, and rows would stay. NOBODY,
    who has nothing, where there is none yet.
    """
    key = key_of(services, request)
    if only_reads(request):
        return services.store.identities.owner(key) or NOBODY
    return services.store.owner(key)


def only_reads(request: Request) -> bool:
    return request.method in ("GET", "HEAD")


def welcome(services: Hearth, request: Request) -> int:
    """The same, or a new owner where nothing tells who asks: the cookie comes with the answer.

    Raises NoIdentity where a cookie is not what tells people apart.
    """
    try:
        return owner_of(services, request)
    except NoIdentity:
        if NEWCOMERS not in request.scope:
            raise
        browser = services.cookie.new()
        request.scope[NEWCOMERS].append(browser)
        return services.store.owner(browser_key(browser))


def key_of(services: Hearth, request: Request) -> str:
    """The identity that the middleware verified. Raises NoIdentity."""
    settings = services.settings
    return key_in(request.headers, settings.identity_mode, settings.identity_header)
