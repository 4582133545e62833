"""Personas on the page: picked for a chat, marked in it, made, edited, tried and taken along."""

import pytest

from chatcore import service
from chatcore.options import Options
from chatcore.personas import Field, Persona
from tests.fake_ollama import fake_model
from tests.pages.test_chat import errors, send, session_of, texts

PIRATE = Persona(
    name="Pirate",
    avatar="🦜",
    system="You are a pirate called {{called}}. It is {{weekday}}.",
    options=Options(temperature=1.5),
    starters=("Ahoy!", "Sing."),
    fields=(Field(name="called", question="What is it called?", default="Jack"),),
)
LABEL = "🦜 Pirate"


def keep(persona=PIRATE):
    return service.hearth().store.personas.create(1, persona)


def choose(page, label=LABEL):
    return page.selectbox(key="persona").select(label).run()


def system(fake, n=-1):
    first = fake.requests[n]["messages"][0]
    return first["content"] if first["role"] == "system" else None


def changes(page):
    return [c.value for c in page.caption if c.value.startswith("From here on")]


def avatars(page):
    return [message.avatar for message in page.chat_message if message.name == "assistant"]


@pytest.fixture
def page(open_page):
    open_page()
    keep()
    return open_page()


def test_a_new_chat_is_with_nobody_until_one_is_picked(page, fake):
    assert page.selectbox(key="persona").value == "No persona"
    send(page, "hello")
    assert system(fake) is None


def test_a_picked_persona_answers_with_its_avatar(page, fake):
    page = send(choose(page), "hello")
    assert system(fake).startswith("You are a pirate called Jack. It is ")
    assert fake.requests[-1]["options"]["temperature"] == 1.5
    assert avatars(page) == ["🦜"]
    assert page.selectbox(key="persona").value == LABEL
    assert changes(page) == []


def test_the_next_new_chat_is_with_nobody_again(page, fake):
    page = send(choose(page), "hello")
    page = page.button(key="new_chat").click().run()
    assert page.selectbox(key="persona").value == "No persona"


def test_one_of_hearths_own_is_picked_without_a_row_of_ours(page, fake):
    page = send(choose(page, "In a nutshell"), "hello")
    assert system(fake).startswith("Answer as briefly")
    assert page.selectbox(key="persona").value == "In a nutshell"
    assert [kept.persona for kept in service.hearth().store.personas.of(1)] == [PIRATE]


def test_a_starter_sends_itself(page, fake):
    page = choose(page).button(key="starter_0").click().run()
    assert texts(page)[0] == ("user", "Ahoy!")
    assert system(fake).startswith("You are a pirate")


def test_its_fields_are_asked_before_the_first_prompt(page, fake):
    page = choose(page)
    box = page.text_input(key="persona_field_called")
    assert (box.label, box.placeholder) == ("What is it called\\?", "Jack")
    send(page.text_input(key="persona_field_called").set_value("Anne").run(), "hello")
    assert "called Anne" in system(fake)


def test_a_value_that_looks_like_a_variable_stays_as_it_was_typed(page, fake):
    page = choose(page)
    page.text_input(key="persona_field_called").set_value("{{weekday}}").run()
    send(page, "hello")
    assert "called {{weekday}}." in system(fake)


def test_the_fields_of_an_open_chat_are_changed_from_there_on(page, fake):
    page = send(choose(page), "hello")
    page.session_state["persona_fields"] = True
    page = page.run()
    page.text_input(key="persona_field_called").set_value("Anne")
    page = page.button(key="save_fields").click().run()
    send(page, "more")
    assert "called Anne" in system(fake)


def test_a_change_in_mid_chat_is_marked_where_it_is(page, fake):
    page = send(page, "hello")
    page = send(choose(page), "more")
    assert changes(page) == ["From here on: 🦜 Pirate"]
    page = send(choose(page, "No persona"), "and more")
    assert changes(page) == ["From here on: 🦜 Pirate", "From here on: no persona"]
    assert system(fake) is None
    assert avatars(page)[1] == "🦜"


def test_a_change_of_the_model_is_marked(open_page, fake):
    fake.models = [fake_model("a:1b"), fake_model("b:2b")]
    page = send(open_page(), "hello")
    page.selectbox(key="model").select("b:2b").run()
    page = send(page, "more")
    assert changes(page) == ["From here on: b\\:2b"]
    page = open_page(session_of(page))
    assert changes(page) == ["From here on: b\\:2b"]


def test_a_chat_keeps_its_version_until_the_new_one_is_taken(page, fake):
    page = send(choose(page), "hello")
    store = service.hearth().store
    [kept] = store.personas.of(1)
    store.personas.edit(1, kept.id, PIRATE.model_copy(update={"system": "You are a parrot."}))
    page = send(page.run(), "still?")
    assert system(fake).startswith("You are a pirate")
    page = page.button(key="use_new_persona").click().run()
    page = send(page, "now?")
    assert system(fake) == "You are a parrot."
    assert changes(page) == ["From here on: 🦜 Pirate, as it was edited"]
    assert "use_new_persona" not in [button.key for button in page.button]


def test_a_deleted_persona_goes_on_in_its_chats(page, fake):
    page = send(choose(page), "hello")
    store = service.hearth().store
    store.personas.delete(1, store.personas.of(1)[0].id)
    page = send(page.run(), "still there?")
    assert system(fake).startswith("You are a pirate")
    assert page.selectbox(key="persona").value == f"{LABEL} (deleted)"
    assert avatars(page) == ["🦜", "🦜"]


def test_the_model_of_a_persona_is_picked_with_it(open_page, fake):
    fake.models = [fake_model("a:1b"), fake_model("b:2b")]
    open_page()
    keep(PIRATE.model_copy(update={"model": "b:2b"}))
    page = choose(open_page())
    send(page, "hello")
    assert fake.requests[-1]["model"] == "b:2b"


def test_a_model_that_is_not_installed_is_a_word_and_the_picked_one_answers(open_page, fake):
    open_page()
    keep(PIRATE.model_copy(update={"model": "gone:7b"}))
    page = choose(open_page())
    assert "which is not installed" in page.info[0].value
    send(page, "hello")
    assert fake.requests[-1]["model"] == "llama3.2:3b"


def test_a_prompt_of_100_kb_is_refused_before_sending(open_page, fake):
    open_page()
    keep(PIRATE.model_copy(update={"system": "x" * 100_000}))
    page = choose(open_page())
    assert "The system prompt of Pirate takes about 25" in page.warning[0].value
    page = send(page, "hello")
    assert "The system prompt of Pirate" in errors(page)[0]
    assert [code.value for code in page.code] == ["hello"]
    assert fake.requests == []
    assert service.hearth().store.sessions(1) == []


def test_two_personas_of_one_name_are_told_apart(page, fake):
    keep(PIRATE.model_copy(update={"system": "You are the second."}))
    page = send(choose(page.run(), f"{LABEL} (2)"), "hello")
    assert system(fake) == "You are the second."


def test_a_hostile_name_and_starter_are_text(open_page):
    open_page()
    hostile = "![x](http://evil.example) **b**"
    keep(Persona(name=hostile, starters=(hostile,)))
    page = choose(open_page(), f"🎭 {hostile}")
    assert "](" not in page.button(key="starter_0").label
    assert not any("![x](" in element.value for element in page.markdown)


def test_the_version_that_a_reply_saw_is_shown(page, fake):
    page = send(choose(page), "hello")
    reply = service.hearth().store.messages(1, session_of(page))[-1]
    page = page.menu_button(key=f"message_menu_{reply.id}").click("What the model saw").run()
    [shown] = [code for code in page.code if code.language == "json"]
    assert "You are a pirate called Jack" in shown.value
