"""Whose request it is, and whether its browser was told to make it by a page of ours.

A token is shown by a program alone. A cookie is sent by the browser, whoever made it ask: so what
changes something must come with the Origin of this server. Every browser sends one with a POST;
what has neither Origin nor cookie is no browser, and has nothing of anybody's.
"""

from dataclasses import dataclass

from starlette.requests import Request

from chatcore.errors import NoIdentity
from chatcore.service import Hearth
from chatcore.web.origin import is_same_origin
from chatcore.web.owner import NOBODY, key_of, only_reads, owner_of, welcome
from chatcore.web.refusals import ForeignOrigin, Unauthorized


@dataclass(frozen=True)
class Caller:
    owner: int
    by_token: bool


def known(services: Hearth, request: Request) -> Caller | None:
    """None where nothing tells who asks. Raises Unauthorized for a token that is nobody's, and
    ForeignOrigin."""
    if (token := _token(request)) is not None:
        owner = services.store.tokens.owner(token)
        if owner is None:
            raise Unauthorized("This token is not valid (any more): make another in Settings.")
        return Caller(owner, by_token=True)
    if not only_reads(request):
        _check_origin(request)
    try:
        return Caller(owner_of(services, request), by_token=False)
    except NoIdentity:
        return None


def is_stranger(services: Hearth, request: Request) -> bool:
    """Whether neither a token nor anything kept here tells who asks."""
    if _token(request) is not None:
        return False
    try:
        return not services.store.identities.has_chats(key_of(services, request))
    except NoIdentity:
        return True


def newcomer(services: Hearth, request: Request, open_to_all: bool) -> Caller:
    """Who only reads has nothing; whoever else comes gets a cookie with the answer.

    open_to_all: reading this tells anybody something. Raises NoIdentity for the rest where a
    cookie is not what tells people apart.
    """
    may_come = open_to_all or services.settings.identity_mode == "browser"
    reads = may_come and only_reads(request)
    return Caller(NOBODY if reads else welcome(services, request), by_token=False)


def _token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _check_origin(request: Request) -> None:
    asked_by_a_browser = "origin" in request.headers or "cookie" in request.headers
    if asked_by_a_browser and not is_same_origin(request):
        raise ForeignOrigin(
            "Only a page of this server may ask with its cookie: send a token,"
            " or let your proxy pass the Host header on."
        )
