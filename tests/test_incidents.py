"""What went wrong in programs like this one, and why it does not here. One test an incident."""

import ast
import re
import socket
import subprocess
import sys

import httpx
import pytest

from chatcore import attachments
from chatcore.errors import MessageNotFound, SessionNotFound
from tests.browser.server import ROOT, App
from tests.fake_ollama import Status
from tests.test_generations import followed, start

CANARY = "canary-5b1f0c6e"
SQL = re.compile(r"\s*(select|insert|update|delete|with|pragma)\b|\{change\}")
CONSTANT = re.compile(r"(\w+\.)?[A-Z_]+")
TAKES_SQL_AT = {
    ("__init__", "_change"): 2,
    ("__init__", "_change_next"): 2,
    ("__init__", "attached"): 3,
    ("tokens", "_change"): 0,
}
OF_OUR_OWN = {"assignment", "change", "columns", "table", "column"}
"""What holds it: parameters of these functions, and what loops over constants name."""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    app = App(tmp_path_factory.mktemp("app"), STREAMLIT_LOGGER_LEVEL="debug").start()
    yield app
    app.stop()


def handshake(app, origin):
    """The status of a websocket's opening from a page of that origin; None: of no page."""
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: localhost:{app.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Cookie: visit={CANARY}",
        *([f"Origin: {origin}"] if origin else []),
    ]
    with socket.create_connection(("localhost", app.port), 30) as wire:
        wire.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(wire.recv(1000).split()[1])


def test_cve_2026_54015_a_message_is_reached_by_its_own_owner_alone(store, ann, bob):
    """The parent's id was checked, the child's was not."""
    theirs = store.begin_turn(ann, None, "mine", "m")
    store.begin_turn(bob, None, "yours", "m")
    with pytest.raises(MessageNotFound):
        store.begin_turn(bob, None, "edited", "m", instead_of=theirs.prompt.id)
    with pytest.raises(SessionNotFound):
        store.begin_turn(bob, theirs.session.id, "hello", "m")
    assert [m.body for m in store.messages(ann, theirs.session.id)] == ["mine", ""]


def test_cve_2026_45401_a_redirect_of_the_model_server_is_not_followed(generations, ann, fake):
    """A redirect led to addresses inside the network."""
    fake.reply(Status(302, "{}"))
    generation = start(generations, ann, "hello")
    followed(generation)
    assert len(fake.requests) == 1
    assert generation.error


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", r"C:\x\y.txt", "a\0b.txt", "n" * 4096, "..", "/"]
)
def test_cve_2026_28414_a_file_name_never_reaches_the_disk(name, store, ann, tmp_path):
    """Path traversal by the name of an upload."""
    before = sorted(tmp_path.rglob("*"))
    file = attachments.read(name, b"text")
    store.begin_turn(ann, None, "look", "m", attachments=[file])
    assert sorted(tmp_path.rglob("*")) == before
    assert "/" not in file.name
    assert len(file.name) <= 255


def test_cve_2024_12537_an_endless_reply_is_ended(generations_with, ann, fake):
    """Nothing limited what one request could take."""
    fake.reply(*["word " * 100] * 100)
    generation = start(generations_with(reply_characters=1000), ann, "hello")
    followed(generation)
    assert "was ended after 1,000 characters" in str(generation.error)
    assert len(generation.body) < 2000


def test_cve_2024_12537_an_upload_over_the_limit_is_refused(app):
    """A huge POST without a login filled the memory."""
    answer = httpx.put(f"{app.url}/_stcore/upload_file/s/f", content=b"x" * 1000)
    assert answer.status_code in (400, 403)


def test_cve_2025_67644_no_sql_is_made_of_what_a_visitor_sends():
    """The key of a filter became part of the query."""
    for path in (ROOT / "chatcore/store/sqlite").glob("*.py"):
        for made in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(made, ast.JoinedStr) and SQL.match(ast.unparse(made)[2:]):
                put_in = {
                    ast.unparse(v.value) for v in made.values if isinstance(v, ast.FormattedValue)
                }
                assert all(map(CONSTANT.fullmatch, put_in - OF_OUR_OWN)), put_in


def test_cve_2025_67644_what_our_own_functions_put_into_sql_is_constant():
    for path in (ROOT / "chatcore/store/sqlite").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1]
            if (at := TAKES_SQL_AT.get((path.stem, called))) is not None:
                sql = call.args[at]
                assert isinstance(sql, ast.Constant) or CONSTANT.fullmatch(ast.unparse(sql))


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_trail_of_bits_2024_another_page_cannot_open_the_websocket(app, origin):
    """Any page in the browser could drive a server on localhost."""
    assert handshake(app, origin) == 403
    assert handshake(app, app.url) == 101


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
    assert CANARY not in app.log
