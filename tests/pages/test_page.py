"""What page.js is told: what to copy, which message to show, when to scroll."""

import pytest

from chatcore import service
from tests.pages import components
from tests.pages.test_chat import send, session_of


def told(page):
    return components.told(page, "page")


def stored(page):
    return service.hearth().store.messages(1, session_of(page))


def choose(page, message, entry):
    return page.menu_button(key=f"message_menu_{message.id}").click(entry).run()


def follow_link(page, message_id):
    page.query_params["message"] = str(message_id)
    return page.run()


def test_without_a_wish_the_browser_is_told_where_it_is_and_no_more(open_page):
    assert told(open_page()) == {
        "chat": "",
        "messages": 0,
        "message": "",
        "edited": "",
        "stay": "",
        "copy": None,
    }
    page = send(open_page(), "hello")
    expected = {
        "chat": session_of(page),
        "messages": 2,
        "message": "",
        "edited": "",
        "stay": "",
        "copy": None,
    }
    assert told(page) == expected
    assert told(page.run()) == expected


def test_copy_hands_over_the_stored_text_once(open_page, fake):
    fake.reply("# Title\n\n- *a*\n\n\n```\ncode\n```\n")
    page = send(open_page(), "hello *you*")
    prompt, reply = stored(page)
    assert told(choose(page, prompt, "Copy"))["copy"]["text"] == "hello *you*"
    assert told(choose(page, reply, "Copy"))["copy"]["text"] == reply.body
    assert told(page.run())["copy"] is None


def test_the_same_copy_asked_for_twice_is_two_wishes(open_page):
    page = send(open_page(), "hello")
    first = told(choose(page, stored(page)[0], "Copy"))["copy"]
    assert told(choose(page, stored(page)[0], "Copy"))["copy"]["at"] != first["at"]


def test_copy_link_hands_over_the_id_in_a_string(open_page):
    page = send(open_page(), "hello")
    message = stored(page)[1]
    assert message.id > 2**41
    assert told(choose(page, message, "Copy link"))["copy"]["message"] == str(message.id)


def test_a_linked_message_is_shown_until_the_chat_goes_on(open_page):
    page = send(open_page(), "hello")
    message = stored(page)[0]
    page = follow_link(page, message.id)
    assert told(page)["message"] == str(message.id)
    page = send(page, "more")
    assert told(page)["message"] == ""
    assert "message" not in page.query_params


def test_new_chat_forgets_the_link(open_page):
    page = send(open_page(), "hello")
    page = follow_link(page, stored(page)[0].id)
    page.button(key="new_chat").click().run()
    assert told(page)["message"] == ""
    assert "message" not in page.query_params


def test_a_linked_message_of_another_version_changes_nothing_unasked(open_page):
    page = send(open_page(), "hello")
    first = stored(page)[1]
    page = choose(page, first, "Regenerate")
    second = stored(page)[1]
    page = follow_link(page, first.id)
    assert "another version" in page.info[0].value
    assert stored(page)[1] == second
    page.button(key="show_linked").click().run()
    assert stored(page)[1].id == first.id
    assert told(page)["message"] == str(first.id)
    assert len(page.info) == 0


@pytest.mark.parametrize("asked_for", ["", "abc", "-1", "12", "9" * 19, "9" * 99, "1;x"])
def test_a_link_to_no_message_is_a_quiet_word(open_page, asked_for):
    page = follow_link(send(open_page(), "hello"), asked_for)
    assert not page.exception
    assert "is not in this chat" in page.info[0].value
    assert told(page)["message"] == ""


def test_a_message_of_another_chat_is_not_told_from_an_unknown_one(open_page):
    elsewhere = stored(send(open_page(), "elsewhere"))[0]
    page = follow_link(send(open_page(), "hello"), elsewhere.id)
    assert "is not in this chat" in page.info[0].value
