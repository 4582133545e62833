"""Who visits: the one place where that is verified, for the page and for every route alike.

What it finds goes on as one header, which nobody outside can set: the routes read it of their
request, the page of the websocket's handshake.
"""

import logging
from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatcore import service
from chatcore.errors import ChatError
from chatcore.identity import BROWSER, HERE, INTERNAL, LOCAL, Facts, identity_key
from chatcore.service import Hearth
from chatcore.settings import Settings
from chatcore.types import IdentityMode
from chatcore.web.agent import name_of
from chatcore.web.origin import is_https
from chatcore.web.owner import NEWCOMERS
from chatcore.web.peer import is_from_here, peer

log = logging.getLogger(__name__)

PROTOCOLS = "sec-websocket-protocol"
OURS = [INTERNAL, BROWSER, HERE]

SignedIn = Callable[[Mapping[str, str]], tuple[str, str] | None]


class Visitors:
    """ASGI middleware for http and websockets."""

    def __init__(self, app: ASGIApp, signed_in: SignedIn = lambda _cookies: None) -> None:
        """signed_in: from verified cookies to the issuer and the subject of an account."""
        self._app = app
        self._signed_in = signed_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        services = await _services()
        if services is None:  # the page tells why, and knows nobody
            _hand_on(scope, OURS, {})
            _begin_anew(scope)
            await self._app(scope, receive, send)
            return
        mode, header = services.settings.identity_mode, services.settings.identity_header
        facts = self._facts(services, mode, HTTPConnection(scope))
        key = identity_key(mode, facts)
        if mode == "browser" and scope["type"] == "http":
            send = _with_cookie(services, scope, facts, send)
        elif mode == "browser" and key:
            await run_in_threadpool(_note, services, key, HTTPConnection(scope))
        tab = _resumed(HTTPConnection(scope))
        if tab and not services.tabs.is_of(tab, key):
            _begin_anew(scope)
        unproven = [header] if header and facts.header is None else []
        before = identity_key("browser", facts) if mode == "oidc" else None
        is_here = scope["type"] == "websocket" and is_from_here(HTTPConnection(scope))
        found = {INTERNAL: key, BROWSER: before, HERE: "yes" if is_here else None}
        _hand_on(scope, [*OURS, *unproven], found)
        await self._app(scope, receive, send)

    def _facts(self, services: Hearth, mode: IdentityMode, connection: HTTPConnection) -> Facts:
        return Facts(
            browser=services.cookie.verify(connection.cookies),
            claims=self._signed_in(connection.cookies) if mode == "oidc" else None,
            header=_header(services.settings, connection),
        )


def _note(services: Hearth, key: str, connection: HTTPConnection) -> None:
    """A page was opened. The first on this machine has the chats from before browsers were told
    apart: whoever opened it could read them all along."""
    heir_of = LOCAL if is_from_here(connection) else None
    label = name_of(connection.headers.get("user-agent", ""))
    try:
        services.store.identities.seen(key, label, heir_of)
    except ChatError as error:  # the page will tell
        log.warning("a browser was not noted: %s", error)


def _resumed(connection: HTTPConnection) -> str:
    """The session of Streamlit that a page which lost its connection asks for; "" for none."""
    return "".join(_protocols(connection)[2:3])


def _begin_anew(scope: Scope) -> None:
    """Without that session, as at a server that was started again: its state, its widgets and what
    it could not send are another person's."""
    connection = HTTPConnection(scope)
    if PROTOCOLS in connection.headers:
        MutableHeaders(scope=scope)[PROTOCOLS] = ", ".join(_protocols(connection)[:2])


def _protocols(connection: HTTPConnection) -> list[str]:
    """Streamlit's own, its token against forgery, and the session to go on with: by their places,
    as Streamlit reads them, of which one may be empty."""
    return [part.strip() for part in connection.headers.get(PROTOCOLS, "").split(",")]


def _hand_on(scope: Scope, without: list[str], found: dict[str, str | None]) -> None:
    headers = MutableHeaders(scope=scope)
    for name in without:
        del headers[name]
    for name, key in found.items():
        if key:
            headers[name] = key


async def _services() -> Hearth | None:
    try:
        return service.running() or await run_in_threadpool(service.hearth)
    except ChatError:
        return None


def _header(settings: Settings, connection: HTTPConnection) -> tuple[str, str] | None:
    """What a trusted proxy says; nothing where it is said twice, since one may be a forger's."""
    name = settings.identity_header
    address = peer(connection.scope)
    if not name or address is None:
        return None
    if not any(address in network for network in settings.trusted_proxies):
        return None
    values = connection.headers.getlist(name)
    return (name, values[0]) if len(values) == 1 and values[0] else None


def _with_cookie(services: Hearth, scope: Scope, facts: Facts, send: Send) -> Send:
    """Sets it with every page: a browser's first one, or the same again, which keeps it fresh; and
    with the answer of a route that welcomed a newcomer."""
    newcomers = scope[NEWCOMERS] = []

    async def send_with_cookie(message: Message) -> None:
        is_start = message["type"] == "http.response.start"
        if is_start and (newcomers or _is_page(message)):
            browser = facts.browser or next(iter(newcomers), None) or services.cookie.new()
            headers = MutableHeaders(scope=message)
            secure = is_https(HTTPConnection(scope))
            headers.append("set-cookie", services.cookie.sign(browser, secure))
            # A cache that goes by the name, /script.js, would hand the cookie on to others.
            if headers.get("cache-control") != "no-store":
                headers["cache-control"] = "private, no-cache"
        await send(message)

    return send_with_cookie


def _is_page(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/html")
