"""What the page's policy allows is all that it needs, and a title or a file gets no more."""

import pytest
from playwright.sync_api import expect

from tests import files
from tests.browser import test_sharing as sharing
from tests.browser.actions import chats, in_address, messages, ready, rename, reply, send
from tests.browser.test_attachments import attach, chips
from tests.browser.test_identity import invite, strangers
from tests.browser.watched import Watched

__all__ = ["strangers"]

ASK_ELSEWHERE = """async address => {
    const refused = {};
    document.onsecuritypolicyviolation = event =>
        refused[event.effectiveDirective] = event.blockedURI;
    const image = document.createElement("img");
    const drawn = new Promise(resolve => image.onload = image.onerror = resolve);
    image.src = address + "/image.png";
    document.body.append(image);
    await Promise.all([drawn, fetch(address + "/fetched", {mode: "no-cors"}).catch(() => {})]);
    return refused;
}"""


def test_the_policy_refuses_what_even_a_script_on_our_page_asks_elsewhere(app, page, sink):
    page.goto(app.url)
    ready(page)
    assert page.evaluate(ASK_ELSEWHERE, sink.url) == {
        "img-src": f"{sink.url}/image.png",
        "connect-src": f"{sink.url}/fetched",
    }
    assert sink.requests == []


def test_all_that_a_page_draws_is_allowed_by_the_policy(app, fake, strangers):
    watched, reader = Watched(strangers(), app), Watched(strangers(), app)
    page = watched.page
    fake.reply("$x^2$\n\n```mermaid\ngraph TD\n  A --> B\n```\n\nEND")
    page.goto(app.url)
    attach(page, "report.pdf", files.pdf("hello"), "application/pdf")
    send(page, "hello")
    expect(messages(page).last.get_by_role("img", name="Mermaid flowchart")).to_be_visible()
    expect(messages(page).last.locator(".katex")).to_have_count(1)
    sharing.open_share(page)
    sharing.download(page, "HTML")
    reader.page.goto(sharing.make_link(page))
    expect(reader.page.get_by_role("img", name="Mermaid flowchart")).to_be_visible()
    assert reader.breaches() == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Dashboard").click()
    expect(page.locator("[data-testid=stVegaLiteChart] .mark-rect").first).to_be_attached()
    invite(app, page)
    assert watched.breaches() == []


@pytest.fixture
def named(app, fake, page):
    """Gives a chat that title; the page, watched."""
    watched = Watched(page, app)

    def named(title):
        page.goto(app.url)
        send(page, "hello")
        reply(page, "tokens/s")
        session = in_address(page)
        rename(page, session, title)
        expect(chats(page)).to_have_text([title])
        return watched

    return named


@pytest.mark.parametrize(
    "title",
    [
        "</title><script>window.pwned=1</script>",
        "<img src={sink}/t.png onerror=window.pwned=1><b>bold</b>",
        "[press](javascript:window.pwned=1) [r]({sink}/r)",
        "![t]({sink}/t.png) ![r][r] [r]: {sink}/r.png",
    ],
)
def test_a_hostile_title_is_words_in_tab_sidebar_and_share(named, sink, title):
    title = title.format(sink=sink.url)
    watched = named(title)
    page = watched.page
    page.reload()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(chats(page)).to_have_text([title])
    sharing.open_share(page)
    sharing.make_link(page)
    expect(page.get_by_role("dialog", name="Share").get_by_text("opened")).to_be_visible()
    assert page.title() == "Hearth"
    drawn = page.locator("[data-chat], .st-key-share, [role=dialog], h1, h2, h3")
    assert drawn.locator("script, b, [href^=javascript], img").count() == 0
    assert watched.breaches() == []
    assert sink.requests == []


def test_a_pdf_is_opened_as_a_download_under_the_policy(app, page):
    watched, asked, failed = Watched(page, app), [], []
    page.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
    page.context.on("request", lambda request: asked.append(request.url))  # of every tab
    page.goto(app.url)
    attach(page, "report.pdf", files.pdf("hello"), "application/pdf")
    send(page, "What does it say?")
    reply(page, "tokens/s")
    address = chips(page).evaluate("link => link.href")
    answers = page.context.expect_event("response", lambda answer: answer.url == address)
    with answers as answer, page.expect_download() as opened:
        chips(page).click()
    assert opened.value.url == address
    headers = answer.value.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["content-disposition"].startswith("attachment;")
    assert "object-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert [url for url in asked if not url.startswith((app.url, "blob:", "data:"))] == []
    assert watched.breaches() == failed == []
