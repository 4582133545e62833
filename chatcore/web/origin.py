"""Whether a page of ours asks, and not another site by the hand of our visitor."""

from urllib.parse import urlsplit

from starlette.requests import Request


def is_same_origin(request: Request) -> bool:
    """The browser says so itself; where it says nothing of the kind, nobody of ours asks."""
    return urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host")
