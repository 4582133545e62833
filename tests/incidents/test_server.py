"""What the server as a whole lets pass: broken requests, foreign pages, words into the log."""

import socket
import subprocess
import sys

import httpx
import pytest

from tests.browser.server import ROOT, App, all_logged

CANARY = "canary-5b1f0c6e"
HEADERS = ("content-security-policy", "referrer-policy", "x-content-type-options")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "0.0.0.0")
MALFORMED = [
    b"",
    b"{",
    b"null",
    b"[" * 100_000,
    b'{"messages": ' * 10_000,
    b"\xff\xfe\x00",
    b"\x1f\x8b\x08\x00",
    b'{"messages": NaN, "title": Infinity}',
    b'{"messages": 1e999, "title": 1e999}',
    b'{"messages": [{"content": null}], "title": {}}',
    b'{"messages": [[]], "title": []}',
    b'{"messages": [{"content": "\\ud800"}], "title": "\\ud800"}',
    b'{"messages": [{"content": "x", "role": "\\u0000"}], "title": 1}',
    b'{"session_id": "\\u0000", "messages": "x"}',
    b'{"session_id": ' + b"9" * 10_000 + b"}",
    b"messages=x&title=y",
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
]


def with_its_length(body):
    return f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def in_chunks(body):
    chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("app")
    app = App(folder, HEARTH_REQUESTS_PER_MINUTE="100000", **all_logged(folder)).start()
    yield app
    app.stop()


def handshake(app, origin):
    """The status of a websocket's opening from a page of that origin; None: of no page."""
    return int(opened(app, *([f"Origin: {origin}"] if origin else [])).split()[1])


def opened(app, *headers):
    """What is answered first, with its headers."""
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: localhost:{app.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Cookie: visit={CANARY}",
        *headers,
    ]
    with socket.create_connection(("localhost", app.port), 30) as wire:
        wire.sendall("\r\n".join([*lines, "", ""]).encode())
        return wire.recv(3000).decode("latin-1")


@pytest.mark.parametrize("path", ["/api/chat", "/api/sessions", "/pair/x"])
@pytest.mark.parametrize("form", [with_its_length, in_chunks])
def test_cve_2026_31949_a_malformed_body_is_refused_and_ends_nothing(app, path, form):
    """A body that could not be read ended the process."""
    for body in MALFORMED:
        status = answered(app, f"POST {path} HTTP/1.1", form(body))
        assert 400 <= status < 500, (body[:40], status)
    app.wait_for("/_stcore/health")


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: x",
        "Content-Length: -1",
        "Content-Length: 99999999999999999999",
        "Content-Length: 5\r\nContent-Length: 6",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0",
        "Transfer-Encoding: nonsense",
        "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",
    ],
)
def test_cve_2026_31949_a_malformed_head_is_refused_and_ends_nothing(app, head):
    status = answered(app, "POST /api/chat HTTP/1.1", f"{head}\r\n\r\n".encode())
    assert 400 <= status < 500
    app.wait_for("/_stcore/health")


UP = "../" * 20  # further than any folder is deep


def answered(app, request, rest):
    """The status of a request whose head and body end as `rest` says."""
    head = f"{request}\r\nHost: localhost:{app.port}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("localhost", app.port), 30) as wire:
        wire.sendall(head.encode() + rest)
        return int(wire.recv(1000).split()[1])


@pytest.mark.parametrize(
    "path",
    [
        f"/static/{UP}etc/passwd",
        f"/static/{UP.replace('.', '%2e')}etc/passwd",
        f"/media/{UP.replace('/', '%2f')}etc%2fpasswd",
        f"/component/page/{UP}etc/passwd",
        f"/attachments/{UP}etc/passwd",
        f"/assets/1/{UP.replace('/', '%2f')}etc%2fpasswd",
        "//etc/passwd",
    ],
)
def test_cve_2023_29159_a_path_leads_to_no_file(app, path):
    """A path with dots led out of the folder that was served."""
    with socket.create_connection(("localhost", app.port), 30) as wire:
        wire.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.")
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", *(f"http://{host}:1" for host in LOCAL_HOSTS)],
)
def test_trail_of_bits_2024_another_page_cannot_open_the_websocket(app, origin):
    """Any page in the browser could drive a server on localhost, which has many ports."""
    assert handshake(app, origin) == 403
    assert handshake(app, app.url) == 101


def test_another_page_makes_the_server_ask_nobody(tmp_path):
    """Streamlit asked the internet who it is, while everybody waited."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        app = App(tmp_path, HTTP_PROXY=address, HTTPS_PROXY=address, NO_PROXY="localhost,127.0.0.1")
        app.environ |= {"http_proxy": address, "https_proxy": address}
        app.start()
        for path in ("/_stcore/health", "/_stcore/host-config"):
            httpx.get(app.url + path, headers={"origin": "https://evil.example"}, trust_env=False)
        assert handshake(app, "https://evil.example") == 403
        app.stop()
        proxy.setblocking(False)
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_a_page_elsewhere_that_is_named_may_open_the_websocket(tmp_path):
    """As where a proxy sets Host anew."""
    app = App(tmp_path, STREAMLIT_SERVER_CORS_ALLOWED_ORIGINS="https://chat.example.org").start()
    assert handshake(app, "https://chat.example.org") == 101
    assert handshake(app, "https://chat.example.com") == 403
    app.stop()


def test_dns_rebinding_a_name_that_is_not_ours_reads_nothing(tmp_path):
    """A web site can point a name of its own at this machine; `single` asks for no cookie."""
    app = App(tmp_path, HEARTH_IDENTITY="single", STREAMLIT_SERVER_ALLOWED_HOSTS="localhost")
    app.start()
    for path in ("/", "/api/sessions", "/export"):
        evil = httpx.get(app.url + path, headers={"host": "evil.example"}, trust_env=False)
        assert (evil.status_code, "allowedHosts" in evil.text) == (403, True)
    assert httpx.get(f"{app.url}/api/sessions", trust_env=False).status_code == 200
    assert handshake(app, app.url) == 101
    app.stop()


def test_a_refused_websocket_has_the_headers_too(app):
    head = opened(app, "Origin: null").lower()
    assert all(f"\n{name}:" in head for name in HEADERS)


@pytest.mark.parametrize("guard", ["server.enableCORS", "server.enableXsrfProtection"])
def test_trail_of_bits_2024_the_guards_cannot_be_turned_off(guard, tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "app.py", f"--{guard}", "false"],
        cwd=ROOT,
        env={"PATH": "", "HEARTH_DATABASE": str(tmp_path / "hearth.db")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert f"does not run with {guard} turned off" in ended.stderr


def test_litellm_2026_03_18_no_secret_is_in_the_log_at_any_level(app):
    """Whole requests with their credentials were in logs and traces."""
    secrets = {"cookie": f"owner={CANARY}", "authorization": f"Bearer {CANARY}"}
    for path in ("/", f"/?session={CANARY}", "/healthz", f"/attachments/1?key={CANARY}"):
        httpx.get(app.url + path, headers=secrets)
    assert handshake(app, None) == 101
    assert "DEBUG:asyncio:" in app.log  # the root logger's, too
    assert CANARY not in app.log
