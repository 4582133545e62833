"""Whether a page of ours asks, and not another site by the hand of our visitor."""

from starlette.requests import Request

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def is_same_origin(request: Request) -> bool:
    """The browser says so itself; where it says nothing of the kind, nobody of ours asks."""
    scheme, _, place = request.headers.get("origin", "").lower().partition("://")
    port = DEFAULT_PORTS.get(scheme, "")
    host = request.headers.get("host", "").lower()
    return bool(place) and place.removesuffix(port) == host.removesuffix(port)
