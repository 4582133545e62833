"""Whether a page of ours asks, and not another site by the hand of our visitor."""

from starlette.requests import HTTPConnection

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def is_same_origin(connection: HTTPConnection) -> bool:
    """The browser says so itself; where it says nothing of the kind, or two things, nobody of ours
    asks."""
    origins = connection.headers.getlist("origin")
    scheme, _, place = origins[0].lower().partition("://") if len(origins) == 1 else ("", "", "")
    port = DEFAULT_PORTS.get(scheme, "")
    host = connection.headers.get("host", "").lower()
    same_place = bool(place) and place.removesuffix(port) == host.removesuffix(port)
    return same_place and _scheme(connection) in (scheme, None)


def is_https(connection: HTTPConnection) -> bool:
    """Believed of anyone: who lies keeps only their own cookie from themselves."""
    return connection.scope["scheme"] in ("https", "wss") or _forwarded(connection) == "https"


def _scheme(connection: HTTPConnection) -> str | None:
    """Over plain http only a proxy knows, which may not tell."""
    if is_https(connection):
        return "https"
    return "http" if _forwarded(connection) == "http" else None


def _forwarded(connection: HTTPConnection) -> str:
    """Each proxy of a chain adds a word of its own: the first is of the browser's connection."""
    return connection.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
