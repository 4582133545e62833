"""What is behind Share: making links, what became of them, the chat as a file."""

import re

import pytest

from chatcore import service
from chatcore.errors import SessionNotFound
from chatcore.sharing import key_hash
from tests.pages.test_chat import send, session_of
from tests.pages.test_page import told


@pytest.fixture
def page(open_page):
    """A chat of one prompt and its reply, with Share open."""
    return share(send(open_page(), "hello"))


def share(page):
    page.session_state["share"] = True
    return page.run()


def make(page, **terms):
    if "ends" in terms:
        page.selectbox(key="share_expiry").set_value(terms["ends"])
    if terms.get("thinking"):
        page.checkbox(key="share_thinking").check()
    return page.button(key="share_create").click().run()


def shares():
    return service.hearth().store.shares.of(1)


def link(page):
    """Of the link just made, its session and key."""
    [code] = page.code
    return re.fullmatch(r"\S*/\?session=([\w-]+)&key=([\w-]{32})", code.value).groups()


def read(session_id, key):
    return service.hearth().store.shares.read(session_id, key_hash(key))


def buttons(page, name):
    return [button for button in page.button if (button.key or "").startswith(f"{name}_")]


def labels(page):
    return [caption.value for caption in page.caption if caption.value.startswith("Made ")]


def test_a_closed_panel_costs_nothing_and_a_new_chat_has_none(open_page):
    page = open_page()
    assert "Share" not in [panel.proto.popover.label for panel in page.get("popover")]
    page = send(page, "hello")
    assert [b.key for b in page.button if (b.key or "").startswith("share")] == []


def test_nothing_is_shared_until_it_is_asked_for(page):
    assert shares() == []
    assert page.code == []


def test_a_link_is_made_copied_and_shown_this_once(page, open_page):
    page = make(page)
    session_id, key = link(page)
    assert session_id == session_of(page)
    assert [m.body for m in read(session_id, key).messages] == ["hello", "You said: hello."]
    assert told(page)["copy"]["text"] == page.code[0].value
    assert share(open_page(session_id)).code == []


def test_a_link_lasts_seven_days_without_thoughts_unless_asked(page):
    make(page)
    [made] = shares()
    assert made.expires_at - made.created_at == pytest.approx(7 * 24 * 3600 * 1000, abs=60_000)
    assert not made.thinking
    page = make(page, ends="Never", thinking=True)
    assert (shares()[0].expires_at, shares()[0].thinking) == (None, True)
    assert "with thoughts · never opened" in labels(page)[0]
    assert "ends" not in labels(page)[0]


def test_the_list_tells_when_a_link_was_opened(page):
    page = make(page)
    assert "never opened" in labels(page)[0]
    read(*link(page))
    service.hearth().store.check()
    assert "last opened" in labels(page.run())[0]


def test_a_chat_that_went_on_is_shown_after_update_to_now(page):
    page = make(page)
    session_id, key = link(page)
    assert buttons(page, "update") == []
    page = send(page, "more")
    assert len(read(session_id, key).messages) == 2
    assert "shows the chat of" in labels(page)[0]
    page = buttons(page, "update")[0].click().run()
    assert len(read(session_id, key).messages) == 4
    assert buttons(page, "update") == []


def test_a_revoked_link_is_gone_from_the_list_and_for_its_readers(page):
    page = make(page)
    session_id, key = link(page)
    page = buttons(page, "revoke")[0].click().run()
    assert labels(page) == []
    assert page.code == []
    with pytest.raises(SessionNotFound):
        read(session_id, key)


def test_only_the_links_of_this_chat_are_listed(page, open_page):
    make(page)
    other = share(send(open_page(), "another chat"))
    assert labels(other) == []


def test_a_chat_that_cannot_be_shared_yet_says_so_in_the_panel(page):
    store = service.hearth().store
    store.begin_turn(1, session_of(page), "more", "m")
    page = make(page)
    assert "still answering" in page.error[0].value
    assert shares() == []


def test_the_chat_is_offered_as_a_file_in_three_formats(page):
    addresses = [button.proto.url for button in page.get("link_button")]
    chat = session_of(page)
    assert addresses == [f"sessions/{chat}/download?format={f}" for f in ("html", "md", "json")]
