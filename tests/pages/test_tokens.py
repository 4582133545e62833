"""The tokens on the Settings page."""

import pytest

from chatcore import service


@pytest.fixture
def page(open_page):
    return open_page().switch_page("pages/settings.py").run()


def tokens():
    store = service.hearth().store
    return store.tokens.of(store.owner("local"))


def make(page, name):
    page.text_input(key="token_name").set_value(name).run()
    return page.button(key="token_make").click().run()


def shown(page):
    return "\n".join(element.value for element in page.markdown)


def test_a_token_is_shown_once_and_opens_the_owners_chats(page):
    make(page, "backup")
    (code,) = page.code
    store = service.hearth().store
    assert store.tokens.owner(code.value) == store.owner("local")
    page.button(key="token_copied").click().run()
    assert not page.code
    assert "backup" in shown(page)
    assert page.text_input(key="token_name").value == ""


def test_when_it_was_last_used_is_told(page):
    make(page, "backup")
    assert "never used" in shown(page)
    service.hearth().store.tokens.owner(page.code[0].value)
    service.hearth().store.check()
    assert "last used" in shown(page.run())


def test_a_revoked_token_is_gone(page):
    make(page, "backup")
    page.button(key=f"token_revoke_{tokens()[0].id}").click().run()
    assert tokens() == []
    assert "backup" not in shown(page)


def test_a_token_without_a_name_gets_one(page):
    make(page, "  ")
    assert [token.name for token in tokens()] == ["A program"]


def test_a_name_is_no_markdown(page):
    make(page, "**x** ![](http://evil.example)")
    assert "![]" not in shown(page)
    assert not page.exception
