"""What the server answers beside the page, over the real store."""

import asyncio
from hashlib import sha256

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.routing import Route

from chatcore import service
from chatcore.errors import ChatError, StoreError
from chatcore.sharing import key_hash
from chatcore.types import File
from chatcore.web import refusals
from chatcore.web.assets import FOLDER, TYPES, asset
from chatcore.web.attachments import attachment
from chatcore.web.downloads import download
from chatcore.web.headers import SecurityHeaders
from chatcore.web.health import Health
from chatcore.web.news import what_is_new
from chatcore.web.origin import is_same_origin

NOTES = File("grüße \n.txt", "text/plain; charset=windows-1252", b"gr\xfc\xdfe", "grüße")
PDF = File("a.pdf", "application/pdf", b"%PDF", "text")


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("HEARTH_DATABASE", str(tmp_path / "hearth.db"))
    monkeypatch.setenv("HEARTH_IDENTITY", "single")  # the routes alone, without the middleware
    yield service.hearth().store
    service.stop()


@pytest.fixture
def get(store):
    routes = [
        *[Route(f"/assets/{{version}}/{name}", asset) for name in TYPES],
        Route("/attachments/{id}", attachment),
        Route("/news", what_is_new),
        Route("/sessions/{id}/download", download),
    ]
    app = Starlette(routes=routes, exception_handlers={ChatError: refusals.as_text})

    async def get(path, **headers):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path, headers=headers)

    return lambda path, **headers: asyncio.run(get(path, **headers))


def attach(store, file, owner="local"):
    turn = store.begin_turn(store.owner(owner), None, "look", "m", attachments=[file])
    return f"/attachments/{turn.prompt.attachments[0].id}"


def test_who_asks_often_is_told_what_was_found_a_moment_ago(store, monkeypatch):
    looks = []
    monkeypatch.setattr(store, "check", lambda: looks.append(1))
    app = Starlette(routes=[Route("/healthz", Health().answer)])

    async def ask():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            await asyncio.gather(*(client.get("/healthz") for _ in range(20)))

    monkeypatch.setattr("chatcore.web.health.GOOD_FOR", 600)
    asyncio.run(ask())
    assert len(looks) == 1


def test_a_file_comes_back_as_it_was(get, store):
    answer = get(attach(store, NOTES))
    assert (answer.status_code, answer.content) == (200, NOTES.data)
    assert answer.headers["content-type"] == "text/plain; charset=windows-1252"
    assert answer.headers["content-disposition"] == (
        "inline; filename*=UTF-8''gr%C3%BC%C3%9Fe%20%0A.txt"
    )


def test_a_pdf_is_for_download(get, store):
    assert get(attach(store, PDF)).headers["content-disposition"].startswith("attachment;")


def test_a_browser_that_has_it_is_told_so_before_it_is_read(get, store, monkeypatch):
    address = attach(store, NOTES)
    etag = get(address).headers["etag"]
    monkeypatch.setattr(store, "file", lambda *_: pytest.fail("it was read"))
    answer = get(address, **{"if-none-match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert (answer.headers["etag"], etag) == (etag, f'"{sha256(NOTES.data).hexdigest()}"')


def test_what_cannot_be_read_now_is_not_called_unknown(get, store, monkeypatch):
    def fails(*_):
        raise StoreError("The history could not be read.")

    for name in ("digest", "session"):
        monkeypatch.setattr(store, name, fails)
    answers = [get("/attachments/1"), get("/sessions/x/download")]
    assert {(a.status_code, a.text) for a in answers} == {(503, "The history could not be read.")}


def test_anothers_file_and_none_are_answered_the_same(get, store):
    foreign, unknown = get(attach(store, NOTES, "bob")), get("/attachments/99")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text == unknown.text == "There is no such file here."


def test_a_number_that_no_database_holds_is_unknown_too(get):
    assert get(f"/attachments/{2**70}").status_code == 404


def chat(store, prompt="hello", owner="local"):
    number = store.owner(owner)
    turn = store.begin_turn(number, None, prompt, "m", attachments=[NOTES])
    store.finish_reply(number, turn.reply.id, "done", "hi")
    return f"/sessions/{turn.session.id}/download"


@pytest.mark.parametrize(
    ("form", "media_type"),
    [("html", "text/html"), ("md", "text/markdown"), ("json", "application/json")],
)
def test_a_chat_comes_as_a_file_named_after_it(get, store, form, media_type):
    answer = get(f"{chat(store)}?format={form}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    disposition = f'attachment; filename="hearth-hello.{form}"'
    assert answer.headers["content-disposition"] == disposition
    assert "hello" in answer.text


def test_json_has_every_version_and_html_the_active_one(get, store):
    address = chat(store)
    ann = store.owner("local")
    first = store.messages(ann, address.split("/")[2])[1]
    other = store.begin_version(ann, first.id, "m")
    store.finish_reply(ann, other.reply.id, "done", "second version")
    bodies = [m["content"] for m in get(f"{address}?format=json").json()["messages"]]
    assert bodies == ["hello", "hi", "second version"]
    assert "<p>hi</p>" not in get(address).text


def test_anothers_chat_is_refused_as_none_is(get, store):
    answers = [get(chat(store, owner="bob")), get("/sessions/unknown/download")]
    assert {(a.status_code, a.text) for a in answers} == {(404, "There is no such chat here.")}


def test_an_unknown_format_names_the_known_ones(get, store):
    answer = get(f"{chat(store)}?format=exe")
    assert (answer.status_code, answer.text) == (422, "format is one of: html, md, json.")


def test_a_link_opens_the_files_it_shows_until_it_is_revoked(get, store):
    bob = store.owner("bob")
    turn = store.begin_turn(bob, None, "look", "m", attachments=[NOTES])
    store.finish_reply(bob, turn.reply.id, "done", "hi")
    store.shares.create(bob, turn.session.id, key_hash("k"))
    address = f"/attachments/{turn.prompt.attachments[0].id}"
    shared = f"{address}?session={turn.session.id}&key=k"
    answer = get(shared)
    assert (answer.status_code, answer.content) == (200, NOTES.data)
    refused = [get(address), get(f"{shared}x"), get("/attachments/99"), get(f"{address}?key=k")]
    store.shares.revoke(bob, key_hash("k"))
    refused += [get(shared), get(shared, **{"if-none-match": answer.headers["etag"]})]
    assert {(a.status_code, a.text) for a in refused} == {(404, "There is no such file here.")}


def test_a_key_to_one_chat_is_no_right_to_the_owners_other_files(get, store):
    key = f"?session={chat(store).split('/')[2]}&key=k"
    store.shares.create(store.owner("local"), key[9:].split("&")[0], key_hash("k"))
    assert get(attach(store, NOTES) + key).status_code == 404


@pytest.mark.parametrize("name", TYPES)
def test_what_the_page_fetches_is_kept_by_the_browser(get, name):
    answer = get(f"/assets/1/{name}")
    assert answer.headers["content-type"].startswith(TYPES[name])
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("number", ["1" * 5000, str(2**63), "x", "-1", "¹"])
def test_a_number_that_no_database_holds_is_nobodys(get, number):
    assert get(f"/attachments/{number}").status_code == 404


def test_a_mistake_of_ours_has_the_headers_too():
    async def broken(scope, receive, send):
        raise ZeroDivisionError

    async def ask():
        transport = httpx.ASGITransport(SecurityHeaders(broken), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get("/")

    answer = asyncio.run(ask())
    assert answer.status_code == 500
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("sent", "same"),
    [
        ({"origin": "http://here", "host": "here:80"}, True),
        (
            {"origin": "https://here", "host": "here"},
            True,
        ),  # a proxy may not tell that it was https
        ({"origin": "https://here", "host": "here", "x-forwarded-proto": "https"}, True),
        ({"origin": "http://here", "host": "here", "x-forwarded-proto": "https"}, False),
        ({"origin": "https://here", "host": "here", "x-forwarded-proto": "http"}, False),
        ({"origin": "http://here", "host": "here", "x-forwarded-proto": "HTTPS, http"}, False),
        ({"origin": "https://here", "host": "here", "x-forwarded-proto": "http,https"}, False),
        ({"origin": "http://here:1", "host": "here"}, False),
        ({"origin": "null", "host": "here"}, False),
        ({"host": "here"}, False),
    ],
)
def test_a_page_is_ours_by_its_place_and_its_scheme(sent, same):
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    assert (
        is_same_origin(HTTPConnection({"type": "http", "scheme": "http", "headers": raw})) == same
    )


def test_two_origins_are_none():
    raw = [(b"host", b"here"), (b"origin", b"http://here"), (b"origin", b"http://here")]
    assert not is_same_origin(HTTPConnection({"type": "http", "scheme": "http", "headers": raw}))


def test_news_of_a_chat_are_told_apart_from_those_of_others(store, get):
    owner = store.owner("local")
    mine, other = (store.begin_turn(owner, None, "hello", "m") for _ in range(2))
    asked = f"/news?session={mine.session.id}"
    of_mine, of_others = get(asked).text.split()
    assert get(asked).text.split() == [of_mine, of_others]
    store.rename_session(owner, other.session.id, "another")
    same, changed = get(asked).text.split()
    assert same == of_mine
    assert changed != of_others
    store.rename_session(owner, mine.session.id, "mine")
    assert get(asked).text.split() == [get(asked).text.split()[0], changed]
    assert get(asked).text.split()[0] != of_mine


def test_what_the_page_itself_reads_is_no_news(store, get):
    owner = store.owner("local")
    turn = store.begin_turn(owner, None, "hello", "m")
    store.finish_reply(owner, turn.reply.id, "done", "hi", unread=True)
    asked = f"/news?session={turn.session.id}"
    before = get(asked).text
    store.mark_read(owner, turn.session.id)
    assert get(asked).text == before


def test_to_ask_for_news_makes_nobody_an_owner(store, get, monkeypatch):
    monkeypatch.setattr(store, "owner", pytest.fail)
    answer = get("/news?session=unknown")
    assert answer.status_code == 200
    assert get("/news").text == answer.text


def test_a_reply_under_way_is_news(store, get, monkeypatch):
    turn = store.begin_turn(store.owner("local"), None, "hello", "m")
    before = get("/news").text
    generations = service.hearth().generations
    monkeypatch.setattr(generations, "under_way", lambda owner: {turn.session.pk})
    assert get("/news").text != before
