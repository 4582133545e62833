"""Saved prompts, where they are made and changed: on the Settings page and at a message."""

import pytest

from chatcore import service
from tests.pages.test_chat import send


@pytest.fixture
def settings(open_page):
    return open_page().switch_page("pages/settings.py").run()


def store():
    return service.hearth().store


def saved():
    owner = store().owner("local")
    return {p.name: store().prompts.text(owner, p.id) for p in store().prompts.of(owner)}


def save(name, text):
    return store().prompts.save(store().owner("local"), name, text).id


def write(page, n, name, text):
    page.text_input(key=f"prompt_name_{n}").set_value(name)
    page.text_area(key=f"prompt_text_{n}").set_value(text)
    return page.button(key=f"save_prompt_{n}").click().run()


def shown(page):
    return "\n".join(element.value for element in page.markdown)


def test_a_prompt_is_made_on_the_settings_page(settings):
    settings.button(key="prompt_new").click().run()
    write(settings, 0, "review", "Review this.")
    assert saved() == {"review": "Review this."}
    assert r"**\/review**" in shown(settings)
    assert "prompt_new" in [button.key for button in settings.button]


def test_what_is_refused_stays_in_the_form_with_the_reason(settings):
    settings.button(key="prompt_new").click().run()
    write(settings, 0, "two words", "Review this.")
    assert "40 letters" in settings.error[0].value
    assert settings.text_area(key="prompt_text_0").value == "Review this."
    write(settings, 0, "words", "Review this.")
    assert (saved(), len(settings.error)) == ({"words": "Review this."}, 0)


def test_a_prompt_is_changed(settings):
    n = save("review", "Review this.")
    settings.run().button(key=f"prompt_edit_{n}").click().run()
    assert settings.text_area(key=f"prompt_text_{n}").value == "Review this."
    write(settings, n, "Review", "Review that.")
    assert saved() == {"Review": "Review that."}


def test_a_change_can_be_called_off(settings):
    n = save("review", "Review this.")
    settings.run().button(key=f"prompt_edit_{n}").click().run()
    settings.text_input(key=f"prompt_name_{n}").set_value("other")
    settings.button(key=f"cancel_prompt_{n}").click().run()
    assert saved() == {"review": "Review this."}
    assert not settings.text_area


def test_a_deleted_prompt_comes_back_by_undo(settings):
    n = save("review", "Review this.")
    settings.run().button(key=f"prompt_delete_{n}").click().run()
    assert saved() == {}
    settings.button(key="prompt_undo").click().run()
    assert saved() == {"review": "Review this."}
    assert "prompt_undo" not in [button.key for button in settings.button]


def test_a_name_and_a_text_are_no_markdown(settings):
    save("__init__", "**x** ![](http://evil.example) $$y$$")
    settings.run()
    assert "![]" not in shown(settings)
    assert "$$" not in shown(settings)
    assert not settings.exception


def begin_saving(page):
    """By the menu of the prompt; returns the key of the field for its name."""
    owner = store().owner("local")
    message = store().messages(owner, store().sessions(owner)[0].id)[0]
    page.menu_button(key=f"message_menu_{message.id}").click("Save as prompt").run()
    return f"prompt_name_of_{message.id}"


def test_a_message_of_mine_is_saved_as_a_prompt(open_page):
    page = send(open_page(), "Review this.")
    key = begin_saving(page)
    page.text_input(key=key).set_value("review")
    page.button(key=f"save_{key}").click().run()
    assert saved() == {"review": "Review this."}
    assert [toast.value for toast in page.toast] == [r"Saved as \/review"]
    assert not [each for each in page.text_input if "prompt_name_of" in (each.key or "")]


def test_a_name_that_is_taken_is_asked_for_again(open_page):
    save("review", "Another.")
    page = send(open_page(), "Review this.")
    key = begin_saving(page)
    page.text_input(key=key).set_value("Review")
    page.button(key=f"save_{key}").click().run()
    assert "already" in page.error[0].value
    page.button(key=f"cancel_{key}").click().run()
    assert saved() == {"review": "Another."}
