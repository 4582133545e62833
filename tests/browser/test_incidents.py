"""What went wrong in other programs, where it takes a browser to prove that it does not here."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests import files
from tests.browser import test_sharing as sharing
from tests.browser.actions import (
    chats,
    choose,
    in_address,
    messages,
    ready,
    reply,
    send,
)
from tests.browser.server import App, all_logged
from tests.browser.test_attachments import attach
from tests.browser.test_identity import invite, strangers
from tests.browser.test_rendering import hostile
from tests.browser.watched import Watched
from tests.fake_ollama import PAUSE, ErrorLine, fake_model

__all__ = ["strangers"]

LIMIT = 20 * 1024 * 1024  # bytes of an upload, as .streamlit/config.toml has it
CANARY = "canary-5b1f0c6e"


@pytest.fixture
def upload(app, page):
    """Asks as the page asks for an upload: its address, and the headers that prove whose it is."""
    page.goto(app.url)
    ready(page)
    with page.expect_request("**/_stcore/upload_file/**") as put:
        attach(page, "notes.txt", b"some notes", "text/plain")
    headers = put.value.all_headers()
    kept = {name: headers[name] for name in ("cookie", "x-xsrftoken")}

    def upload(body, *without):
        sent = {name: value for name, value in kept.items() if name not in without}
        kind = {"content-type": "multipart/form-data; boundary=x"}
        return httpx.put(put.value.url, content=body, headers=sent | kind, timeout=60).status_code

    return upload


def form(size):
    """A file of that many bytes, in pieces, so that nobody says beforehand how long it is."""
    yield b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\n'
    for _ in range(size // 65536):
        yield b"x" * 65536
    yield b"\r\n--x--\r\n"


def test_cve_2024_12537_an_upload_over_the_limit_is_answered_413(app, upload):
    """A huge file without a login filled the memory."""
    file = b"".join(form(65536))
    assert upload(file) == 204
    assert upload(b"x" * (LIMIT + 1)) == 413
    assert upload(form(2 * LIMIT)) == 411
    assert upload(file, "cookie") == 403
    assert upload(file, "x-xsrftoken") == 403


def test_cve_2024_12537_a_file_over_the_limit_is_told_on_the_page(app, page):
    page.goto(app.url)
    ready(page)
    page.locator(".st-key-prompt input[type=file]").set_input_files(
        {"name": "big.txt", "mimeType": "text/plain", "buffer": b"x" * (LIMIT + 1)}
    )
    expect(page.get_by_text(re.compile(r"\b20(\.0)? ?MB")).first).to_be_visible()


def test_cve_2024_12537_a_message_of_10_mb_is_refused_on_the_page(app, fake, page):
    page.goto(app.url)
    ready(page)
    send(page, "word " * 2_000_000)
    expect(page.get_by_text("A message takes 400,000 characters")).to_be_visible()
    expect(messages(page)).to_have_count(0)
    assert fake.requests == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_cve_2026_44568_a_hostile_chat_as_a_file_fetches_nothing_and_runs_nothing(
    app, fake, page, sink, browser, tmp_path, scheme
):
    """Text was cleaned before it was made HTML of, and what came out ran; in Open WebUI's issue
    #18387 HTML of the model had the origin of the page."""
    shallow = hostile(sink.url).replace("> " * 300, "> ").replace("- " * 300, "- ")
    fake.reply(shallow)  # what is too deep is shown as it is
    page.goto(app.url)
    attach(page, '"><img src=x onerror=pwned=1>.txt', b"notes", "text/plain")
    send(page, f"![title]({sink.url}/title.png) <img src={sink.url}/x onerror=window.pwned=1>")
    reply(page, re.compile(r"END.*tokens/s", re.DOTALL))
    sharing.open_share(page)
    sharing.download(page, "HTML").save_as(tmp_path / "chat.html")
    reader, asked = browser.new_page(color_scheme=scheme), []
    reader.on("request", lambda request: asked.append(request.url))
    reader.on("dialog", lambda dialog: (asked.append("dialog"), dialog.dismiss()))
    reader.goto((tmp_path / "chat.html").as_uri())
    expect(reader.get_by_text("END", exact=True)).to_be_visible()
    reader.wait_for_timeout(1000)  # what is drawn late asks late
    assert asked == [(tmp_path / "chat.html").as_uri()]
    assert sink.requests == []
    assert reader.evaluate("window.pwned") is None
    assert reader.locator("script, img, iframe, form, video, audio, svg").count() == 0
    reader.close()


def evil(sink, place):
    return (
        f"{place}![a]({sink.url}/{place}.png) ![r][r] [b](javascript:window.pwned=1)"
        f" <img src={sink.url}/{place} onerror=window.pwned=1> [r]: {sink.url}/r.png"
    )


@pytest.fixture
def hostile_page(app, fake, strangers, sink):
    """Of a browser with a hostile name, before a model with one; watched."""
    fake.models = [fake_model(f"![model]({sink.url}/model.png):1b")]
    page = strangers(user_agent=f"![agent]({sink.url}/agent.png) Firefox/1 on <img src=x>")
    watched = Watched(page, app)
    page.goto(app.url)
    ready(page)
    return watched


def test_cve_2025_32711_echoleak_words_of_a_chat_leave_by_no_image(app, fake, hostile_page, sink):
    """An image that a reply refers to carried secrets to another host, without a click."""
    page = hostile_page.page
    attach(page, "![f](http:x.png) <img src=x onerror=window.pwned=1>.txt", b"x", "text/plain")
    fake.reply("one ", PAUSE, ErrorLine(evil(sink, "error")))
    send(page, evil(sink, "title"))
    reply(page, "one")
    send(page, evil(sink, "next"))
    expect(page.locator("[class*=st-key-waiting_]")).to_contain_text("next![a]")
    assert hostile_page.breaches() == []
    fake.release()
    reply(page, "error![a]")
    attach(page, "cat.png", files.image(), "image/png")
    send(page, evil(sink, "unsent"))
    expect(page.locator(".st-key-unsent_0")).to_contain_text("unsent![a]")
    assert hostile_page.breaches() == []
    page.reload()
    reply(page, "error![a]")
    expect(chats(page)).to_contain_text("title![a]")
    assert hostile_page.breaches() == []
    choose(page, in_address(page), "Delete")
    expect(page.locator(".st-key-undo")).to_contain_text("title![a]")
    assert hostile_page.breaches() == []
    assert sink.requests == []


def test_cve_2025_32711_echoleak_no_page_beside_the_chat_fetches_its_words(
    app, hostile_page, strangers, sink
):
    page, reader = hostile_page.page, Watched(strangers(), app)
    send(page, evil(sink, "title"))
    reply(page, "tokens/s")
    sharing.open_share(page)
    reader.page.goto(sharing.make_link(page))
    expect(messages(reader.page).first).to_contain_text("titlea")
    assert reader.breaches() == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Dashboard").click()
    expect(page.locator("[data-testid=stDataFrame] canvas").first).to_be_visible()
    assert hostile_page.breaches() == []
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Name of a new token").fill(evil(sink, "token")[:100])
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_text("token![a]").first).to_be_visible()
    expect(page.locator("[class*=st-key-link_]")).to_contain_text("title![a]")
    assert hostile_page.breaches() == []
    assert sink.requests == []


def test_litellm_2026_03_18_what_is_said_and_every_key_stay_out_of_the_log(
    fake, strangers, tmp_path
):
    """Whole requests with their credentials were in logs and traces."""
    secret = CANARY * 4
    app = App(tmp_path, OLLAMA_HOST=fake.host, HEARTH_SECRET=secret, **all_logged(tmp_path)).start()
    page = strangers()
    page.goto(app.url)
    ready(page)
    send(page, f"{CANARY} by the page")
    reply(page, "tokens/s")
    in_address(page)
    sharing.open_share(page)
    shared = sharing.make_link(page)
    paired = invite(app, page)
    page.get_by_role("button", name="Make a token").click()
    token = page.locator(".st-key-new_token code").inner_text()
    said = {"messages": [{"content": f"{CANARY} by the API"}]}
    bearer = {"authorization": f"Bearer {token}"}
    assert httpx.post(f"{app.url}/api/chat", json=said, headers=bearer, timeout=60).is_success
    other = strangers()
    other.goto(shared)
    reply(other, CANARY)
    other.goto(paired)
    other.get_by_role("button", name="Use them here").click()
    expect(chats(other)).to_have_count(2)
    cookies = [c["value"] for c in page.context.cookies() if c["name"].startswith("hearth_")]
    app.stop()
    assert cookies
    assert "DEBUG:httpcore" in app.log  # what each library says is there
    for word in (CANARY, token, shared.split("key=")[1], paired.rsplit("/", 1)[1], *cookies):
        assert word not in app.log
