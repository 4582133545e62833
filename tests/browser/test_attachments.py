"""Files from a person's disk and clipboard to the model and back, in a real browser."""

import base64

import pytest
from playwright.sync_api import expect

from tests import files
from tests.browser.actions import in_address, messages, ready, reply, send
from tests.fake_ollama import fake_model

# What a browser does when a person pastes a file, or drags it here and drops it.
CARRY = """(element, [data, name, event]) => {
    const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, {type: "image/png"}));
    const carried = event == "paste" ? {clipboardData: transfer} : {dataTransfer: transfer};
    const kind = event == "paste" ? ClipboardEvent : DragEvent;
    element.dispatchEvent(new kind(event, {...carried, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def sees(fake):
    fake.models = [fake_model("gemma3:4b", capabilities=["completion", "vision"])]


def attach(page, name, data, media_type="application/octet-stream"):
    """By the file chooser; returns when the file is with the server."""
    with page.expect_response("**/_stcore/upload_file/**"):
        page.locator(".st-key-prompt input[type=file]").set_input_files(
            {"name": name, "mimeType": media_type, "buffer": data}
        )


def chips(page):
    return page.locator("[class*='st-key-files_'] a")


def test_a_pdf_is_asked_about_and_there_after_a_reload(app, fake, page):
    fake.reply("It says hello.")
    page.goto(app.url)
    attach(page, "report [draft].pdf", files.pdf("hello from page one"), "application/pdf")
    send(page, "What does it say?")
    reply(page, "It says hello.")
    assert "hello from page one" in fake.requests[0]["messages"][0]["content"]
    in_address(page)
    page.reload()
    expect(chips(page)).to_contain_text("report [draft].pdf")
    with page.expect_download() as download:
        chips(page).click()
    assert download.value.suggested_filename == "report [draft].pdf"


def test_a_file_is_taken_back_before_it_is_sent(app, fake, page):
    page.goto(app.url)
    attach(page, "notes.txt", b"some notes")
    with page.expect_response("**/_stcore/upload_file/**") as taken_back:
        page.get_by_label("Remove notes.txt").click()
    assert (taken_back.value.request.method, taken_back.value.status) == ("DELETE", 204)
    send(page, "hello")
    reply(page, "You said: hello")
    assert "some notes" not in fake.requests[0]["messages"][0]["content"]


def test_a_text_file_opens_as_text_however_it_is_called(app, page):
    page.goto(app.url)
    attach(page, "page.html", b"<script>document.title = 'run'</script>", "text/html")
    send(page, "What is it?")
    with page.context.expect_page() as opened:
        chips(page).click()
    expect(opened.value.locator("body")).to_contain_text("<script>")
    assert opened.value.title() != "run"


def test_an_image_for_a_model_that_cannot_see_is_told_and_nothing_is_lost(app, fake, page):
    page.goto(app.url)
    attach(page, "cat.png", files.image(), "image/png")
    send(page, "What is in the picture?")
    expect(page.get_by_text("The model 'llama3.2:3b' cannot see images")).to_be_visible()
    expect(page.locator(".st-key-unsent_0")).to_contain_text("What is in the picture?")
    expect(page.locator(".st-key-unsent_0")).to_contain_text("cat.png")
    expect(messages(page)).to_have_count(0)
    assert fake.requests == []
    assert page.request.get(f"{app.url}/attachments/1").status == 404


def paste(page, data):
    page.locator(".st-key-prompt textarea").evaluate(CARRY, [data, "cat.png", "paste"])


def drop(page, data):
    page.locator(".st-key-prompt textarea").evaluate(CARRY, [data, "cat.png", "dragover"])
    expect(page.get_by_text("Drag and drop files here")).to_be_visible()
    target = page.locator(".st-key-prompt [role=presentation]").first
    target.evaluate(CARRY, [data, "cat.png", "drop"])


def choose(page, data):
    attach(page, "cat.png", base64.b64decode(data), "image/png")


@pytest.mark.parametrize("carry", [choose, paste, drop])
def test_an_image_for_a_model_that_cannot_see_is_told_before_it_is_sent(app, page, carry):
    page.goto(app.url)
    ready(page)
    word = page.get_by_text("llama3.2:3b cannot see images")
    expect(page.locator(".st-key-cannot_see")).to_be_hidden()
    carry(page, base64.b64encode(files.image()).decode())
    expect(word).to_be_visible()
    page.get_by_test_id("stFileChipDeleteBtn").get_by_role("button").click()
    expect(word).to_be_hidden()


@pytest.mark.parametrize("carry", [paste, drop])
def test_an_image_comes_by_paste_and_drop_and_is_shown(app, fake, page, sees, carry):
    page.goto(app.url)
    ready(page)
    data = base64.b64encode(files.image()).decode()
    with page.expect_response("**/_stcore/upload_file/**"):
        carry(page, data)
    send(page, "What is in the picture?")
    reply(page, "You said: What is in the picture?")
    assert fake.requests[0]["messages"][0]["images"] == [data]
    page.reload()
    picture = page.get_by_role("img", name="cat.png")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 40)
