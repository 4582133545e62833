"""The address at the other end of the connection, whatever the headers say."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from starlette.requests import HTTPConnection
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from chatcore.settings import Network
from chatcore.web.origin import is_same_origin

PEER = "hearth.peer"


class Peer(ProxyHeadersMiddleware):
    """Notes it in the scope, before it is replaced by what a proxy says of its client."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope[PEER] = scope.get("client")
        await super().__call__(scope, receive, send)


def peer(scope: Any) -> IPv4Address | IPv6Address | None:
    """None where nobody noted it, or it is no address of a network: then nobody is trusted."""
    try:
        address = ip_address(scope[PEER][0])
    except (KeyError, TypeError, ValueError):
        return None
    return getattr(address, "ipv4_mapped", None) or address


def sender(scope: Any, trusted: Iterable[Network]) -> str:
    """The address that requests are counted by: what a proxy says of its client is believed of one
    that is trusted. "" where there is none."""
    address = peer(scope)
    if address is not None and not any(address in network for network in trusted):
        return str(address)
    return scope["client"][0] if scope.get("client") else ""


def is_from_here(connection: HTTPConnection) -> bool:
    """Whether a browser on this machine asks, and no proxy for one elsewhere: a proxy that says
    neither of whom nor by which name it was asked passes the page's origin on all the same."""
    address = peer(connection.scope)
    behind_proxy = any(name in connection.headers for name in ("x-forwarded-for", "forwarded"))
    names = ("localhost", "127.0.0.1", "::1")
    return (
        address is not None
        and address.is_loopback
        and not behind_proxy
        and connection.url.hostname in names
        and is_same_origin(connection)
    )
