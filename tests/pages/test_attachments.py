"""Files in the composer and under a message, as the script of the page has them."""

import pytest

from chatcore import service
from tests import files
from tests.fake_ollama import fake_model
from tests.pages.test_chat import errors, send, session_of, texts


@pytest.fixture
def sees(fake):
    """The model at work takes images; another one does not."""
    fake.models = [
        fake_model("gemma3:4b", capabilities=["completion", "vision"]),
        fake_model("llama3.2:3b"),
    ]


def attach(page, *named):
    for name, data in named:
        page.chat_input(key="prompt").upload(name, data)
    return page


def links(page):
    return [(link.proto.label, link.proto.url) for link in page.get("link_button")]


def test_a_text_file_goes_to_the_model_and_stands_under_the_prompt(open_page, fake):
    page = send(attach(open_page(), ("notes.txt", b"some text" * 500)), "What is it?")
    assert "some text" in fake.requests[0]["messages"][0]["content"]
    assert texts(page)[0] == ("user", "What is it?")
    assert links(page) == [(r"notes\.txt · 4.5 kB · about 1,125 tokens", "attachments/1")]
    assert links(open_page(session_of(page))) == links(page)


def test_files_without_a_word_are_sent(open_page, fake, sees):
    page = attach(open_page(), ("cat.png", files.image())).run()
    assert len(fake.requests[0]["messages"][0]["images"]) == 1
    assert "[![cat\\.png](attachments/1)](attachments/1)" in texts(page)[0][1]
    assert service.hearth().store.session(1, session_of(page)).title == "cat.png"


def test_an_image_for_a_model_that_cannot_see_waits_until_another_is_picked(open_page, fake, sees):
    page = open_page()
    page.selectbox(key="model").select("llama3.2:3b").run()
    page = send(attach(page, ("cat.png", files.image())), "What is it?")
    assert "cannot see images" in errors(page)[0]
    assert service.hearth().store.sessions(1) == []
    assert page.code[0].value == "What is it?"
    page.selectbox(key="model").select("gemma3:4b").run()
    page.button(key="send_again_0").click().run()
    assert fake.requests[0]["messages"][0]["images"]
    assert len(page.code) == 0


def test_nothing_is_sent_while_a_file_cannot_be_read_and_the_rest_is_kept(open_page, fake):
    page = attach(open_page(), ("a.exe", b"\0"), ("b.txt", b"some text"))
    page = send(page, "What is it?")
    assert r"\"a\.exe\" is no text" in errors(page)[0]
    assert page.code[0].value == "What is it?"
    assert fake.requests == []
    page.button(key="send_again_0").click().run()
    assert "some text" in fake.requests[0]["messages"][0]["content"]


def test_a_file_alone_that_cannot_be_read_is_told_once(open_page):
    page = attach(open_page(), ("scan.pdf", files.pdf(""))).run()
    assert "holds no text" in errors(page)[0]
    assert errors(page.run()) == []


def test_a_full_disk_keeps_the_files_too(open_page, fake, monkeypatch):
    monkeypatch.setenv("HEARTH_NUM_CTX", "131072")
    page = open_page()
    store = service.hearth().store
    store._writer.call(lambda db: db.execute("pragma max_page_count = 1").fetchone())
    page = attach(page, ("notes.txt", b"some text" * 40_000)).run()
    assert "The disk is full" in errors(page)[0]
    assert any("notes" in caption.value for caption in page.caption)
    store._writer.call(lambda db: db.execute("pragma max_page_count = 1000000").fetchone())
    page.button(key="send_again_0").click().run()
    assert "some text" in fake.requests[0]["messages"][0]["content"]


def test_a_hostile_name_is_shown_as_it_is(open_page, sees):
    page = attach(open_page(), ("](http:x) :red[hi].png", files.image())).run()
    assert r"[![\]\(http\:x\) \:red\[hi\]\.png](attachments/1)]" in texts(page)[0][1]


def test_an_edited_prompt_keeps_its_files(open_page, fake):
    page = send(attach(open_page(), ("notes.txt", b"some text")), "What is it?")
    prompt = service.hearth().store.messages(1, session_of(page))[0]
    page.menu_button(key=f"message_menu_{prompt.id}").click("Edit").run()
    page.text_area(key=f"edit_{prompt.id}").set_value("Who is it?").run()
    page.button(key=f"send_edit_{prompt.id}").click().run()
    assert "some text" in fake.requests[-1]["messages"][0]["content"]
    assert len(links(page)) == 1


def test_a_prompt_of_files_alone_is_sent_again_when_edited(open_page, fake):
    page = attach(open_page(), ("notes.txt", b"some text")).run()
    prompt = service.hearth().store.messages(1, session_of(page))[0]
    page.menu_button(key=f"message_menu_{prompt.id}").click("Edit").run()
    page.button(key=f"send_edit_{prompt.id}").click().run()
    assert len(fake.requests) == 2
    assert "some text" in fake.requests[-1]["messages"][0]["content"]
