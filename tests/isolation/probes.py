"""Every method of the store and every route of the app, with the ids that it is given.

What a parameter means is told by its name, so a new method or route is probed without a word here,
and one with a parameter that nobody knows makes a test fail.
"""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from starlette.routing import BaseRoute, Mount, WebSocketRoute
from starlette.routing import Route as Routed

import app
from chatcore.identity import INTERNAL, browser_key
from chatcore.options import Choice, Compact, Options
from chatcore.personas import Persona
from chatcore.store import Store
from chatcore.types import Build, InForce, Said, Seen, Size
from chatcore.web.api.operations import HEADERS, OPERATIONS
from chatcore.web.assets import TYPES
from tests.isolation import pages
from tests.isolation.world import MODEL, ORIGIN, Answer, World, whole_server

Pick = Callable[[str], Any]
"""From a kind of id to one."""

KINDS = {
    "session_id": "session",
    "pk": "pk",
    "message_id": "message",
    "instead_of": "message",
    "told_to": "message",
    "first": "message",
    "attachment_id": "file",
    "key_hash": "link",
    "token_id": "token",
    "summary_id": "summary",
    "prompt_id": "saved",
    "persona_id": "persona",
    "version_id": "version",
    "key": "key",
    "query": "word",
}
OF_METHOD = {
    ("identities.sign_out", "key"): "identity",
    ("identities.inviter", "token"): "invitation",
    ("tokens.owner", "token"): "secret",
}
VALUES: dict[tuple[str, type], Callable[[World], Any]] = {
    ("prompt", str): lambda world: f"A prompt of {world.word()}",
    ("title", str): lambda world: f"A title of {world.word()}",
    ("name", str): lambda world: f"A-name-{world.count()}",  # as a saved prompt may have one
    ("text", str): lambda world: f"A text of {world.word()}",
    ("body", str): lambda world: f"A text of {world.word()}",
    ("thinking", str): lambda world: f"A thought of {world.word()}",
    ("error", str): lambda world: f"An error of {world.word()}",
    ("thinking", bool): lambda _world: True,
    ("attachments", list): lambda world: [world.file()],
    ("messages", list): lambda world: [Said("user", f"A message of {world.word()}")],
    ("model", str): lambda _world: MODEL,
    ("by", str): lambda _world: "owner",
    ("held", bool): lambda _world: True,
    ("unread", bool): lambda _world: True,
    ("rating", int): lambda _world: 1,
    ("rev", int): lambda world: world.count(),
    ("state", str): lambda _world: "done",
    ("usage", object): lambda _world: None,
    ("last", int): lambda _world: None,
    ("limit", int): lambda _world: 1000,
    ("since", int): lambda _world: 0,
    ("expires_at", int): lambda _world: None,
    ("keep", str): lambda _world: "pinned",
    ("options", Options): lambda world: Options(stop=(world.word(),)),
    ("compact", Compact): lambda _world: Compact.ALWAYS,
    ("slug", str): lambda _world: "tutor",
    ("persona", Persona): lambda world: Persona(
        name=f"Somebody {world.word()}", system=f"You are {world.word()}."
    ),
    ("choice", Choice): lambda world: Choice(Options(stop=(world.word(),))),
    ("in_force", InForce): lambda _world: None,
    ("seen", Seen): lambda _world: Seen(512, 9, 9, True, Size(), first=0),
    ("build", Build): lambda _world: Build("a digest"),
}
NOT_PROBED = {
    "check": "changes nothing, and is asked between all others",
    "close": "ends every test",
    "recover": "runs at the start, for everybody",
    "owner": "is given an identity that was verified",
    "identities.owner": "is given an identity that was verified",
    "identities.seen": "is given an identity that was verified",
    "identities.has_chats": "is given an identity that was verified",
    "identities.bring": "joins identities that were verified: a rule of the machine",
    "identities.pair": "takes a link that is known: a rule of the machine, and POST /pair",
}
PARTS = (
    "identities",
    "shares",
    "posts",
    "search",
    "tokens",
    "belongings",
    "memory",
    "prompts",
    "trash",
    "personas",
)
PASSING = re.compile(r"event: (phase|delta)\n.*?\n\n|\"usage\": \{.*?\}", re.DOTALL)
"""How a stream came, which differs from time to time."""
PARAMETER = re.compile(r"{(\w+)}")
CONVERTOR = re.compile(r":\w+}")
MASKED = re.compile(
    r"(_streamlit_xsrf|expires)=[^;]+|\d{9,}|[\w-]{20,}|zq~\d+z|\b(session_)?(pk|id)=\d+"
    r"|(?<=\"id\":)\"\d+\""
)


def public(protocol: type) -> dict[str, Callable[..., Any]]:
    found = inspect.getmembers(protocol, inspect.isfunction)
    return {name: method for name, method in found if not name.startswith("_")}


def methods() -> dict[str, Callable[..., Any]]:
    """Each method of each contract, as it is called on a store."""
    hints = get_type_hints(Store)
    found = public(Store)
    for part in PARTS:
        found |= {f"{part}.{name}": each for name, each in public(hints[part]).items()}
    return found


METHODS = {name: method for name, method in methods().items() if name not in NOT_PROBED}


def by_link() -> list[str]:
    """The methods for whoever has a link to a chat."""
    found = [name for name in METHODS if {"session_id", "key_hash"} <= parameters(name).keys()]
    return [name for name in found if name != "shares.create"]


def parameters(name: str) -> dict[str, inspect.Parameter]:
    """Without whose call it is."""
    found = dict(inspect.signature(METHODS[name]).parameters)
    return {key: value for key, value in found.items() if key not in ("self", "owner")}


def kind_of(method: str, parameter: str) -> str | None:
    return OF_METHOD.get((method, parameter)) or KINDS.get(parameter)


def value_of(parameter: inspect.Parameter) -> Callable[[World], Any]:
    """Told by its name, and where that has two meanings by its type."""
    found = [each for (name, _), each in VALUES.items() if name == parameter.name]
    if len(found) > 1:
        return VALUES[parameter.name, parameter.annotation]
    return found[0]


def arguments(world: World, name: str, pick: Pick) -> dict[str, Any]:
    return {
        key: pick(kind) if (kind := kind_of(name, key)) else value_of(parameter)(world)
        for key, parameter in parameters(name).items()
    }


def called(world: World, owner: int, name: str, given: dict[str, Any]) -> Any:
    target: Any = world.store
    for part in name.split("."):
        target = getattr(target, part)
    whose = {"owner": owner} if "owner" in inspect.signature(METHODS[name]).parameters else {}
    return target(**whose, **given)


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    ids: dict[str, str] = field(default_factory=dict)
    """The kind of each field that is an id."""
    body: tuple[str, ...] = ()
    query: dict[str, str] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    of_streamlit: bool = False
    wish: str = ""
    """Of a page: what is chosen in the menu of a chat."""

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.query or ''} {self.wish}".strip()


def _of_api() -> list[Route]:
    found = []
    for operation in OPERATIONS:
        names = operation.asks.model_fields
        ids = {"session_id": "session", "idempotency_key": "key", "q": "word"}
        ids["id"] = "session" if operation.path.startswith("/session") else "message"
        placed = {name: operation.place(name) for name in names}
        found.append(
            Route(
                operation.method,
                f"/api{operation.path}",
                {name: ids[name] for name in names if name in ids},
                tuple(name for name in names if placed[name] == "body"),
                {name: f"{{{name}}}" for name in names if placed[name] == "query"},
                tuple(name for name in names if placed[name] == "header"),
            )
        )
    return found


def addresses(routes: Sequence[BaseRoute]) -> set[tuple[str, str]]:
    """Method and path of each. HEAD is answered as GET is, by the same function."""
    found = set()
    for route in routes:
        match route:
            case Mount() if route.routes:
                found |= {(method, route.path + path) for method, path in addresses(route.routes)}
            case Mount():  # a folder
                found.add(("GET", f"{route.path}/{{path}}"))
            case WebSocketRoute():
                found.add(("WEBSOCKET", route.path))
            case Routed():
                path = CONVERTOR.sub("}", route.path)
                found |= {(method, path) for method in (route.methods or set()) - {"HEAD"}}
            case _:
                raise AssertionError(f"nobody knows what {route} is")
    return found


def routes_of_the_server() -> set[tuple[str, str]]:
    with whole_server() as server:
        return addresses(server.routes)


BY_PAGES = ("WEBSOCKET", "/_stcore/stream")
"""Nothing but a run of a page can be asked there: PAGES."""


def _of_streamlit() -> list[Route]:
    """Whatever this version of it has."""
    kinds = {"session_id": "tab", "file_id": "waiting", "path": "word"}
    found = routes_of_the_server() - addresses(app.hearth._user_routes) - {BY_PAGES}
    return [
        Route(
            method, path, {name: kinds[name] for name in PARAMETER.findall(path)}, of_streamlit=True
        )
        for method, path in sorted(found)
    ]


LINKED = {"session": "{session_id}", "key": "{share_key}"}
IN_CHAT = {"session": "{session}"}
AT_MESSAGE = IN_CHAT | {"message": "{message}"}
SHARED = Route(
    "GET",
    "/attachments/{id}",
    {"id": "file", "session_id": "session", "share_key": "share_key"},
    query=LINKED,
)
ROUTES = [
    *_of_api(),
    Route("GET", "/api/openapi.json"),
    Route("GET", "/healthz"),
    *[Route("GET", f"/assets/{{version}}/{name}", {"version": "word"}) for name in TYPES],
    Route("GET", "/export"),
    Route("GET", "/attachments/{id}", {"id": "file"}),
    SHARED,
    Route("GET", "/news", {"session_id": "session"}, query={"session": "{session_id}"}),
    Route("GET", "/prompts"),
    Route("GET", "/prompts/{id}", {"id": "saved"}),
    *(
        Route("GET", "/sessions/{id}/download", {"id": "session"}, query={"format": kind})
        for kind in ("html", "md", "json")
    ),
    Route("GET", "/pair/{token}", {"token": "invitation"}),
    Route("POST", "/pair/{token}", {"token": "invitation"}),
    Route("GET", "/{page}", {"page": "session"}),
    *_of_streamlit(),
]
PAGE = "PAGE"
PAGES = [
    *(Route(PAGE, name, {"session": "session"}, query=IN_CHAT) for name in pages.NAMES),
    *(Route(PAGE, "chat", {"session": "session"}, query=IN_CHAT, wish=w) for w in pages.WISHES),
    Route(PAGE, "chat", {"session": "session", "message": "message"}, query=AT_MESSAGE),
    Route(PAGE, "chat", SHARED.ids, query=LINKED),
    Route(PAGE, "personas", {"persona": "persona"}, query={"persona": "{persona}"}),
]
"""What is asked by the websocket: a run of the page, with an address, and with a wish."""
FIELDS: dict[str, Callable[[World], Any]] = {
    "messages": lambda world: [{"content": f"A message of {world.word()}"}],
    "model": lambda _world: MODEL,
    "title": lambda world: f"A title of {world.word()}",
    "limit": lambda _world: 100,
    "last_event_id": lambda _world: "0-0",
}


def fields(world: World, route: Route, pick: Pick) -> dict[str, Any]:
    plain = {name for name in (*route.body, *route.headers, *route.query) if name in FIELDS}
    return {name: pick(kind) for name, kind in route.ids.items()} | {
        name: FIELDS[name](world) for name in sorted(plain)
    }


def asked(world: World, route: Route, given: dict[str, Any], credentials: dict[str, str]) -> Any:
    told = {name: str(value) for name, value in given.items()}
    query = {name: value.format(**told) for name, value in route.query.items()}
    if route.method == PAGE:
        browser = world.services.cookie.verify(dict([credentials["cookie"].split("=", 1)]))
        assert browser is not None
        return pages.shown(world, browser, route.path, query, route.wish)
    if route.of_streamlit:
        credentials = world.as_its_page(credentials)
    return world.asks(
        route.method,
        route.path.format(**told),
        params=query,
        json={name: given[name] for name in route.body} if route.body else None,
        files={"file": ("notes.txt", b"x" * world.count())} if route.method == "PUT" else None,
        headers={HEADERS[name]: told[name] for name in route.headers}
        | {"origin": ORIGIN}
        | credentials,
    )


def unknown(world: World, kind: str, like: Any) -> Any:
    """One of the same shape that never was."""
    if kind in ("pk", "message", "file", "token", "summary", "saved", "persona", "version"):
        return like + 1_000_000
    if kind == "word":
        return world.word()
    never = f"never{world.count()}"
    start = "browser:" if kind == "identity" else ""
    return (start + never).ljust(max(len(like), 20), "x")


def masked(answer: Answer, given: dict[str, Any]) -> Answer:
    """Without what differs between two chats of the same owner, and what was asked for."""
    text = answer.text
    for value in sorted(map(str, given.values()), key=len, reverse=True):
        text = text.replace(value, "ID") if len(value) > 3 else text
    return Answer(answer.kind, MASKED.sub("N", PASSING.sub("", text)))


def alike(told: Answer, given: dict[str, Any], again: Answer, instead: dict[str, Any]) -> None:
    """Raises AssertionError where the one answer tells what the other does not."""
    assert masked(told, given) == masked(again, instead), f"{given}: {told}, {again}"


def forged(world: World, browser: str, how: str) -> dict[str, str]:
    """What somebody might send who would like to be that browser."""
    name, _, value = world.cookie(browser).partition("=")
    _, _, signature = world.cookie(world.services.cookie.new()).rpartition(".")
    return {
        "signature": {"cookie": f"{name}={value.rpartition('.')[0]}.{signature}"},
        "unsigned": {"cookie": f"{name}={browser}"},
        "header": {INTERNAL: browser_key(browser)},
        "bearer": {"authorization": f"Bearer {browser}"},
    }[how]


FORGERIES = ("signature", "unsigned", "header", "bearer")
