"""Who visits, as the middleware verifies it: over a small app, and over real HTTP."""

import asyncio
import hashlib
from ipaddress import ip_network

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from chatcore import service
from chatcore.errors import NoIdentity
from chatcore.identity import BROWSER, HERE, INTERNAL, LOCAL
from chatcore.store import open_store
from chatcore.types import File
from chatcore.web.agent import name_of
from chatcore.web.gate import Gate
from chatcore.web.owner import welcome
from chatcore.web.peer import PEER, Peer, sender
from chatcore.web.visitors import Visitors
from tests.browser.server import App


async def page(_request):
    return HTMLResponse("<p>page</p>")


async def shell(_request):
    """As Streamlit answers any address: with its page."""
    return HTMLResponse("<p>page</p>", headers={"cache-control": "no-cache"})


async def who(request: Request):
    return JSONResponse([request.headers.getlist(INTERNAL), request.headers.getlist("x-user")])


async def begin(request):
    owner = welcome(service.hearth(), request)
    return JSONResponse(owner)


APP = Starlette(
    routes=[
        Route("/", page),
        Route("/script.js", shell),
        Route("/who", who),
        Route("/begin", begin),
    ],
    middleware=[Middleware(Visitors)],
)


@pytest.fixture
def hearth(tmp_path, monkeypatch):
    """Starts the services under these settings."""

    def start(**environ):
        for name, value in {"HEARTH_DATABASE": str(tmp_path / "hearth.db"), **environ}.items():
            monkeypatch.setenv(name, value)
        return service.hearth()

    yield start
    service.stop()


def ask(*paths, headers=None, client="127.0.0.1", url="http://here"):
    """One browser's requests, one after another; the last answer."""

    async def ask():
        transport = httpx.ASGITransport(Peer(APP), client=(client, 4711))
        async with httpx.AsyncClient(transport=transport, base_url=url) as browser:
            for path in paths:
                answer = await browser.get(path, headers=headers)
            return answer

    return asyncio.run(ask())


def test_a_first_page_brings_a_cookie_and_the_next_request_is_known_by_it(hearth):
    hearth()
    assert "HttpOnly" in ask("/").headers["set-cookie"]
    (key,), _ = ask("/", "/who").json()
    assert key.startswith("browser:")


def test_a_browser_keeps_its_identity_and_another_gets_another(hearth):
    hearth()
    first = ask("/").cookies
    cookie = "; ".join(f"{name}={value}" for name, value in first.items())
    again = ask("/", headers={"cookie": cookie}).cookies
    assert dict(again) == dict(first)
    assert ask("/").cookies != first


def test_only_pages_bring_cookies(hearth):
    hearth()
    assert "set-cookie" not in ask("/who").headers


def test_a_newcomer_who_is_welcomed_gets_the_cookie_with_the_answer(hearth):
    hearth()
    first = ask("/begin")
    cookie = "; ".join(f"{name}={value}" for name, value in first.cookies.items())
    again = ask("/begin", headers={"cookie": cookie})
    assert again.json() == first.json()
    assert "set-cookie" not in again.headers
    assert ask("/begin").json() != first.json()


def test_nobody_is_welcomed_without_a_proxy_where_it_names_people(hearth):
    hearth(**PROXY)
    with pytest.raises(NoIdentity):
        ask("/begin")


@pytest.mark.parametrize("forged", ["abc.def", "", "%00", "ü", "a" * 5000])
def test_a_forged_cookie_gets_a_fresh_identity(hearth, forged):
    hearth()
    (name,) = ask("/").cookies
    headers = {"cookie": f"{name}={forged}".encode()}
    assert ask("/who", headers=headers).json()[0] == []
    answer = ask("/", headers=headers)
    assert answer.status_code == 200
    assert answer.cookies[name] != forged


def test_nobody_outside_can_say_who_they_are(hearth):
    hearth()
    assert ask("/who", headers={INTERNAL: LOCAL}).json()[0] == []
    service.stop()
    hearth(HEARTH_IDENTITY="single")
    assert ask("/who", headers={INTERNAL: "browser:abc"}).json()[0] == [LOCAL]


def test_under_https_the_cookie_is_for_https_alone(hearth):
    hearth()
    assert ask("/", url="https://here").headers["set-cookie"].endswith("; Secure")


@pytest.mark.parametrize("told", ["https", "HTTPS", "https,http", " https , http"])
def test_behind_a_proxy_that_speaks_https_it_is_too(hearth, told):
    hearth()
    cookie = ask("/", headers={"x-forwarded-proto": told}).headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert cookie.endswith("; Secure")


@pytest.mark.parametrize("path", ["/", "/script.js"])
def test_what_brings_a_cookie_is_kept_by_no_shared_cache(hearth, path):
    hearth()
    answer = ask(path)
    assert "set-cookie" in answer.headers
    assert answer.headers["cache-control"] == "private, no-cache"


def test_a_new_key_takes_over_the_browsers_of_the_old_one(hearth):
    old, new = "o" * 32, "n" * 32
    hearth(HEARTH_SECRET=old)
    cookies = ask("/").cookies
    service.stop()
    hearth(HEARTH_SECRET=f"{new},{old}")
    taken_over = ask("/", headers={"cookie": "; ".join(map("=".join, cookies.items()))}).cookies
    (before,), (after,) = cookies.values(), taken_over.values()
    assert before.split(".")[0] == after.split(".")[0]
    assert before != after


PROXY = {"HEARTH_IDENTITY": "header:X-User", "HEARTH_TRUSTED_PROXIES": "10.1.0.0/16, ::1"}


def test_a_trusted_proxy_says_who_asks(hearth):
    hearth(**PROXY)
    (key,), _ = ask("/who", headers={"x-user": "ann"}, client="10.1.2.3").json()
    assert key.startswith("header:x-user:")
    assert ask("/who", headers={"x-user": "bob"}, client="10.1.2.3").json()[0] != [key]
    assert ask("/who", headers={"x-user": "ann"}, client="::ffff:10.1.2.3").json()[0] == [key]
    assert ask("/who", headers={"x-user": "ann"}, client="::1").json()[0] == [key]


@pytest.mark.parametrize("client", ["10.2.0.1", "127.0.0.1", "::2", "testclient", ""])
def test_anyone_else_says_nothing(hearth, client):
    hearth(**PROXY)
    headers = {"x-user": "ann", "x-forwarded-for": "10.1.2.3"}
    assert ask("/who", headers=headers, client=client).json() == [[], []]


@pytest.mark.parametrize("values", [[], [""], ["ann", "bob"]])
def test_a_proxy_that_says_nothing_or_two_things_names_nobody(hearth, values):
    hearth(**PROXY)
    headers = [("x-user", value) for value in values]
    assert ask("/who", headers=headers, client="10.1.2.3").json() == [[], []]


def test_behind_a_proxy_there_is_no_cookie(hearth):
    hearth(**PROXY)
    assert "set-cookie" not in ask("/", client="10.1.2.3").headers


def test_where_the_services_cannot_start_nobody_is_known(hearth, monkeypatch):
    monkeypatch.setenv("HEARTH_IDENTITY", "everyone")
    assert ask("/").status_code == 200
    assert ask("/who", headers={INTERNAL: LOCAL}).json()[0] == []


@pytest.fixture
def served(tmp_path):
    """The app behind a proxy on this machine, and the address of a file of Ann's."""
    store = open_store(tmp_path / "hearth.db")
    app = App(
        tmp_path,
        HEARTH_IDENTITY="header:X-User",
        HEARTH_TRUSTED_PROXIES="127.0.0.1,::1",
        HEARTH_EMBEDDED="off",
    )
    ann = f"header:x-user:{hashlib.sha256(b'ann').hexdigest()}"
    file = File("notes.txt", "text/plain", b"notes", "notes")
    turn = store.begin_turn(store.owner(ann), None, "look", "m", attachments=[file])
    store.close()
    yield app, f"/attachments/{turn.prompt.attachments[0].id}"
    app.stop()


def fetch(app, path, **headers):
    return httpx.get(app.url + path, headers=headers, trust_env=False).status_code


def test_the_proxy_is_known_by_its_address_whatever_it_says_of_its_client(served):
    app, path = served
    app.start()
    assert fetch(app, path, **{"x-user": "ann"}) == 200
    assert fetch(app, path, **{"x-user": "ann", "x-forwarded-for": "192.0.2.7"}) == 200
    assert fetch(app, path, **{"x-user": "bob"}) == 404
    assert fetch(app, path) == 401


def test_nobody_becomes_the_proxy_by_a_header(served):
    app, path = served
    app.environ["HEARTH_TRUSTED_PROXIES"] = "192.0.2.7"
    app.start()
    assert fetch(app, path, **{"x-user": "ann", "x-forwarded-for": "192.0.2.7"}) == 401
    assert fetch(app, "/healthz", **{"x-user": "ann"}) == 503


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(("client", "proven"), [("10.1.2.3", True), ("10.2.0.1", False)])
def test_a_websocket_is_asked_as_a_request_is(hearth, kind, client, proven):
    hearth(**PROXY)
    handed_on = []

    async def app(scope, receive, send):
        handed_on.extend(scope["headers"])

    headers = [(b"x-user", b"ann"), (INTERNAL.encode(), b"local")]
    scope = {"type": kind, "headers": headers, "client": (client, 4711), "scheme": "http"}
    asyncio.run(Peer(Visitors(app))(scope, None, None))
    names = [name for name, _ in handed_on]
    assert names == ([b"x-user", INTERNAL.encode()] if proven else [])
    assert (INTERNAL.encode(), b"local") not in handed_on


def open_page(cookies, client="127.0.0.1", **headers):
    """The handshake of a page's websocket; whether it is said to be one on this machine."""
    found = []

    async def app(scope, receive, send):
        found.extend(value for name, value in scope["headers"] if name == HERE.encode())

    sent = {"host": "localhost", "origin": "http://localhost"}
    sent |= {"cookie": cookies, "user-agent": FIREFOX} | headers
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()]
    scope = {"type": "websocket", "headers": raw, "client": (client, 4711), "scheme": "ws"}
    scope |= {"path": "/_stcore/stream", "query_string": b"", "server": ("localhost", 80)}
    asyncio.run(Peer(Visitors(app))(scope, None, None))
    assert found in ([], [b"yes"])
    return bool(found)


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_a_browser_is_noted_when_it_opens_a_page(hearth):
    services = hearth()
    open_page(services.cookie.sign("abc", False).split(";")[0])
    (browser,) = services.store.identities.browsers(services.store.owner("browser:abc"))
    assert browser.label == "Firefox on Linux"


def test_the_first_browser_on_this_machine_has_the_chats_from_before(hearth):
    services = hearth()
    owner = services.store.owner(LOCAL)
    for name in ("first", "second"):
        assert open_page(services.cookie.sign(name, False).split(";")[0])
    assert services.store.owner("browser:first") == owner
    assert services.store.owner("browser:second") != owner


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"client": "192.0.2.7"},
        {"host": "chat.example"},
        {"x_forwarded_for": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
        {"origin": "https://chat.example.org"},
        {"origin": "http://localhost:8080"},
        {"origin": ""},
    ],
)
def test_a_browser_elsewhere_has_not(hearth, elsewhere):
    services = hearth()
    owner = services.store.owner(LOCAL)
    said = {HERE.replace("-", "_"): "yes"}  # nobody says it of himself
    assert not open_page(services.cookie.sign("abc", False).split(";")[0], **elsewhere, **said)
    assert services.store.owner("browser:abc") != owner


def test_a_websocket_that_is_refused_inherits_nothing(hearth):
    services = hearth()
    owner = services.store.owner(LOCAL)
    cookies = services.cookie.sign("abc", False).split(";")[0]
    app = Gate(Visitors(None), is_host_allowed=lambda _host: True, origins=())
    assert refused(app, cookie=cookies, origin="https://chat.example")
    assert services.store.owner("browser:abc") != owner


@pytest.mark.parametrize(
    ("visitor", "gets"),
    [("abc", "streamlit, xsrf, tab"), ("other", "streamlit, xsrf"), ("", "streamlit, xsrf")],
)
def test_a_page_goes_on_with_its_session_as_the_same_person_only(hearth, visitor, gets):
    services = hearth()
    services.tabs.note("tab", "browser:abc")
    cookies = services.cookie.sign(visitor, False).split(";")[0] if visitor else ""
    asked = "streamlit, xsrf, tab"
    assert resumed(cookies, asked) == gets
    without_token = "streamlit,,tab"
    assert resumed(cookies, without_token) == (without_token if gets == asked else "streamlit, ")
    assert resumed(cookies, asked + "-unknown") == "streamlit, xsrf"
    assert resumed(cookies, "streamlit, xsrf") == "streamlit, xsrf"


def resumed(cookies, protocols):
    """What Streamlit is asked for."""
    handed_on = {}

    async def app(scope, receive, send):
        handed_on.update(scope["headers"])

    raw = [(b"cookie", cookies.encode()), (b"sec-websocket-protocol", protocols.encode())]
    raw.append((b"host", b"here"))
    scope = {"type": "websocket", "headers": raw, "client": ("192.0.2.7", 4711), "scheme": "ws"}
    scope |= {"path": "/_stcore/stream", "query_string": b"", "server": ("here", 80)}
    asyncio.run(Peer(Visitors(app))(scope, None, None))
    return handed_on[b"sec-websocket-protocol"].decode()


def refused(app, **headers):
    """Whether this handshake of a websocket is, from this machine."""
    sent = []

    async def send(message):
        sent.append(message)

    raw = [
        (name.encode(), value.encode()) for name, value in (headers | {"host": "localhost"}).items()
    ]
    scope = {"type": "websocket", "headers": raw, "client": ("127.0.0.1", 4711), "scheme": "ws"}
    asyncio.run(Peer(app)(scope | {"path": "/_stcore/stream"}, None, send))
    return sent[0].get("status") == 403


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.0", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_called_what_people_call_it(user_agent, name):
    assert name_of(user_agent) == name


def handed_on(cookies, claims=None, **headers):
    """The internal headers of a request, where an account is signed in or not."""
    found = {}

    async def app(scope, receive, send):
        found.update({name.decode(): value.decode() for name, value in scope["headers"]})

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"cookie", cookies.encode()))
    visitors = Visitors(app, signed_in=lambda _cookies: claims)
    asyncio.run(visitors({"type": "http", "headers": raw, "scheme": "http"}, None, None))
    return {name: value for name, value in found.items() if name.startswith("x-hearth")}


def test_an_account_is_who_asks_and_its_browser_is_told_beside_it(hearth):
    cookie = hearth(HEARTH_IDENTITY="oidc").cookie.sign("abc", False).split(";")[0]
    found = handed_on(cookie, ("https://issuer", "ann"))
    assert found[INTERNAL].startswith("oidc:")
    assert found[BROWSER] == "browser:abc"
    assert handed_on("", ("https://issuer", "ann")) == {INTERNAL: found[INTERNAL]}


def test_a_browser_alone_is_nobody_where_people_sign_in(hearth):
    cookie = hearth(HEARTH_IDENTITY="oidc").cookie.sign("abc", False).split(";")[0]
    assert handed_on(cookie) == {BROWSER: "browser:abc"}


def test_nobody_outside_can_say_what_their_browser_had(hearth):
    hearth(HEARTH_IDENTITY="oidc")
    assert handed_on("", x_hearth_browser="browser:abc", x_hearth_identity="local") == {}


@pytest.mark.parametrize(
    ("trusted", "counted_as"), [("10.0.0.0/8", "192.0.2.7"), ("10.1.0.0/16", "10.2.0.1")]
)
def test_a_proxy_that_is_trusted_tells_who_is_counted(trusted, counted_as):
    scope = {PEER: ("10.2.0.1", 4711), "client": ("192.0.2.7", 0)}
    assert sender(scope, [ip_network(trusted)]) == counted_as


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
@pytest.mark.parametrize("by_proxy", [True, False])
def test_who_has_a_network_of_addresses_is_counted_once(address, counted_as, by_proxy):
    peer = "10.0.0.1" if by_proxy else address
    scope = {PEER: (peer, 4711), "client": (address, 0)}
    assert sender(scope, [ip_network("10.0.0.0/8")]) == counted_as


def test_whoever_has_no_address_is_counted_by_what_there_is():
    assert sender({PEER: None, "client": ("a socket", 0)}, []) == "a socket"
    assert sender({PEER: None, "client": None}, []) == ""
