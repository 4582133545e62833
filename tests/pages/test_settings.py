"""The Settings page, as its script has it."""

import pytest
from streamlit.runtime.context import ContextProxy

from chatcore import service
from chatcore.errors import PairingRefused
from chatcore.identity import HERE
from chatcore.ui import state
from tests.pages.test_chat import errors, send


@pytest.fixture
def open_settings(open_page):
    def open_settings():
        return open_page().switch_page("pages/settings.py").run()

    return open_settings


@pytest.fixture
def as_browser(environ, monkeypatch):
    """Under `browser`, with what the middleware would find."""
    monkeypatch.setenv("HEARTH_IDENTITY", "browser")
    monkeypatch.setattr(state, "key", lambda services: "browser:mine")
    identities = service.hearth().store.identities
    identities.seen("browser:mine", "Firefox on Linux")
    return identities


def me():
    return service.hearth().store.owner("browser:mine")


def text(page):
    return "\n".join(element.value.replace("\\", "") for element in page.markdown)


def test_one_person_is_told_that_all_browsers_show_the_same(open_settings):
    page = open_settings()
    assert not page.exception
    assert "every browser" in text(page)
    assert [heading.value for heading in page.subheader] == [
        "Saved prompts",
        "API tokens",
        "Your data",
        "Delete everything",
    ]


def test_what_was_deleted_is_brought_back(open_page, open_settings):
    send(open_page(), "hello")
    trash = service.hearth().store.trash
    session = service.hearth().store.sessions(1)[0]
    trash.put(1, session.id)
    page = open_settings()
    assert "hello" in text(page)
    page.button(key=f"restore_{session.pk}").click().run()
    assert (errors(page), trash.sessions(1)) == ([], [])
    assert "Trash" not in [heading.value for heading in page.subheader]
    assert [each.id for each in service.hearth().store.sessions(1)] == [session.id]


def test_what_is_mine_is_counted_and_can_be_taken_along(open_page, open_settings):
    send(open_page(), "hello")
    page = open_settings()
    assert "1 chat, 2 messages" in text(page)
    assert any(link.proto.url == "export" for link in page.get("link_button"))
    assert any("hearth" in caption.value for caption in page.caption)


def test_everything_is_deleted_only_after_the_word(open_page, open_settings):
    send(open_page(), "hello")
    page = open_settings()
    assert page.button(key="erase").disabled
    page.text_input(key="confirm_erasing").set_value("deleted").run()
    assert page.button(key="erase").disabled
    page.text_input(key="confirm_erasing").set_value("Delete").run()
    page.button(key="erase").click().run()
    assert "was deleted" in page.success[0].value
    assert service.hearth().store.sessions(service.hearth().store.owner("local")) == []
    assert page.text_input(key="confirm_erasing").value == ""
    assert "0 chats" in text(page)


def test_in_mid_reply_nothing_is_deleted(open_settings):
    store = service.hearth().store
    store.begin_turn(store.owner("local"), None, "hello", "m")
    page = open_settings()
    page.text_input(key="confirm_erasing").set_value("delete").run()
    page.button(key="erase").click().run()
    assert "still answering" in errors(page)[0]
    assert len(store.sessions(store.owner("local"))) == 1


def test_a_browser_is_named_and_alone_cannot_lose_its_chats(as_browser, open_settings):
    page = open_settings()
    assert "Firefox on Linux · this browser" in text(page)
    assert not any(button.key == "sign_out_0" for button in page.button)


def test_a_paired_browser_is_listed_and_signed_out(as_browser, open_settings):
    as_browser.pair(as_browser.invite(me()), "browser:other")
    as_browser.seen("browser:other", "Safari on iPhone")
    page = open_settings()
    assert "Safari on iPhone · last seen just now" in text(page)
    other = [b.key for b in as_browser.browsers(me())].index("browser:other")
    page.button(key=f"sign_out_{other}").click().run()
    assert "Safari" not in text(page)
    assert [b.key for b in as_browser.browsers(me())] == ["browser:mine"]


def test_a_link_is_shown_until_it_is_used(as_browser, open_settings):
    page = open_settings()
    page.button(key="invite").click().run()
    link = page.code[0].value
    assert "/pair/" in link
    assert page.run().code[0].value == link
    as_browser.pair(link.rsplit("/")[-1], "browser:other")
    assert len(page.run().code) == 0


def test_the_picture_of_a_link_is_on_its_page_alone(as_browser, open_settings):
    """Streamlit would keep a file of it, for whoever asks."""
    page = open_settings()
    page.button(key="invite").click().run()
    [picture] = page.get("image")
    assert picture.proto.imgs[0].url.startswith("data:image/png;base64,")


def test_a_link_keeps_the_path_that_the_server_is_under(as_browser, open_settings, monkeypatch):
    page = open_settings()
    address = property(lambda context: "https://here.example/hearth/preferences")
    monkeypatch.setattr(ContextProxy, "url", address)
    page.button(key="invite").click().run()
    assert page.code[0].value.startswith("https://here.example/hearth/pair/")


def test_who_signs_in_is_not_told_of_the_machine(monkeypatch, open_settings, fake):
    monkeypatch.setenv("HEARTH_IDENTITY", "header:X-User")
    monkeypatch.setenv("HEARTH_TRUSTED_PROXIES", "127.0.0.1")
    monkeypatch.setattr(state, "key", lambda services: "header:ann")
    captions = [caption.value.replace("\\", "") for caption in open_settings().caption]
    assert any(told.endswith(f"Ollama {fake.version}") for told in captions)
    hidden = (fake.host.split("://")[-1], service.hearth().store.location)
    assert not any(each in told for told in captions for each in hidden)


@pytest.mark.parametrize("headers", [{}, {HERE: "yes"}])
def test_what_is_where_is_told_on_the_machine_alone(
    as_browser, open_settings, monkeypatch, fake, headers
):
    monkeypatch.setattr(ContextProxy, "headers", headers)
    told = "".join(caption.value.replace("\\", "") for caption in open_settings().caption)
    for place in (service.hearth().store.location, fake.host.split("://")[-1]):
        assert (place in told) == bool(headers)


def test_a_link_that_was_made_elsewhere_is_told_and_taken_back(as_browser, open_settings):
    token = as_browser.invite(me())
    page = open_settings()
    assert "1 link made elsewhere can still be used." in [each.value for each in page.caption]
    page.button(key="withdraw").click().run()
    with pytest.raises(PairingRefused):
        as_browser.inviter(token)
    assert "withdraw" not in [button.key for button in page.button]


def test_a_link_is_taken_back(as_browser, open_settings):
    page = open_settings()
    page.button(key="invite").click().run()
    token = page.code[0].value.rsplit("/")[-1]
    page.button(key="withdraw").click().run()
    assert len(page.code) == 0
    with pytest.raises(PairingRefused):
        as_browser.inviter(token)


def test_every_link_to_a_chat_is_listed_and_can_be_revoked(open_page, open_settings):
    send(open_page(), "hello")
    store = service.hearth().store
    owner = store.owner("local")
    store.shares.create(owner, store.sessions(owner)[0].id, "0123456789abcdef")
    page = open_settings()
    assert "hello" in text(page)
    page.button(key="revoke_0123456789abcdef").click().run()
    assert store.shares.of(owner) == []
    assert "Links to your chats" not in [heading.value for heading in page.subheader]


def test_nothing_of_theirs_stays_on_the_page_when_all_is_deleted(open_settings):
    page = open_settings()
    page = page.button(key="token_make").click().run()
    assert "not shown again" in text(page)
    page.session_state["deleted_persona"] = (1, "Pirate")
    page.session_state["unsent"] = ["what was typed"]
    page.text_input(key="confirm_erasing").set_value("delete").run()
    page = page.button(key="erase").click().run()
    assert not page.exception
    assert "was deleted" in page.success[0].value
    assert "not shown again" not in text(page)
    assert "deleted_persona" not in page.session_state
    assert "unsent" not in page.session_state
