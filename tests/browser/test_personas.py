"""Personas in a real browser: picked, marked, made, tried, taken along and brought back."""

import json
import re

import pytest
from playwright.sync_api import expect

from chatcore.options import Options
from chatcore.personas import Field, Persona, exchange
from tests.browser.actions import chats, choose, in_address, messages, ready, reply, send
from tests.fake_ollama import PAUSE, fake_model

PIRATE = Persona(
    name="Pirate",
    avatar="🦜",
    system="You are a pirate called {{called}}. It is {{weekday}}.",
    starters=("Ahoy!",),
    fields=(Field(name="called", question="What is it called?", default="Jack"),),
)


def pick(page, name):
    box = page.locator(".st-key-persona input")
    box.click()
    box.fill(name)
    page.get_by_role("option", name=name).first.click()
    expect(box).to_have_value(re.compile(name))


def on_personas(page, app):
    page.goto(f"{app.url}/characters")
    expect(page.get_by_role("heading", name="Built in")).to_be_visible()


def upload(page, name, data):
    page.locator(".st-key-persona_import button").first.click()
    file = {"name": name, "mimeType": "application/json", "buffer": data}
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(file)


@pytest.fixture
def pirate(app, page):
    """The Personas page, with the pirate imported."""
    on_personas(page, app)
    upload(page, "pirate.json", exchange.write(PIRATE).encode())
    expect(page.get_by_role("link", name="Pirate")).to_be_visible()
    return page


def edit(page):
    page.get_by_role("link", name="Pirate").click()
    expect(page.get_by_role("heading", name="Edit persona")).to_be_visible()


def act(page, action):
    """An entry of the menu of the only persona."""
    page.locator("[class*='st-key-persona_menu_'] button").click()
    entry = page.get_by_role("menuitem", name=action)
    entry.or_(page.get_by_role("option", name=action)).click()


def begin_chat(page):
    """With the only persona of one's own."""
    expect(page.locator("[class*='st-key-persona_menu_']")).to_have_count(1)
    page.get_by_role("button", name="Chat", exact=True).first.click()
    ready(page)


def fill(page, key, text):
    page.locator(f".st-key-persona_edit_{key}").locator("input, textarea").fill(text)


def save(page, name):
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{name} is saved.")).to_be_visible()


def system(fake):
    first = fake.requests[-1]["messages"][0]
    return first["content"] if first["role"] == "system" else None


def test_a_persona_is_picked_by_keyboard_asked_and_comes_back_with_its_chat(app, fake, page):
    page.goto(app.url)
    ready(page)
    page.locator(".st-key-persona input").focus()
    page.keyboard.type("Translator")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    box = page.get_by_label("Into which language?")
    box.fill("Finnish")
    send(page, "hello")
    reply(page, "You said: hello")
    assert "into Finnish" in system(fake)
    in_address(page)
    page.reload()
    expect(page.locator(".st-key-persona input")).to_have_value("Translator")
    send(page, "more")
    reply(page, "You said: more")
    assert "into Finnish" in system(fake)


def test_a_starter_sends_itself(app, fake, page):
    page.goto(app.url)
    ready(page)
    pick(page, "Tutor")
    page.get_by_role("button", name="Explain the idea I find hardest.").click()
    reply(page, "You said: Explain the idea I find hardest.")
    assert system(fake).startswith("You are a patient tutor")
    avatar = messages(page).last.get_by_test_id("stChatMessageAvatarCustom")
    expect(avatar).to_have_text("school")  # as the font of icons is told to draw one
    page.reload()
    expect(avatar).to_have_text("school")


def test_a_change_in_mid_chat_is_marked_while_it_streams_and_after_a_reload(app, fake, page):
    page.goto(app.url)
    send(page, "hello")
    reply(page, "You said: hello")
    pick(page, "Tutor")
    fake.reply("One step ", PAUSE, "after another.")
    send(page, "more")
    reply(page, "One step")
    mark = page.get_by_text("From here on:")
    expect(mark).to_contain_text("Tutor")
    fake.release()
    reply(page, "after another.")
    expect(mark).to_have_count(1)
    page.reload()
    expect(mark).to_contain_text("Tutor")
    expect(mark).to_have_count(1)


def test_a_change_of_the_model_is_marked(app, fake, page):
    fake.models = [fake_model("a:1b"), fake_model("b:2b")]
    page.goto(app.url)
    send(page, "hello")
    reply(page, "You said: hello")
    before = fake.requests[-1]["model"]
    other = {"a:1b": "b:2b", "b:2b": "a:1b"}[before]
    page.locator(".st-key-model input").click()
    page.get_by_role("option", name=other).click()
    expect(page.get_by_placeholder(f"Message {other}")).to_be_visible()
    send(page, "more")
    reply(page, "You said: more")
    assert fake.requests[-1]["model"] == other
    mark = page.get_by_text("From here on:")
    expect(mark).to_have_text(f"From here on: {other}")
    page.reload()
    expect(mark).to_have_text(f"From here on: {other}")


def test_an_edited_persona_is_taken_into_a_chat_at_a_click(app, fake, pirate):
    page = pirate
    begin_chat(page)
    send(page, "hello")
    reply(page, "You said: hello")
    chat = page.url
    on_personas(page, app)
    edit(page)
    fill(page, "system", "You are a parrot.")
    save(page, "Pirate")
    page.goto(chat)
    send(page, "still?")
    reply(page, "You said: still?")
    assert system(fake).startswith("You are a pirate called Jack")
    page.get_by_role("button", name="Use the new version here").click()
    expect(page.get_by_role("button", name="Use the new version here")).to_have_count(0)
    send(page, "now?")
    reply(page, "You said: now?")
    assert system(fake) == "You are a parrot."


def test_a_persona_is_made_and_tried_before_it_is_saved(app, fake, page):
    on_personas(page, app)
    page.get_by_role("button", name="New persona").click()
    fill(page, "name", "Ada")
    fill(page, "system", "You are Ada. {{nmae}}")
    box = page.locator(".st-key-scratch_prompt textarea")
    box.fill("who are you?")
    box.press("Enter")
    expect(page.locator(".st-key-scratch")).to_contain_text("You said: who are you?")
    expect(page.get_by_text("{{nmae}} is no variable")).to_be_visible()
    assert system(fake) == "You are Ada. {{nmae}}"
    save(page, "Ada")
    expect(page).to_have_url(re.compile(r"persona=\d+$"))
    page.reload()
    expect(page.locator(".st-key-persona_edit_name input")).to_have_value("Ada")
    page.get_by_role("link", name="All personas").click()
    expect(page.get_by_role("link", name="Ada")).to_be_visible()
    expect(chats(page)).to_have_count(0)


def test_every_link_of_the_page_stays_in_its_address(app, pirate):
    page = pirate
    edit(page)
    expect(page).to_have_url(re.compile(r"/characters\?persona=\d+$"))
    page.get_by_role("link", name="Personas", exact=True).click()
    expect(page.get_by_role("heading", name="Built in")).to_be_visible()
    expect(page).to_have_url(f"{app.url}/characters")
    page.locator(".st-key-persona_built_in_0_duplicate button").click()
    expect(page.locator(".st-key-persona_edit_name input")).to_have_value("Tutor (copy)")
    expect(page).to_have_url(re.compile(r"/characters\?persona=\d+$"))
    page.go_back()
    expect(page.get_by_role("heading", name="Built in")).to_be_visible()


def test_the_scratch_reply_goes_on_while_the_editor_is_used_and_can_be_stopped(app, fake, pirate):
    page = pirate
    edit(page)
    scratch = page.locator(".st-key-scratch")
    fake.reply("One ", PAUSE, "two ", PAUSE, "three")
    box = page.locator(".st-key-scratch_prompt textarea")
    box.fill("count")
    box.press("Enter")
    expect(scratch).to_contain_text("One")
    fill(page, "name", "Captain")
    page.locator(".st-key-persona_edit_name input").press("Enter")
    expect(page.get_by_role("button", name="Export")).to_be_visible()
    expect(scratch).to_contain_text("One")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Start over")).to_be_visible()
    expect(scratch).to_contain_text("One")
    assert fake.disconnects
    page.get_by_role("button", name="Start over").click()
    expect(scratch.locator("[data-testid=stChatMessage]")).to_have_count(0)
    expect(page.locator(".st-key-persona_edit_name input")).to_have_value("Captain")


def test_what_is_exported_can_be_imported_and_a_bad_file_says_which_field(app, pirate):
    page = pirate
    edit(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    written = download.value.path().read_bytes()
    assert download.value.suggested_filename == "pirate.json"
    assert exchange.read(written) == PIRATE
    on_personas(page, app)
    bad = json.loads(written) | {"options": {"temperature": 9}}
    upload(page, "bad.json", json.dumps(bad).encode())
    told = page.get_by_text("bad.json was not imported: options.temperature: ")
    expect(told).to_be_visible()
    expect(page.get_by_role("link", name="Pirate")).to_have_count(1)


def test_a_deleted_persona_goes_on_in_its_chat_and_comes_back(app, fake, pirate):
    page = pirate
    begin_chat(page)
    send(page, "hello")
    reply(page, "You said: hello")
    chat = page.url
    on_personas(page, app)
    act(page, "Delete")
    expect(page.get_by_role("link", name="Pirate")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Pirate")).to_be_visible()
    act(page, "Delete")
    expect(page.get_by_role("link", name="Pirate")).to_have_count(0)
    page.goto(chat)
    expect(page.locator(".st-key-persona input")).to_have_value("🦜 Pirate (deleted)")
    send(page, "still?")
    reply(page, "You said: still?")
    assert system(fake).startswith("You are a pirate")


def test_one_is_edited_duplicated_and_deleted_again(app, pirate):
    page = pirate
    act(page, "Edit")
    page.get_by_text("Options", exact=True).click()
    expect(page.get_by_text("A change reloads the model")).to_be_visible()
    fill(page, "option_temperature", "1.25")
    save(page, "Pirate")
    page.get_by_role("link", name="All personas").click()
    act(page, "Duplicate")
    expect(page.locator(".st-key-persona_edit_name input")).to_have_value("Pirate (copy)")
    page.get_by_text("Options", exact=True).click()
    kept = page.locator(".st-key-persona_edit_option_temperature input")
    expect(kept).to_have_value("1.25")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Pirate")).to_have_count(1)
    expect(page.get_by_text("Deleted “Pirate (copy)”")).to_be_visible()


def test_model_options_and_fields_of_a_persona_are_taken_and_changed_in_its_chat(app, fake, page):
    fake.models = [fake_model("a:1b"), fake_model("b:2b")]
    on_personas(page, app)
    brings = {"model": "b:2b", "options": Options(temperature=1.5, top_p=0.5)}
    upload(page, "p.json", exchange.write(PIRATE.model_copy(update=brings)).encode())
    begin_chat(page)
    expect(page.get_by_placeholder("Message b:2b")).to_be_visible()
    page.get_by_role("button", name="Options", exact=True).click()
    field = page.get_by_role("dialog", name="Options").get_by_label
    expect(field("temperature", exact=True)).to_have_attribute("placeholder", "as the persona")
    for option, value in (("temperature", "1.5"), ("top_k", "3")):
        field(option, exact=True).fill(value)
        field(option, exact=True).press("Tab")
    told = page.locator(".st-key-differing p").first
    expect(told).to_have_text(re.compile(r"top_k 3$"))
    expect(told).not_to_contain_text("temperature")
    page.keyboard.press("Escape")
    send(page, "hello")
    reply(page, "You said: hello")
    asked = fake.requests[-1]
    assert asked["model"] == "b:2b"
    assert asked["options"].items() >= {"temperature": 1.5, "top_p": 0.5, "top_k": 3}.items()
    page.get_by_role("button", name="Its fields").click()
    page.get_by_label("What is it called?").fill("Anne")
    page.get_by_role("button", name="Use from here on").click()
    expect(page.get_by_label("What is it called?")).to_have_count(0)
    send(page, "more")
    reply(page, "You said: more")
    assert "called Anne" in system(fake)


def test_a_prompt_of_100_kb_is_refused_before_it_is_sent(app, fake, page):
    on_personas(page, app)
    long = PIRATE.model_copy(update={"system": "x" * 100_000})
    upload(page, "long.json", exchange.write(long).encode())
    begin_chat(page)
    told = re.compile(r"The system prompt of Pirate takes about \d+,\d+")
    expect(page.get_by_text(told)).to_be_visible()
    send(page, "hello")
    expect(page.locator(".st-key-unsent_0")).to_contain_text("hello")
    assert fake.requests == []
    expect(chats(page)).to_have_count(0)


def test_a_persona_is_made_from_a_chat(app, page):
    page.goto(app.url)
    send(page, "All about ships")
    reply(page, "You said")
    choose(page, in_address(page), "Make a persona from it")
    expect(page.get_by_role("heading", name="Edit persona")).to_be_visible()
    expect(page.locator(".st-key-persona_edit_name input")).to_have_value("All about ships")
    expect(page.locator(".st-key-persona_edit_model input")).to_have_value("llama3.2:3b")


def test_a_hostile_persona_fetches_nothing(app, page, sink):
    image = f"![x]({sink.url}/leak.png)"
    hostile = Persona(
        name=image[:80], system=image, starters=(image,), fields=(Field(name="a", question=image),)
    )
    on_personas(page, app)
    upload(page, "hostile.json", exchange.write(hostile).encode())
    expect(page.locator("[class*='st-key-persona_menu_']")).to_have_count(1)
    page.get_by_role("button", name="Chat", exact=True).first.click()
    expect(page.locator(".st-key-starter_0")).to_be_visible()
    send(page, "hello")
    reply(page, "You said: hello")
    expect(messages(page)).to_have_count(2)
    assert sink.requests == []
