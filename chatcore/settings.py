"""The only reader of the environment: HEARTH_* and OLLAMA_HOST, cast and checked once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, cast

from platformdirs import user_data_path

from chatcore.errors import SettingsError
from chatcore.types import IdentityMode

Embedded = Literal["auto", "off", "always"]
Network = IPv4Network | IPv6Network

PER_OWNER = 2  # replies at once of one person, where there are several
SHORTEST_SECRET = 32  # characters


@dataclass(frozen=True)
class Settings:
    """How this Hearth runs; the defaults are what a fresh machine gets."""

    database: Path
    """HEARTH_DATABASE: the file that holds every chat; all else is kept beside it."""
    ollama_host: str | None = None
    """OLLAMA_HOST: the model server; unset: 127.0.0.1:11434, else the embedded engine."""
    embedded: Embedded = "auto"
    """HEARTH_EMBEDDED: `auto` when no Ollama answers, `off` never, `always` instead of Ollama."""
    gguf: Path | None = None
    """HEARTH_GGUF: a model file for the embedded engine to serve instead of the demo model."""
    num_ctx: int = 8192
    """HEARTH_NUM_CTX: the context window asked for, in tokens, where the model has as much."""
    timeout: int = 600
    """HEARTH_TIMEOUT: seconds a model server may stay silent before its reply is given up."""
    parallel: int = 2
    """HEARTH_PARALLEL: replies asked for at once; the others wait in line. The engine: one."""
    parallel_owner: int | None = None
    """HEARTH_PARALLEL_OWNER: of those, one person's; unset: 2, under `single` no limit."""
    reply_seconds: int = 3600
    """HEARTH_REPLY_SECONDS: a reply is ended after so long."""
    reply_characters: int = 400_000
    """HEARTH_REPLY_CHARACTERS: a reply is ended when it is so long."""
    identity: str = "browser"
    """HEARTH_IDENTITY: who a visitor is: `single`, `browser`, `oidc` or `header:<Name>`."""
    secret: tuple[str, ...] = field(default=(), repr=False)
    """HEARTH_SECRET: what cookies are signed with, one key or two; unset: a file of our own."""
    trusted_proxies: tuple[Network, ...] = ()
    """HEARTH_TRUSTED_PROXIES: who may send the header of HEARTH_IDENTITY."""
    prompt_characters: int = 400_000
    """HEARTH_PROMPT_CHARACTERS: a longer message is refused; files have their own limits."""
    requests_per_minute: int = 120
    """HEARTH_REQUESTS_PER_MINUTE: of one owner to the HTTP API; more are refused for a while."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Raises SettingsError that names the variable, its value and an example."""
        identity = _identity(environ.get("HEARTH_IDENTITY", "").strip() or cls.identity)
        per_owner = _whole(environ, "HEARTH_PARALLEL_OWNER", 0, "replies", least=1)
        return cls(
            database=_database(environ.get("HEARTH_DATABASE", "")),
            ollama_host=environ.get("OLLAMA_HOST", "").strip() or None,
            embedded=_embedded(environ.get("HEARTH_EMBEDDED", "").strip() or "auto"),
            gguf=_gguf(environ.get("HEARTH_GGUF", "")),
            num_ctx=_whole(environ, "HEARTH_NUM_CTX", cls.num_ctx, "tokens", least=256),
            timeout=_whole(environ, "HEARTH_TIMEOUT", cls.timeout, "seconds", least=1),
            parallel=_whole(environ, "HEARTH_PARALLEL", cls.parallel, "replies", least=1),
            parallel_owner=per_owner or (None if identity == "single" else PER_OWNER),
            reply_seconds=_whole(
                environ, "HEARTH_REPLY_SECONDS", cls.reply_seconds, "seconds", least=1
            ),
            reply_characters=_whole(
                environ, "HEARTH_REPLY_CHARACTERS", cls.reply_characters, "characters", least=1000
            ),
            identity=identity,
            secret=_secret(environ.get("HEARTH_SECRET", "")),
            trusted_proxies=_proxies(environ.get("HEARTH_TRUSTED_PROXIES", ""), identity),
            prompt_characters=_whole(
                environ, "HEARTH_PROMPT_CHARACTERS", cls.prompt_characters, "characters", least=1000
            ),
            requests_per_minute=_whole(
                environ, "HEARTH_REQUESTS_PER_MINUTE", cls.requests_per_minute, "requests", least=1
            ),
        )

    @property
    def data_dir(self) -> Path:
        return self.database.parent

    @property
    def identity_mode(self) -> IdentityMode:
        return cast("IdentityMode", self.identity.partition(":")[0])

    @property
    def has_accounts(self) -> bool:
        """Whether people sign in here: none of them is told of the machine behind it."""
        return self.identity_mode in ("oidc", "header")

    @property
    def identity_header(self) -> str:
        """The name of the header that a trusted proxy sends; "" in the other modes."""
        return self.identity.partition(":")[2]


def _path(key: str, value: str) -> Path | None:
    try:
        return Path(value.strip()).expanduser().absolute() if value.strip() else None
    except RuntimeError as error:
        raise SettingsError(f"{key} is {value!r}, and there is no such user here.") from error


def _gguf(value: str) -> Path | None:
    path = _path("HEARTH_GGUF", value)
    if path is not None and not path.is_file():
        raise SettingsError(
            f"HEARTH_GGUF is {value!r}; expected a model file that is there,"
            " e.g. /models/qwen3-8b.gguf."
        )
    return path


def _database(value: str) -> Path:
    if "://" in value:
        scheme = value.split("://")[0]  # the rest may hold a password
        raise SettingsError(
            f"HEARTH_DATABASE is a {scheme}:// address; this version keeps chats in a file,"
            " e.g. /home/me/hearth.db."
        )
    return (
        _path("HEARTH_DATABASE", value) or user_data_path("hearth", appauthor=False) / "hearth.db"
    )


def _embedded(value: str) -> Embedded:
    if value not in ("auto", "off", "always"):
        raise SettingsError(f"HEARTH_EMBEDDED is {value!r}; expected auto, off or always.")
    return cast("Embedded", value)


def _identity(value: str) -> str:
    if not re.fullmatch(r"single|browser|oidc|header:[A-Za-z0-9-]{1,64}", value):
        raise SettingsError(
            f"HEARTH_IDENTITY is {value!r}; expected single, browser, oidc or header:<Name>,"
            " e.g. header:X-Forwarded-User."
        )
    return value


def _secret(value: str) -> tuple[str, ...]:
    """The message does not show it."""
    keys = tuple(key.strip() for key in value.split(",")) if value.strip() else ()
    if len(keys) > 2 or any(len(key) < SHORTEST_SECRET for key in keys):
        raise SettingsError(
            "HEARTH_SECRET cannot be used; expected one key, or a new and an old one with a comma"
            f" between them, of {SHORTEST_SECRET} characters or more,"
            " e.g. what `openssl rand -hex 32` prints."
        )
    return keys


def _proxies(value: str, identity: str) -> tuple[Network, ...]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    if not names and identity.startswith("header:"):
        raise SettingsError(
            f"HEARTH_IDENTITY is {identity!r}, which needs HEARTH_TRUSTED_PROXIES: the addresses"
            " that your proxy connects from, e.g. 127.0.0.1, ::1."
        )
    try:
        return tuple(ip_network(name) for name in names)
    except ValueError as error:
        raise SettingsError(
            f"HEARTH_TRUSTED_PROXIES is {value!r} ({error}); expected addresses or networks,"
            " e.g. 127.0.0.1, 10.0.0.0/8."
        ) from error


def _whole(environ: Mapping[str, str], key: str, default: int, unit: str, least: int) -> int:
    value = environ.get(key, "").strip()
    if not value:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) < least:
        raise SettingsError(
            f"{key} is {value!r}; expected a whole number of {unit},"
            f" {least} or more, e.g. {max(default, least)}."
        )
    return int(value)
