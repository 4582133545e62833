"""What the server answers beside the page, over the real store."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from chatcore import service
from chatcore.types import File
from chatcore.web.attachments import attachment

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
    app = Starlette(routes=[Route("/attachments/{id:int}", attachment)])

    async def get(path, **headers):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path, headers=headers)

    return lambda path, **headers: asyncio.run(get(path, **headers))


def attach(store, file, owner="local"):
    turn = store.begin_turn(store.owner(owner), None, "look", "m", attachments=[file])
    return f"/attachments/{turn.prompt.attachments[0].id}"


def test_a_file_comes_back_as_it_was(get, store):
    answer = get(attach(store, NOTES))
    assert (answer.status_code, answer.content) == (200, NOTES.data)
    assert answer.headers["content-type"] == "text/plain; charset=windows-1252"
    assert answer.headers["content-disposition"] == (
        "inline; filename*=UTF-8''gr%C3%BC%C3%9Fe%20%0A.txt"
    )


def test_a_pdf_is_for_download(get, store):
    assert get(attach(store, PDF)).headers["content-disposition"].startswith("attachment;")


def test_a_browser_that_has_it_is_told_so(get, store):
    address = attach(store, NOTES)
    answer = get(address, **{"if-none-match": get(address).headers["etag"]})
    assert (answer.status_code, answer.content) == (304, b"")


def test_anothers_file_and_none_are_answered_the_same(get, store):
    foreign, unknown = get(attach(store, NOTES, "bob")), get("/attachments/99")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text == unknown.text == "There is no such file here."


def test_a_number_that_no_database_holds_is_unknown_too(get):
    assert get(f"/attachments/{2**70}").status_code == 404
