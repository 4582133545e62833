"""HEARTH_IDENTITY=oidc in a real browser, with a provider of our own on loopback."""

import pytest
from playwright.sync_api import expect

from tests.browser.actions import chat, chats, ready
from tests.browser.server import App
from tests.browser.test_identity import settings, strangers
from tests.oidc import Provider

__all__ = ["strangers"]


@pytest.fixture
def provider():
    with Provider() as provider:
        yield provider


@pytest.fixture
def app(fake, provider, tmp_path):
    app = App(tmp_path, OLLAMA_HOST=fake.host, HEARTH_IDENTITY="oidc")
    (tmp_path / "secrets.toml").write_text(provider.secrets(app.url))
    app.environ["STREAMLIT_SECRETS_FILES"] = str(tmp_path / "secrets.toml")
    yield app.start()
    app.stop()


def sign_in(app, page):
    page.goto(app.url)
    page.get_by_role("button", name="Sign in").click()
    ready(page)


def test_nobody_sees_a_chat_before_they_sign_in(app, strangers):
    page = strangers()
    page.goto(app.url)
    expect(page.get_by_text("Sign in to see your chats")).to_be_visible()
    expect(page.locator(".st-key-new_chat, .st-key-prompt")).to_have_count(0)
    assert page.request.get(f"{app.url}/export").status == 401


def test_an_account_has_its_chats_in_every_browser_and_no_others(app, provider, strangers):
    desk, phone, eve = strangers(), strangers(), strangers()
    sign_in(app, desk)
    chat(app, desk, "from Ann")
    provider.email = "renamed@example.org"  # the address changes, the account does not
    sign_in(app, phone)
    expect(chats(phone)).to_have_text(["from Ann"])
    provider.subject = "eve"
    sign_in(app, eve)
    expect(chats(eve)).to_have_count(0)
    exported = phone.request.get(f"{app.url}/export").json()
    assert [chat["title"] for chat in exported["chats"]] == ["from Ann"]
    assert eve.request.get(f"{app.url}/export").json()["chats"] == []


def test_signed_out_is_signed_out(app, strangers):
    page = strangers()
    sign_in(app, page)
    settings(app, page)
    expect(page.get_by_text("ann@example.org")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("Sign in to see your chats")).to_be_visible()
    assert page.request.get(f"{app.url}/export").status == 401


def test_what_a_browser_had_before_is_brought_along_once(app, provider, strangers):
    app.stop()
    app.environ["HEARTH_IDENTITY"] = "browser"
    app.start()
    page = strangers()
    chat(app, page, "from before")
    app.stop()
    app.environ["HEARTH_IDENTITY"] = "oidc"
    app.start()
    sign_in(app, page)
    expect(chats(page)).to_have_count(0)
    settings(app, page)
    page.get_by_role("button", name="Bring my chats here").click()
    expect(chats(page)).to_have_text(["from before"])
    expect(page.get_by_role("button", name="Bring my chats here")).to_have_count(0)


def test_a_forged_sign_in_is_none(app, provider, strangers):
    page = strangers()
    sign_in(app, page)
    (cookie,) = (c for c in page.context.cookies() if c["name"] == "_streamlit_user")
    value = cookie["value"].strip('"')
    for forged in ("x", value[:-2], value.replace(".", "", 1)):
        headers = {"cookie": f"_streamlit_user={forged}"}
        assert strangers().request.get(f"{app.url}/export", headers=headers).status == 401
    headers = {"cookie": f"_streamlit_user={value}"}
    assert strangers().request.get(f"{app.url}/export", headers=headers).status == 200
