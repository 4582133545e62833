"""The chat page: what it shows of the store, and what its controls do."""

import re
from concurrent.futures import wait

import pytest
from streamlit.runtime.scriptrunner import StopException, get_script_run_ctx
from streamlit.testing.v1 import AppTest

from chatcore import service
from chatcore.types import Said
from chatcore.ui import state, words
from tests.fake_ollama import PAUSE, Done, Drop, End, HalfLine, fake_model
from tests.pages.components import chats, wish
from tests.pages.conftest import FRAME

PATIENCE = 20.0  # seconds


def send(page, text):
    return page.chat_input(key="prompt").set_value(text).run()


def session_of(page):
    asked = page.query_params["session"]
    return asked if isinstance(asked, str) else asked[0]


def texts(page):
    return [
        (message.name, "".join(block.value for block in message.markdown))
        for message in page.chat_message
    ]


def errors(page):
    return [element.value for element in page.error]


def test_a_new_page_is_an_empty_chat(open_page):
    page = open_page()
    assert not page.exception
    assert page.chat_message == []
    assert "session" not in page.query_params


def test_a_prompt_is_answered_and_the_address_names_the_chat(open_page):
    page = send(open_page(), "hello")
    assert texts(page) == [("user", "hello"), ("assistant", "You said: hello.")]
    assert service.hearth().store.session(1, session_of(page)).title == "hello"


def test_the_address_reopens_the_chat(open_page):
    page = send(open_page(), "hello")
    assert texts(open_page(session_of(page))) == texts(page)


@pytest.mark.parametrize("prompt", ["  ", "\0\0", "\u200b\u2060\ufeff", "\u200e\n\0"])
def test_a_prompt_of_what_is_not_seen_is_not_sent(open_page, fake, prompt):
    page = send(open_page(), prompt)
    assert page.chat_message == []
    assert "session" not in page.query_params
    assert fake.requests == []


@pytest.mark.parametrize("prompt", ["  ", "\u200b\0"])
def test_a_prompt_is_not_changed_into_nothing(open_page, fake, prompt):
    page = send(open_page(), "hello")
    message = service.hearth().store.messages(1, session_of(page))[0]
    page.menu_button(key=f"message_menu_{message.id}").click("Edit").run()
    page.text_area(key=f"edit_{message.id}").set_value(prompt)
    page.button(key=f"send_edit_{message.id}").click().run()
    assert texts(open_page(session_of(page)))[0] == ("user", "hello")
    assert len(fake.requests) == 1


def test_a_conversation_goes_on_in_its_session(open_page, fake):
    page = send(send(open_page(), "one"), "two")
    assert len(page.chat_message) == 4
    assert [m["content"] for m in fake.requests[1]["messages"]] == ["one", "You said: one.", "two"]


def test_history_and_stream_are_cut_into_the_same_blocks(open_page, fake):
    text = "Text one. " * 50
    reply = f"# Title\n\n{text}\n\n- a\n\n- {text}\n\n```\ncode\n\n{text}\n```\n\nEnd."
    fake.reply(*reply)
    page = send(open_page(), "hello")
    live = [block.value for block in page.chat_message[1].markdown]
    again = [block.value for block in open_page(session_of(page)).chat_message[1].markdown]
    assert live == again
    assert len(live) == 4


def test_what_a_reply_cost_stands_under_it(open_page, fake):
    fake.reply("hi", Done(eval_count=7, prompt_eval_count=12))
    page = send(open_page(), "hello")
    assert "12 tokens in, 7 out" in cost(page)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("", "tokens unknown"),
        ('"eval_count": 7, ', "unknown tokens in, 7 out"),
        ('"prompt_eval_count": 12, ', "12 tokens in, unknown out"),
    ],
)
def test_a_figure_that_the_server_does_not_tell_is_unknown(open_page, fake, told, shown):
    last = f'{{{told}"done": true, "message": {{"role": "assistant", "content": ""}}}}\n'
    fake.reply("hi", HalfLine(last), End())
    page = send(open_page(), "hello")
    assert errors(page) == []
    assert re.fullmatch(
        rf"llama3\\\.2\\:3b · {shown} · speed unknown · first after [\d.]+ m?s", cost(page)
    )


def cost(page):
    """The line under the last reply."""
    return [line.value for line in page.caption if line.value.startswith("llama3")][-1]


def test_a_blank_prompt_is_nothing(open_page, fake):
    page = send(open_page(), "  \n ")
    assert page.chat_message == []
    assert fake.requests == []


def test_an_unknown_session_is_a_quiet_word_and_a_new_chat(open_page):
    page = open_page("nobody-knows-this")
    assert not page.exception
    assert "There is no such chat here" in page.info[0].value
    page = send(page, "hello")
    assert session_of(page) != "nobody-knows-this"
    assert len(page.info) == 0


def test_a_model_is_picked_where_the_address_names_no_chat(open_page, fake):
    fake.models = [fake_model("alpha:1b"), fake_model("beta:2b")]
    page = open_page("nobody-knows-this")
    page.selectbox(key="model").select("beta:2b").run()
    assert errors(page) == []
    send(page, "hello")
    assert fake.requests[0]["model"] == "beta:2b"


def test_new_chat_leaves_the_old_one_in_the_sidebar(open_page):
    page = send(open_page(), "hello")
    page.button(key="new_chat").click().run()
    assert page.chat_message == []
    assert "session" not in page.query_params
    assert len(service.hearth().store.sessions(1)) == 1


def test_the_prompt_goes_to_the_picked_model_and_the_chat_keeps_it(open_page, fake):
    fake.models = [fake_model("alpha:1b"), fake_model("beta:2b")]
    page = open_page()
    page.selectbox(key="model").select("beta:2b").run()
    page = send(page, "hello")
    assert fake.requests[0]["model"] == "beta:2b"
    page.selectbox(key="model").select("alpha:1b").run()
    assert open_page(session_of(page)).selectbox(key="model").value == "alpha:1b"


def test_a_new_chat_starts_with_the_model_last_used(open_page, fake):
    fake.models = [fake_model("alpha:1b"), fake_model("beta:2b")]
    page = open_page()
    page.selectbox(key="model").select("beta:2b").run()
    send(page, "hello")
    assert open_page().selectbox(key="model").value == "beta:2b"


def test_the_picker_tells_size_quantization_and_what_is_loaded(open_page, fake):
    fake.models = [fake_model("qwen3:8b", parameter_size="8.2B", size=5_200_000_000)]
    fake.loaded = {"qwen3:8b"}
    page = open_page()
    assert page.selectbox(key="model").options == ["qwen3:8b · 8.2B · Q4_K_M · 5.2 GB · loaded"]


def test_a_model_that_is_gone_is_still_named_for_its_chat(open_page, fake):
    page = send(open_page(), "hello")
    fake.models = [fake_model("other:1b")]
    service.hearth().host.look_again()
    page = open_page(session_of(page))
    assert page.selectbox(key="model").value == "llama3.2:3b"
    page = send(page, "again")
    assert "ollama pull llama3.2:3b" in errors(page)[0]
    assert texts(page)[2] == ("user", "again")


def test_a_chat_is_renamed_in_the_sidebar(open_page):
    page = send(open_page(), "hello")
    page = wish(page, "Rename", session_of(page), " Greetings ")
    assert service.hearth().store.session(1, session_of(page)).title == "Greetings"
    assert chats(page) == [(session_of(page), "Greetings")]
    assert not page.exception


def test_why_one_chat_got_no_name_is_told_though_another_got_one(open_page, fake):
    asked = [session_of(send(open_page(), text)) for text in ("one", "two")]
    page = open_page()
    fake.reply(PAUSE)
    fake.reply("Greetings")
    for n, session_id in enumerate(asked, 3):
        page = wish(page, "Name it with the model", session_id)
        fake.wait_for_request(n)
    fake.release()
    wait([errand for errand, _ in page.session_state["errands"]], PATIENCE)
    page.run()
    assert "The model found no name" in errors(page)[0]
    assert {title for _, title in chats(page)} == {"one", "Greetings"}


@pytest.mark.parametrize("name", ["  ", "\u200b "])
def test_an_empty_name_changes_nothing(open_page, name):
    page = send(open_page(), "hello")
    page = wish(page, "Rename", session_of(page), name)
    assert service.hearth().store.session(1, session_of(page)).title == "hello"


def test_delete_empties_the_page_and_undo_brings_it_back(open_page):
    page = send(open_page(), "hello")
    session_id = session_of(page)
    page = wish(page, "Delete", session_id)
    assert page.chat_message == []
    assert service.hearth().store.sessions(1) == []
    page.button(key="undo_delete").click().run()
    assert session_of(page) == session_id
    assert len(page.chat_message) == 2


def test_undo_brings_back_the_chat_whose_address_a_program_took(open_page):
    page = send(open_page(), "hello")
    session_id = session_of(page)
    page = wish(page, "Delete", session_id)
    store = service.hearth().store
    store.posts.create(1, session_id, "Of a program", "m")
    page.button(key="undo_delete").click().run()
    assert session_of(page) != session_id
    assert texts(page)[0] == ("user", "hello")
    assert store.session(1, session_id).title == "Of a program"


def test_a_server_that_breaks_off_leaves_the_text_and_the_reason(open_page, fake):
    fake.reply("some text", Drop())
    page = send(open_page(), "hello")
    assert texts(page)[1] == ("assistant", "some text")
    assert "broke off" in errors(page)[0]
    assert errors(open_page(session_of(page))) == errors(page)


def test_a_dead_ollama_host_is_told_and_the_prompt_is_kept(open_page, fake):
    fake.stop()
    page = open_page()
    assert words.sentence(fake.host) in page.warning[0].value
    page = send(page, "hello")
    assert texts(page)[0] == ("user", "hello")
    assert r"OLLAMA\_HOST names it" in errors(page)[0]


def test_a_full_disk_keeps_the_prompt_on_the_page(open_page):
    page = open_page()
    store = service.hearth().store
    store._writer.call(lambda db: db.execute("pragma max_page_count = 1").fetchone())
    page = send(page, "x" * 300_000)
    assert "The disk is full" in errors(page)[0]
    assert page.code[0].value == "x" * 300_000
    store._writer.call(lambda db: db.execute("pragma max_page_count = 1000000").fetchone())
    page.button(key="send_again_0").click().run()
    assert len(page.chat_message) == 2
    assert len(page.code) == 0


def test_a_reply_that_a_crash_cut_short_says_so(open_page):
    open_page()
    store = service.hearth().store
    turn = store.begin_turn(1, None, "hello", "m")
    store.save_draft(1, turn.reply.id, 1, "so far", "")
    store.recover()
    page = open_page(turn.session.id)
    assert texts(page)[1] == ("assistant", "so far")
    assert "Hearth was stopped" in page.warning[0].value


def test_a_reply_that_ends_as_the_page_opens_leaves_no_stop_button(open_page, monkeypatch):
    open_page()
    store, generations = service.hearth().store, service.hearth().generations
    turn = store.begin_turn(1, None, "hello", "m")
    of = generations.of

    def end_and_look(owner, message):
        store.finish_reply(owner, message.id, "done", "all of it")
        return of(owner, message)

    monkeypatch.setattr(generations, "of", end_and_look)
    page = open_page(turn.session.id)
    assert texts(page)[1] == ("assistant", "all of it")
    assert "stop" not in [button.key for button in page.button]


@pytest.mark.parametrize("key", ["new_chat", "look_again"])
def test_every_control_of_an_empty_page_works(open_page, key):
    page = open_page()
    page.button(key=key).click().run()
    assert not page.exception


def test_a_prompt_that_was_not_sent_stays_and_goes_to_its_own_chat(open_page):
    page = send(open_page(), "first")
    session_id = session_of(page)
    store = service.hearth().store
    store._writer.call(lambda db: db.execute("pragma max_page_count = 1").fetchone())
    page = send(page, "x" * 300_000)
    store._writer.call(lambda db: db.execute("pragma max_page_count = 1000000").fetchone())
    page = send(page, "third")
    assert page.code[0].value == "x" * 300_000
    page.button(key="new_chat").click().run()
    page.button(key="send_again_0").click().run()
    assert session_of(page) == session_id
    assert ("user", "x" * 300_000) in texts(page)
    assert len(page.code) == 0


def test_the_chats_model_is_the_stores_and_not_an_old_pages(open_page, fake):
    fake.models = [fake_model("alpha:1b"), fake_model("beta:2b")]
    page = send(open_page(), "one")
    service.hearth().store.choose_model(1, session_of(page), "beta:2b")
    send(page, "two")
    assert fake.requests[-1]["model"] == "beta:2b"


def test_a_time_zone_that_this_machine_does_not_know_is_no_error(environ):
    page = AppTest.from_file(FRAME, default_timeout=30)
    page.context["timezone"] = "Etc/Unknown"
    page.run()
    assert not page.exception
    assert len(send(page, "hello").chat_message) == 2


def test_a_history_that_cannot_be_read_is_told_in_a_sentence(open_page):
    page = send(open_page(), "hello")
    store = service.hearth().store
    store._writer.call(lambda db: db.execute("alter table messages rename to lost").close())
    page.run()
    assert not page.exception
    assert "could not be read" in errors(page)[0]


def test_a_prompt_typed_while_the_history_cannot_be_read_is_kept(open_page):
    page = send(open_page(), "hello")
    rename = service.hearth().store._writer.call
    rename(lambda db: db.execute("alter table sessions rename to lost").close())
    page = send(page, "precious")
    assert not page.exception
    rename(lambda db: db.execute("alter table lost rename to sessions").close())
    page.button(key="try_again").click().run()
    assert page.code[0].value == "precious"
    page.button(key="send_again_0").click().run()
    assert ("user", "precious") in texts(page)


def test_without_ollama_and_engine_the_page_says_what_to_do(open_page, monkeypatch, fake):
    monkeypatch.delenv("OLLAMA_HOST")
    monkeypatch.setenv("HEARTH_EMBEDDED", "off")
    monkeypatch.setattr("chatcore.host.LOCAL", fake.host)
    fake.stop()
    page = open_page()
    assert r"HEARTH\_EMBEDDED\=off" in page.warning[0].value
    page = send(page, "hello")
    assert texts(page)[0] == ("user", "hello")
    assert r"HEARTH\_EMBEDDED\=off" in errors(page)[0]


def test_a_page_closed_just_after_enter_has_sent_its_prompt(open_page, fake, monkeypatch):
    page = open_page()
    here = state.here

    def here_on_a_closed_page():
        monkeypatch.setattr(state, "here", here)
        stop_at_next_touch(get_script_run_ctx().session_state)
        return here()

    monkeypatch.setattr(state, "here", here_on_a_closed_page)
    send(page, "hello")
    assert fake.wait_for_request()["messages"][-1]["content"] == "hello"


def stop_at_next_touch(session_state):
    """End the run of the script as Streamlit does when the page is gone."""

    def stop():
        object.__setattr__(session_state, "_yield_callback", lambda: None)
        raise StopException

    # Its own __setattr__ would take this for a value to keep.
    object.__setattr__(session_state, "_yield_callback", stop)


def test_a_prompt_that_is_too_long_stays_on_the_page_with_the_reason(open_page):
    page = send(open_page(), "x" * 400_001)
    assert "A message takes" in errors(page)[0]
    assert page.code[0].value == "x" * 400_001
    assert service.hearth().store.sessions(1) == []


def test_what_a_program_posted_as_a_system_message_is_not_edited_into_a_prompt(open_page, environ):
    services = service.hearth()
    said = [Said("system", "be brief"), Said("user", "hello")]
    turn = services.generations.post(services.store.owner("local"), None, said, "llama3.2:3b")
    page = open_page(turn.session.id)
    system, prompt = turn.prompt.parent_id, turn.prompt.id
    assert "Edit" not in page.menu_button(key=f"message_menu_{system}").options
    assert "Edit" in page.menu_button(key=f"message_menu_{prompt}").options
