"""Personas on the page: picked for a chat, marked in it, made, edited, tried and taken along."""

import json

import pytest
from streamlit.runtime.media_file_storage import MediaFileKind
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from chatcore import service
from chatcore.options import Options
from chatcore.personas import Field, Persona, exchange
from chatcore.personas.builtin import BUILT_IN
from tests.fake_ollama import Status, fake_model
from tests.pages.components import wish
from tests.pages.test_chat import errors, send, session_of, texts
from tests.pages.test_memory import opened
from tests.pages.test_options import number, told

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
    box = page.text_input(key="persona_field_:called")
    assert (box.label, box.placeholder) == ("What is it called?", "Jack")
    send(page.text_input(key="persona_field_:called").set_value("Anne").run(), "hello")
    assert "called Anne" in system(fake)


def test_a_value_that_looks_like_a_variable_stays_as_it_was_typed(page, fake):
    page = choose(page)
    page.text_input(key="persona_field_:called").set_value("{{weekday}}").run()
    send(page, "hello")
    assert "called {{weekday}}." in system(fake)


def test_the_fields_of_an_open_chat_are_changed_from_there_on(page, fake):
    page = send(choose(page), "hello")
    page.session_state["persona_fields"] = True
    page = page.run()
    page.text_input(key=f"persona_field_{session_of(page)}:called").set_value("Anne")
    page = page.button(key="save_fields").click().run()
    send(page, "more")
    assert "called Anne" in system(fake)


@pytest.mark.parametrize("begun", [True, False])
def test_what_differs_is_told_against_the_persona(page, begun):
    page = opened(send(choose(page), "hello") if begun else choose(page))
    assert number(page, "temperature").placeholder == "as the persona"
    page = number(page, "temperature").set_value(1.5).run()
    assert told(page) == []
    page = number(page, "top_k").set_value(3).run()
    assert told(page) == ["top\\_k 3"]
    page = choose(page, "No persona")
    assert told(page) == ["temperature 1\\.5 · top\\_k 3"]
    assert number(page, "temperature").placeholder == "as the model does"
    assert number(page, "temperature").value == 1.5


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


def test_a_change_is_marked_where_the_reply_before_is_not_on_the_page(open_page, fake):
    fake.models = [fake_model("a:1b"), fake_model("b:2b")]
    session_id = session_of(send(open_page(), "hello"))
    store = service.hearth().store
    for n in range(15):
        turn = store.begin_turn(1, session_id, str(n), "b:2b")
        store.memory.saw(1, turn.reply.id, store.messages(1, session_id)[1].seen)
        store.finish_reply(1, turn.reply.id, "done", "yes")
    page = open_page(session_id)
    assert len(page.chat_message) == 30
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


def test_one_of_hearths_own_that_an_update_changed_is_offered_anew(page, fake, monkeypatch):
    page = send(choose(page, "In a nutshell"), "hello")
    changed = BUILT_IN["brief"].model_copy(update={"system": "One word."})
    monkeypatch.setitem(BUILT_IN, "brief", changed)
    page = page.run()
    assert page.selectbox(key="persona").value == "In a nutshell"
    send(page.button(key="use_new_persona").click().run(), "more")
    assert system(fake) == "One word."


def test_a_persona_that_was_renamed_elsewhere_is_to_be_chosen_again(page, fake):
    page = send(page, "hello")
    kept = service.hearth().store.personas.of(1)[0]
    renamed = PIRATE.model_copy(update={"name": "Captain"})
    service.hearth().store.personas.edit(1, kept.id, renamed)
    page = choose(page)
    assert "choose it again" in errors(page)[0]
    assert page.selectbox(key="persona").value == "No persona"


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
    keep(PIRATE.model_copy(update={"system": "9" * 100_000}))
    page = choose(open_page())
    assert "The system prompt of Pirate takes about 100" in page.warning[0].value
    page = send(page, "hello")
    assert "The system prompt of Pirate" in errors(page)[0]
    assert [code.value for code in page.code] == ["hello"]
    assert fake.requests == []
    assert service.hearth().store.sessions(1) == []


def test_a_field_that_cannot_fit_is_refused_before_sending(open_page, fake, monkeypatch):
    monkeypatch.setenv("HEARTH_NUM_CTX", "512")
    open_page()
    keep()
    page = choose(open_page())
    page = page.text_input(key="persona_field_:called").set_value("Anne " * 390).run()
    assert "The system prompt of Pirate takes about" in page.warning[0].value
    page = send(page, "hello")
    assert "The system prompt of Pirate" in errors(page)[0]
    assert fake.requests == service.hearth().store.sessions(1) == []


def test_a_large_prompt_is_sent_in_the_window_that_the_new_chat_is_given(open_page, fake):
    open_page()
    keep(PIRATE.model_copy(update={"system": "word " * 10_000}))
    page = send(choose(open_page()), "hello")
    assert fake.requests == []
    page = opened(page)
    number(page, "num_ctx").set_value(32_768).run()
    page.button(key="send_again_0").click().run()
    assert system(fake).startswith("word word")


def test_a_reply_that_was_never_asked_for_marks_no_change(page, fake):
    page = send(choose(page), "hello")
    number(opened(page), "num_ctx").set_value(256).run()
    page = send(page, "long " * 1000)
    assert page.error
    assert (changes(page), avatars(page)) == ([], ["🦜", "🦜"])


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


@pytest.fixture
def personas(page):
    """The Personas page, with the pirate kept."""
    return page.switch_page("pages/personas.py").run()


def open_editor(page, which):
    page.query_params["persona"] = str(which)
    return page.run()


@pytest.fixture
def editor(personas):
    return open_editor(personas, kept()[0].id)


def kept():
    return service.hearth().store.personas.of(1)


def names():
    return [each.persona.name for each in kept()]


def shown(page):
    return "\n".join(element.value for element in (*page.markdown, *page.caption))


def captions(page):
    return "\n".join(caption.value for caption in page.caption)


def warnings(page):
    return [warning.value for warning in page.warning]


def name(page, text):
    return page.text_input(key="persona_edit_name").set_value(text).run()


def save(page):
    return page.button(key="persona_save").click().run()


def test_the_page_lists_ones_own_and_a_dozen_that_come_along(personas):
    links = [link.proto.label for link in personas.get("page_link")]
    assert "Pirate" in links
    own = [b for b in personas.button if (b.key or "").startswith("persona_built_in_")]
    assert len([b for b in own if b.label == "Duplicate"]) == 12


def test_a_persona_is_made(personas, fake):
    page = personas.button(key="persona_new").click().run()
    assert "It needs a name" in captions(page)
    page.text_input(key="persona_edit_name").set_value("Ada")
    page.text_input(key="persona_edit_avatar").set_value(":material/school:")
    page.text_area(key="persona_edit_system").set_value("You are Ada, on {{date}}.")
    page.text_area(key="persona_edit_starters").set_value("Hello!\n\nWho are you?")
    page.number_input(key="persona_edit_option_temperature").set_value(0.5)
    page.text_area(key="persona_edit_option_stop").set_value("END\nSTOP")
    page = save(page.run())
    assert kept()[0].persona == Persona(
        name="Ada",
        avatar=":material/school:",
        system="You are Ada, on {{date}}.",
        options=Options(temperature=0.5, stop=("END", "STOP")),
        starters=("Hello!", "Who are you?"),
    )
    assert page.query_params["persona"] == str(kept()[0].id)


def test_an_edit_is_another_version(editor):
    before = kept()[0]
    save(name(editor, "Captain"))
    [after] = kept()
    assert after.persona == PIRATE.model_copy(update={"name": "Captain"})
    assert (after.id, after.version > before.version) == (before.id, True)


def test_what_is_saved_unchanged_is_as_it_was(editor):
    before = kept()
    save(editor)
    assert kept() == before


def test_fields_of_its_own_are_added_and_removed(editor):
    page = editor.button(key="persona_add_field").click().run()
    page.text_input(key="persona_edit_row_1_name").set_value("ship")
    page = page.button(key="persona_edit_remove_0").click().run()
    save(page)
    assert kept()[0].persona.fields == (Field(name="ship"),)


def test_an_unknown_variable_is_a_clear_word(editor):
    page = editor.text_area(key="persona_edit_system").set_value("{{nmae}} {{called}}").run()
    [told] = warnings(page)
    assert told.replace("\\", "").startswith("{{nmae}} is no variable, and is sent as written.")


def test_all_that_is_no_variable_is_told_in_one_line(editor):
    system = "{{first name}} {{`*x*`}}" + "".join(f"{{{{my-{n}}}}}" for n in range(50))
    page = editor.text_area(key="persona_edit_system").set_value(system).run()
    [told] = warnings(page)
    assert told.startswith("\\{\\{first name\\}\\}, \\{\\{\\`\\*x\\*\\`\\}\\}, ")
    assert ", 47 more are no variables, and are sent as written." in told


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("avatar", "https://evil.example/x.png", "avatar: "),
        ("avatar", ":material/no_such_icon_at_all:", "avatar: "),
        ("system", "x" * 100_001, "system: "),
        ("option_temperature", 3.0, "temperature: "),
        ("row_0_name", "two words", "fields.0.name: "),
    ],
)
def test_what_cannot_be_is_told_by_its_field_and_not_saved(editor, key, value, told):
    [found] = [
        w
        for kind in (editor.text_input, editor.text_area, editor.number_input)
        for w in kind
        if w.key == f"persona_edit_{key}"
    ]
    page = save(found.set_value(value).run())
    assert errors(page)[0].replace("\\", "").startswith(told)
    assert kept()[0].persona == PIRATE


def test_a_prompt_that_cannot_fit_is_told_in_the_editor(editor):
    page = editor.text_area(key="persona_edit_system").set_value("9" * 100_000).run()
    assert "takes about 100" in warnings(page)[0]


def test_what_a_window_costs_and_how_large_it_can_be_is_told_in_the_editor(open_page, fake):
    fake.models = [fake_model("a:1b"), fake_model("b:2b", context_length=20_000)]
    page = open_editor(open_page().switch_page("pages/personas.py").run(), "new")
    name(page, "Ada").selectbox(key="persona_edit_model").select("b:2b").run()
    page = page.number_input(key="persona_edit_option_num_ctx").set_value(2**22).run()
    told = captions(page).replace("\\", "")
    assert "at most 20,000, for which b:2b was trained. A change reloads the model" in told
    assert " of 20,000 tokens" in told


def test_edit_in_the_menu_leads_to_the_editor(personas):
    page = personas.menu_button(key=f"persona_menu_{kept()[0].id}").click("Edit").run()
    assert page.query_params["persona"] == str(kept()[0].id)
    assert page.text_input(key="persona_edit_name").value == "Pirate"


def test_a_persona_is_duplicated_and_opened(personas):
    page = personas.menu_button(key=f"persona_menu_{kept()[0].id}").click("Duplicate").run()
    assert names() == ["Pirate", "Pirate (copy)"]
    assert page.text_input(key="persona_edit_name").value == "Pirate (copy)"


def test_one_that_comes_along_is_duplicated_to_be_changed(personas):
    page = personas.button(key="persona_built_in_0_duplicate").click().run()
    assert names() == ["Pirate", "Tutor (copy)"]
    save(name(page, "My tutor"))
    assert names() == ["My tutor", "Pirate"]


def test_delete_can_be_undone(personas):
    page = personas.menu_button(key=f"persona_menu_{kept()[0].id}").click("Delete").run()
    assert kept() == []
    page.button(key="undo_delete_persona").click().run()
    assert names() == ["Pirate"]


def test_delete_in_the_editor_leads_back_to_the_list(editor):
    page = editor.button(key="persona_delete").click().run()
    assert "persona" not in page.query_params
    assert "Deleted" in captions(page)


def upload(page, *files):
    [uploader] = page.get("file_uploader")
    for file in files:
        uploader.upload(*file, "application/json")
    return page.run()


def address_of(page, data, name):
    """Of such a file for download: it is made of the content, and of what that page alone knows."""
    files = MemoryMediaFileStorage("/mock/media")
    kind, content = MediaFileKind.DOWNLOADABLE, data.encode()
    media_type = f"application/json; from={page.session_state['persona_secret']}"
    return files.get_url(files.load_and_get_id(content, media_type, kind, name))


def test_export_is_a_file_of_what_stands_in_the_editor(editor):
    [button] = name(editor, "Captain").get("download_button")
    written = exchange.write(PIRATE.model_copy(update={"name": "Captain"}))
    assert button.proto.url == address_of(editor, written, "captain.json")


def test_the_address_of_a_file_cannot_be_guessed_from_what_is_in_it(editor, open_page):
    other = open_editor(open_page().switch_page("pages/personas.py").run(), kept()[0].id)
    [here], [there] = (page.get("download_button") for page in (editor, other))
    assert here.proto.url != there.proto.url


def test_a_persona_is_imported_from_its_file(personas):
    upload(personas, ("pirate.json", exchange.write(PIRATE).encode()))
    assert [each.persona for each in kept()] == [PIRATE, PIRATE]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"options": {"temperature": 9}}, "options.temperature"),
        ({"avatar": "https://evil.example/x.png"}, "avatar"),
        ({"avatar": ":material/no_such_icon_at_all:"}, "avatar"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_bad_import_is_refused_with_the_name_of_the_field(personas, change, named):
    written = json.loads(exchange.write(PIRATE)) | change
    page = upload(personas, ("bad.json", json.dumps(written).encode()))
    told = errors(page)[0].replace("\\", "")
    assert told.startswith(f"bad.json was not imported: {named}: ")
    assert len(kept()) == 1


def test_each_file_that_is_refused_is_told_by_its_name(personas):
    page = upload(
        personas, ("a.json", b"{"), ("good.json", exchange.write(PIRATE).encode()), ("b.json", b"")
    )
    told = errors(page)[0].replace("\\", "")
    assert "a.json was not imported" in told
    assert "b.json was not imported" in told
    assert len(kept()) == 2


@pytest.fixture
def full_disk(personas):
    """Nothing as large as this fits any more."""
    sql = "pragma max_page_count = 1"
    service.hearth().store._writer.call(lambda db: db.execute(sql).fetchone())
    return PIRATE.model_copy(update={"system": "x" * 50_000})


def test_an_import_onto_a_full_disk_is_told_on_the_page(personas, full_disk):
    page = upload(personas, ("large.json", exchange.write(full_disk).encode()))
    assert errors(page)[0].replace("\\", "").startswith("large.json was not imported: The disk")
    assert page.button(key="persona_new")


def test_what_cannot_be_saved_stays_in_the_editor_with_the_reason(editor, full_disk):
    page = save(editor.text_area(key="persona_edit_system").set_value(full_disk.system).run())
    assert any("The disk is full" in error for error in errors(page))
    assert page.text_area(key="persona_edit_system").value == full_disk.system


def test_the_list_leads_to_a_chat_with_one(personas):
    page = personas.button(key=f"persona_{kept()[0].id}_chat").click().run()
    assert page.selectbox(key="persona").value == LABEL
    assert page.button(key="starter_0")


def test_the_list_leads_to_a_chat_with_its_model(open_page, fake):
    fake.models = [fake_model("a:1b"), fake_model("b:2b")]
    page = open_page()
    pirate = keep(PIRATE.model_copy(update={"model": "b:2b"}))
    page = page.switch_page("pages/personas.py").run()
    page = page.button(key=f"persona_{pirate.id}_chat").click().run()
    send(page, "hello")
    fake.wait_for_request()  # AppTest stays on the Personas page, which follows no reply
    assert fake.requests[-1]["model"] == "b:2b"


def test_an_unknown_persona_in_the_address_is_a_quiet_word(personas):
    assert "There is no such persona here" in open_editor(personas, 999).info[0].value


def scratch(page, text):
    return page.chat_input(key="scratch_prompt").set_value(text).run()


def test_the_scratch_chat_answers_as_the_editor_is_now(editor, fake):
    page = editor.text_area(key="persona_edit_system").set_value("You are {{called}}.").run()
    page = scratch(page, "hello")
    assert texts(page) == [("user", "hello"), ("assistant", "You said: hello.")]
    assert system(fake) == "You are Jack."
    assert fake.requests[-1]["options"]["temperature"] == 1.5
    page = scratch(page, "more")
    assert [m["content"] for m in fake.requests[-1]["messages"][1:]] == [
        "hello",
        "You said: hello.",
        "more",
    ]
    assert kept()[0].persona == PIRATE


def test_nothing_of_a_scratch_chat_is_kept(editor):
    store = service.hearth().store
    page = scratch(editor, "cormorant")
    assert store.sessions(1) == []
    assert store.records(1) == []
    assert store.search.find(1, "cormorant", 10) == []
    assert texts(page.button(key="scratch_start").click().run()) == []


def test_a_scratch_chat_that_fails_says_why(editor, fake):
    fake.reply(Status(500, "out of memory"))
    assert "out of memory" in errors(scratch(editor, "hello"))[0]


def test_a_prompt_of_100_kb_is_not_sent_in_the_scratch_chat_either(editor, fake):
    page = editor.text_area(key="persona_edit_system").set_value("x" * 100_000).run()
    page = scratch(page, "hello")
    assert "The system prompt of Pirate" in errors(page)[0]
    assert fake.requests == []


def test_a_persona_is_made_from_a_chat(page, fake):
    page = send(choose(page), "All about ships")
    memory = service.hearth().store.memory
    memory.choose_options(1, session_of(page), Options(num_ctx=4096))
    page = wish(page, "Make a persona from it", session_of(page))
    made = next(each.persona for each in kept() if each.persona != PIRATE)
    assert made == PIRATE.model_copy(
        update={
            "name": "All about ships",
            "model": "llama3.2:3b",
            "options": Options(temperature=1.5, num_ctx=4096),
        }
    )
