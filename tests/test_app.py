"""The server as `streamlit run app.py` starts it: readiness, headers, and its end."""

import re
import time

import httpx
import psutil
import pytest

from chatcore import __version__
from chatcore.errors import ServerUnreachable, SettingsError, StoreError
from chatcore.web.assets import FOLDER
from chatcore.web.health import REASONS
from tests.browser.server import App
from tests.fake_ollama import FakeOllama, fake_model

PATIENCE = 30.0
SHEET = FOLDER / "style.css"


@pytest.fixture
def app(fake: FakeOllama, tmp_path):
    """Not started yet, so that a test can prepare its world."""
    app = App(tmp_path, OLLAMA_HOST=fake.host)
    yield app
    app.stop()


def unavailable(app):
    return app.wait_for("/healthz", 503).json()["reason"]


def test_healthz_tells_what_answers(app, fake):
    report = app.start().wait_for("/healthz").json()
    assert report == {
        "status": "ok",
        "version": __version__,
        "schema": "m017_apart",
        "model_server": {"version": fake.version, "embedded": False},
    }


def test_healthz_tells_that_no_model_server_answers(app, fake):
    fake.stop()
    reason = unavailable(app.start())
    assert reason == REASONS[ServerUnreachable]
    assert fake.host not in reason


def test_healthz_tells_that_no_model_is_installed(app, fake):
    fake.models = []
    assert "ollama pull" in unavailable(app.start())
    fake.models = [fake_model("a:1b")]
    app.wait_for("/healthz")


def test_healthz_tells_that_the_history_cannot_be_opened(app):
    (app.folder / "hearth.db").write_text("These are my notes.\n" * 200)
    reason = unavailable(app.start())
    assert reason == REASONS[StoreError]
    assert "is damaged or not a database" in app.log


def test_healthz_tells_of_a_bad_setting(app):
    app.environ["HEARTH_EMBEDDED"] = "perhaps"
    assert unavailable(app.start()) == REASONS[SettingsError]
    assert "HEARTH_EMBEDDED is 'perhaps'" in app.log


def test_where_the_model_server_is_wrong_is_told_to_nobody(app):
    app.environ["OLLAMA_HOST"] = "http://secret.internal:99999999"
    assert unavailable(app.start()) == REASONS[SettingsError]


def test_a_password_in_the_address_of_the_model_server_is_told_to_nobody(app):
    app.environ["OLLAMA_HOST"] = "http://me:PASSWORD@127.0.0.1:99999999"
    app.start()
    assert "PASSWORD" not in app.wait_for("/healthz", 503).text
    assert "PASSWORD" not in app.log


OF_THIS_SERVER = r"'self'|'none'|blob:"  # what only a script of ours can make, too
BESIDE = {
    **dict.fromkeys(["img-src", "media-src", "font-src", "connect-src"], "data:"),
    "script-src": r"'sha256-[\w+/]+=*'",
    "style-src": "'unsafe-inline'",
}
SHUT = {"frame-ancestors", "frame-src", "form-action", "base-uri", "object-src"}
SAID = {
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}
HANDSHAKE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "origin": "http://evil.example",
}


def openings(policy):
    """By which directives a page could reach or run what is not ours, be framed or sent off."""
    said = [directive.split() for directive in policy.split(";")]
    for name, *sources in said:
        ours = "|".join([OF_THIS_SERVER, BESIDE.get(name, "'none'")])
        is_ours = all(re.fullmatch(ours, source) for source in sources)
        if not is_ours or (name in SHUT and sources != ["'none'"]):
            yield name
    yield from {"default-src", *SHUT} - {name for name, *_ in said}


@pytest.mark.parametrize(
    ("policy", "opening"),
    [
        ("default-src *", "default-src"),
        ("img-src 'self' https:", "img-src"),
        ("connect-src 'self' evil.example", "connect-src"),
        ("script-src 'self' 'unsafe-inline'", "script-src"),
        ("script-src data:", "script-src"),
        ("script-src-elem 'unsafe-eval'", "script-src-elem"),
        ("frame-ancestors 'self'", "frame-ancestors"),
        ("img-src 'self'", "default-src"),
        ("img-src 'self'", "form-action"),
    ],
)
def test_an_opening_in_a_policy_is_found(policy, opening):
    assert opening in openings(policy)


def test_every_response_forbids_what_the_page_does_not_need(app):
    app.start()
    for method, path, sent, status in [
        ("GET", "/", {}, 200),
        ("GET", "/healthz", {}, 200),
        ("GET", "/_stcore/health", {}, 200),
        ("GET", "/no/such/page", {}, 200),
        ("GET", "/healthz/", {}, 301),
        ("GET", "/media/none", {}, 404),
        ("DELETE", "/healthz", {}, 405),
        ("GET", "/api/sessions", {}, 200),
        ("POST", "/api/sessions", {"origin": "http://evil.example"}, 403),
        ("GET", "/api/none", {}, 404),
        ("PUT", "/api/sessions", {}, 405),
        ("GET", "/_stcore/stream", HANDSHAKE, 403),
        ("GET", "/no/such/stream", HANDSHAKE, 403),
    ]:
        answer = httpx.request(method, app.url + path, headers=sent, trust_env=False)
        assert answer.status_code == status, path
        assert [*openings(answer.headers["content-security-policy"])] == [], path
        assert {name: answer.headers.get(name) for name in SAID} == SAID, path


@pytest.mark.parametrize("path", ["/", "/?session=none", "/insights", "/no_such_page"])
def test_a_page_links_the_style_sheet_after_all_of_its_own(app, path):
    app.start()
    page = httpx.get(app.url + path, trust_env=False)
    _, _, linked = page.text.partition('<div id="root"></div>')
    [address] = re.findall(r'<link rel="stylesheet" href="([^"]+)">', linked)
    answer = httpx.get(httpx.URL(app.url + path).join(address), trust_env=False)
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.text == SHEET.read_text("utf-8")


def test_what_is_no_page_is_what_streamlit_has_there(app):
    app.start()
    sent_back = httpx.get(app.url + "/oauth2callback", trust_env=False)
    assert "style.css" not in sent_back.text
    for path, kind in [("/favicon.png", "image/png"), ("/manifest.json", "application/json")]:
        answer = httpx.get(app.url + path, trust_env=False)
        assert answer.headers["content-type"] == kind


def test_only_this_machine_can_connect(app):
    app.start()
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(app.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1"}


def engines(app):
    """The processes of the app's engine, known by their command line and their environment."""
    return [process for process in psutil.process_iter() if is_engine_of(process, app)]


def is_engine_of(process, app):
    try:
        ours = process.environ().get("HEARTH_DATABASE") == app.environ["HEARTH_DATABASE"]
        return ours and "engine" in process.cmdline()
    except psutil.Error:
        return False


def gone(processes):
    _, alive = psutil.wait_procs(processes, PATIENCE)
    return alive == []


@pytest.fixture
def demo(tmp_path):
    app = App(tmp_path, HEARTH_EMBEDDED="always").start()
    app.wait_for("/healthz")
    yield app
    app.stop()


def test_the_engine_ends_with_the_app(demo):
    running = engines(demo)
    assert running
    demo.stop()
    assert gone(running)


def test_the_engine_ends_when_the_app_is_killed(demo):
    running = engines(demo)
    assert running
    demo.kill()
    assert gone(running)


def test_an_engine_that_was_killed_is_started_again(demo):
    first = engines(demo)
    for process in first:
        process.kill()
    deadline = time.monotonic() + PATIENCE
    while not [process for process in engines(demo) if process not in first]:
        assert time.monotonic() < deadline, demo.log
        demo.wait_for("/healthz")  # what it found a moment ago, at first
        time.sleep(0.05)
