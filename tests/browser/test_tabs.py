"""Two tabs on one server: what happens in one is seen in the other without a click there."""

from playwright.sync_api import expect

from tests.browser.actions import chats, in_address, messages, ready, reply, replying, send
from tests.browser.server import App
from tests.browser.test_next import marked
from tests.fake_ollama import PAUSE

POST = """asked => {
    const headers = {"content-type": "application/json"};
    fetch("api/chat", {method: "POST", headers, body: JSON.stringify(asked)});
}"""


def first_turn(app, page):
    page.goto(app.url)
    send(page, "one")
    reply(page, "You said: one")
    in_address(page)


def test_an_idle_tab_follows_a_reply_begun_in_another(app, fake, page, new_page):
    first_turn(app, page)
    second = new_page()
    second.goto(page.url)
    reply(second, "You said: one")
    fake.reply("first words ", PAUSE, "last words")
    send(page, "two")
    for tab in (page, second):
        reply(tab, "first words")
    fake.release()
    for tab in (page, second):
        reply(tab, "first words last words")
        expect(messages(tab)).to_have_count(4)


def test_an_empty_tab_lists_a_chat_begun_in_another(app, page, new_page):
    second = new_page()
    second.goto(app.url)
    ready(second)
    expect(chats(second)).to_have_count(0)
    first_turn(app, page)
    expect(chats(second)).to_have_text(["one"])
    expect(messages(second)).to_have_count(0)


def test_what_is_being_written_stays_when_another_tab_goes_on(app, page, new_page):
    first_turn(app, page)
    second = new_page()
    second.goto(page.url)
    reply(second, "You said: one")
    box = second.locator(".st-key-prompt textarea")
    box.fill("half a thought")
    send(page, "two")
    reply(second, "You said: two")
    expect(box).to_have_value("half a thought")


def test_continue_is_followed_in_another_tab_and_marked_in_a_third(app, fake, page, new_page):
    session = replying(app, fake, page, "first words ", "never")
    page.locator(".st-key-stop button").click()
    expect(page.locator(".st-key-stop")).to_have_count(0)
    second, third = new_page(), new_page()
    second.goto(page.url)
    reply(second, "first words")
    third.goto(app.url)
    expect(chats(third)).to_have_count(1)
    fake.reply("and more ", PAUSE, "to the end")
    page.get_by_role("button", name="Continue").click()
    for tab in (page, second):
        reply(tab, "first words and more")
    marked(third, session, "replying")
    fake.release()
    for tab in (page, second):
        reply(tab, "to the end")
    expect(messages(second)).to_have_count(2)


def test_another_browser_of_the_one_owner_sees_it_all(fake, tmp_path, browser, page):
    app = App(tmp_path, OLLAMA_HOST=fake.host, HEARTH_IDENTITY="single").start()
    try:
        first_turn(app, page)
        elsewhere = browser.new_context().new_page()
        elsewhere.goto(page.url)
        reply(elsewhere, "You said: one")
        fake.reply("first words ", PAUSE, "last words")
        send(page, "two")
        reply(elsewhere, "first words")
        fake.release()
        reply(elsewhere, "last words")
        expect(messages(elsewhere)).to_have_count(4)
        elsewhere.context.close()
    finally:
        app.stop()


def test_what_a_program_begins_is_followed_and_listed(app, fake, page, new_page):
    first_turn(app, page)
    second = new_page()
    second.goto(app.url)
    expect(chats(second)).to_have_text(["one"])
    fake.reply("first words ", PAUSE, "last words")
    session = in_address(page)
    second.evaluate(POST, {"session_id": session, "messages": [{"role": "user", "content": "two"}]})
    reply(page, "first words")
    marked(second, session, "replying")
    fake.release()
    reply(page, "last words")


def test_a_page_that_has_no_news_is_left_alone(app, page):
    sent = []
    page.on("websocket", lambda wire: wire.on("framesent", lambda frame: sent.append(frame)))
    first_turn(app, page)
    expect(messages(page).last).to_contain_text("tokens/s")
    asked = len(sent)
    for _ in range(3):
        with page.expect_response("**/news?session=*"):
            pass
    assert len(sent) == asked


def test_a_prompt_on_its_way_is_no_news_to_its_own_page(app, fake, page):
    """That its run has begun is told late: until then the page looks idle, and is not."""
    sent = []
    page.on("websocket", lambda wire: wire.on("framesent", lambda frame: sent.append(frame)))
    first_turn(app, page)
    expect(messages(page).last).to_contain_text("tokens/s")
    asked = len(sent)
    with page.expect_response("**/news?session=*"):  # two seconds until it asks by itself
        pass
    fake.reply("first ", PAUSE, "last")
    send(page, "more")
    for _ in range(50):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(10)
    fake.release()
    reply(page, "first last")
    assert len(sent) == asked + 1
