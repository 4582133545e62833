"""The address at the other end of the connection, whatever the headers say."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from starlette.requests import HTTPConnection
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from chatcore.settings import Network
from chatcore.web.origin import is_same_origin

PEER = "hearth.peer"

Address = IPv4Address | IPv6Address


class Peer(ProxyHeadersMiddleware):
    """Notes it in the scope, before it is replaced by what a proxy says of its client."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope[PEER] = scope.get("client")
        await super().__call__(scope, receive, send)


def peer(scope: Any) -> Address | None:
    """None where nobody noted it, or it is no address of a network: then nobody is trusted."""
    noted = scope.get(PEER)
    return _parsed(noted[0]) if noted else None


def sender(scope: Any, trusted: Iterable[Network]) -> str:
    """What requests are counted by, an address or a network of IPv6, of which each line has one
    to itself: what a proxy says of its client is believed of one that is trusted. "" for none."""
    address = peer(scope)
    if address is None or any(address in network for network in trusted):
        told = scope["client"][0] if scope.get("client") else ""
        address = _parsed(told)
        if address is None:
            return str(told)
    return str(ip_network((address, 64), strict=False) if address.version == 6 else address)


def _parsed(address: object) -> Address | None:
    try:
        found = ip_address(str(address))
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


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
