"""Whose request it is, and whether its browser was told to make it by a page of ours.

A token is shown by a program alone. A cookie is sent by the browser, whoever made it ask: so what
changes something must come with the Origin of this server. Every browser sends one with a POST;
what has neither Origin nor cookie is no browser, and has nothing of anybody's.
"""

from dataclasses import dataclass

from starlette.requests import Request

from chatcore.errors import NoIdentity
from chatcore.service import Hearth
from chatcore.web.api.refusals import ForeignOrigin, Unauthorized
from chatcore.web.owner import owner_of, welcome

NOBODY = 0  # owners are numbered from 1
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Caller:
    owner: int
    by_token: bool


def caller(services: Hearth, request: Request) -> Caller:
    """Raises Unauthorized where nothing tells who asks, or a token that is nobody's; and
    ForeignOrigin."""
    if (token := _token(request)) is not None:
        owner = services.store.tokens.owner(token)
        if owner is None:
            raise Unauthorized("This token is not valid (any more): make another in Settings.")
        return Caller(owner, by_token=True)
    reads = request.method in ("GET", "HEAD")
    if not reads:
        _check_origin(request)
    try:
        owner = (owner_of if reads else welcome)(services, request)
        return Caller(owner, by_token=False)
    except NoIdentity as error:
        raise Unauthorized("Hearth does not know whose request this is: send a token.") from error


def _token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _check_origin(request: Request) -> None:
    origin = request.headers.get("origin")
    if origin is None and "cookie" not in request.headers:
        return
    scheme, _, place = (origin or "").lower().partition("://")
    port = DEFAULT_PORTS.get(scheme, "")
    host = request.headers.get("host", "").lower()
    if not place or place.removesuffix(port) != host.removesuffix(port):
        raise ForeignOrigin(
            "Only a page of this server may ask with its cookie: send a token,"
            " or let your proxy pass the Host header on."
        )
