"""Who asks: the signed cookie of a browser, and the key under which the store knows a person. Pure.

What is signed is a random number of the browser's own, and says nothing else.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatcore.errors import NoIdentity
from chatcore.types import IdentityMode

LOCAL = "local"
INTERNAL = "x-hearth-identity"
"""The header in which the middleware hands on the key; one that came from outside is removed."""
BROWSER = "x-hearth-browser"
"""The same for the browser of one who signed in: what it has from before may be brought along."""
HERE = "x-hearth-here"
"""The same, where the page is open on the machine itself."""
BYTES = 24  # of randomness in a cookie
SIGNED = b"hearth: the owner cookie of a browser"
NAMED = b"hearth: the name of the owner cookie"


@dataclass(frozen=True)
class Facts:
    """What was verified of a request: all that may tell who asks."""

    browser: str | None = None
    """The random part of a cookie of ours."""
    claims: tuple[str, str] | None = None
    """Issuer and subject of the account that is signed in."""
    header: tuple[str, str] | None = None
    """Name and value of what a trusted proxy said."""


def identity_key(mode: IdentityMode, facts: Facts) -> str | None:
    """The key of the person, or None where nothing that counts in this mode is known of them."""
    if mode == "single":
        return LOCAL
    if mode == "browser" and facts.browser:
        return browser_key(facts.browser)
    if mode == "oidc" and facts.claims:
        return f"oidc:{_digest('|'.join(facts.claims))}"
    if mode == "header" and facts.header:
        name, value = facts.header
        return f"header:{name.lower()}:{_digest(value)}"
    return None


def browser_key(browser: str) -> str:
    return f"browser:{browser}"


def key_in(headers: Mapping[str, str], mode: IdentityMode, header: str) -> str:
    """The key that the middleware found; `header` is what a proxy should have sent.

    Raises NoIdentity with what to do.
    """
    key = LOCAL if mode == "single" else headers.get(INTERNAL)
    if key:
        return key
    if mode == "header":
        raise NoIdentity(
            f"Hearth knows you by the header {header}, which is missing: open Hearth through the"
            " proxy that sends it, from an address that HEARTH_TRUSTED_PROXIES names."
        )
    if mode == "oidc":
        raise NoIdentity("Sign in to see your chats.")
    raise NoIdentity(
        "Your browser sent no cookie, by which Hearth would know your chats: allow cookies for"
        " this site, then reload the page."
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class OwnerCookie:
    """Signs with the first key, believes each of them.

    Its name depends on the key: browsers share cookies among the ports of a host, and two Hearths
    on one machine would else overwrite each other's.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [(_name(key), _mac(key, SIGNED)) for key in keys]

    def new(self) -> str:
        """The random part of a browser's first cookie."""
        return secrets.token_urlsafe(BYTES)

    def sign(self, browser: str, secure: bool) -> str:
        """As a Set-Cookie header; `secure` where the browser asks over https."""
        name, key = self._keys[0]
        value = f"{browser}.{_signature(key, browser)}"
        # 400 days is the longest that browsers keep one; it is set anew at each visit.
        cookie = f"{name}={value}; Path=/; Max-Age={400 * 86400}; HttpOnly; SameSite=Lax"
        return f"__Host-{cookie}; Secure" if secure else cookie

    def verify(self, cookies: Mapping[str, str]) -> str | None:
        """The random part of the first cookie that one of the keys signed."""
        for name, key in self._keys:
            # With the prefix, no neighbouring host can have set it.
            for value in (cookies.get(f"__Host-{name}"), cookies.get(name)):
                browser, _, signature = (value or "").partition(".")
                if browser and hmac.compare_digest(
                    _signature(key, browser).encode(), signature.encode()
                ):
                    return browser
        return None


def _name(key: bytes) -> str:
    return f"hearth_{_mac(key, NAMED).hex()[:8]}"


def _signature(key: bytes, browser: str) -> str:
    return urlsafe_b64encode(_mac(key, browser.encode())).decode().rstrip("=")


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
