"""What may come between a person and a reply, in a real browser: none of it loses a word."""

import random
import signal

import pytest
from playwright.sync_api import expect

from chatcore.store import open_store
from tests.browser.actions import in_address, message_menu, messages, reply, replying, send
from tests.fake_ollama import PAUSE, Thinking

WORDS = [f"word{n}" for n in range(20)]


@pytest.fixture
def wires(page):
    """The page's connections to the app, each of which can be cut."""
    wires = []

    def connect(wire):
        wire.connect_to_server()
        wires.append(wire)

    page.route_web_socket("**/_stcore/stream", connect)
    return wires


def test_a_reload_at_any_moment_shows_the_reply_from_its_first_word(app, fake, page):
    fake.reply(*[step for word in WORDS for step in (f"{word} ", PAUSE)], "the end")
    page.goto(app.url)
    send(page, "hello")
    for n in range(len(WORDS)):
        reply(page, " ".join(WORDS[: n + 1]))
        page.reload()
        reply(page, " ".join(WORDS[: n + 1]))
        fake.release()
    reply(page, " ".join([*WORDS, "the end"]))
    expect(messages(page).last).to_contain_text("tokens/s")
    assert len(fake.requests) == 1


def test_a_closed_tab_misses_nothing(app, fake, page, new_page):
    replying(app, fake, page, "first words ", "more words ", PAUSE, "last words")
    address = page.url
    page.close()
    fake.release()
    again = new_page()
    again.goto(address)
    reply(again, "first words more words")
    again.close()
    fake.release()
    fake.wait_until_idle()
    last = new_page()
    last.goto(address)
    expect(messages(last).last).to_contain_text("first words more words last words")
    assert len(fake.requests) == 1


def test_a_lost_connection_is_made_again_and_shows_the_whole_reply(app, fake, page, wires):
    replying(app, fake, page, "first words ", "more words ", PAUSE, "last words")
    for n, text in enumerate(("first words more words", "first words more words last words")):
        page.context.set_offline(True)
        wires[n].close()
        fake.release()
        page.context.set_offline(False)
        reply(page, text)
    expect(messages(page)).to_have_count(2)
    assert (len(wires), len(fake.requests)) == (3, 1)


def test_a_reply_that_ended_while_offline_is_whole_afterwards(app, fake, page, wires):
    replying(app, fake, page, "first words ", "last words")
    page.context.set_offline(True)
    wires[-1].close()
    fake.release()
    fake.wait_until_idle()
    page.context.set_offline(False)
    reply(page, "first words last words")
    expect(messages(page).last).to_contain_text("tokens/s")


class NeverLoaded(set):
    def __contains__(self, model):
        return False


@pytest.mark.parametrize(
    ("phase", "steps", "kept"),
    [
        ("loading the model", [PAUSE], ("", "")),
        ("reading the prompt", [PAUSE], ("", "")),
        ("thinking", [Thinking("a thought"), PAUSE], ("a thought", "")),
        ("writing", [Thinking("a thought"), "half ", PAUSE], ("a thought", "half ")),
    ],
)
def test_stop_in_each_phase_keeps_what_is_there(app, fake, page, phase, steps, kept):
    if phase == "loading the model":
        fake.loaded = NeverLoaded()
    fake.reply(*steps, "never")
    page.goto(app.url)
    send(page, "hello")
    reply(page, phase)
    page.locator(".st-key-stop button").click()
    fake.wait_until_idle()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    chat = page.request.get(f"{app.url}/sessions/{in_address(page)}/download?format=json").json()
    last = chat["messages"][-1]
    assert (last["state"], last["thinking"], last["content"]) == ("stopped", *kept)
    for part in filter(None, kept):
        expect(messages(page).last.get_by_text(part.strip(), exact=True)).to_have_count(1)
    assert len(fake.disconnects) == 1


def test_stop_in_the_line_leaves_the_others_alone(app, fake, page):
    page.goto(app.url)
    for _ in range(2):
        fake.reply("slow ", PAUSE, "end")
        send(page, "hello")
        reply(page, "slow")
        page.locator(".st-key-new_chat button").click()
        expect(messages(page)).to_have_count(0)
    send(page, "third")
    reply(page, "next in line")
    page.locator(".st-key-stop button").click()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    assert (len(fake.requests), fake.running, fake.disconnects) == (2, 2, [])


def test_stop_in_one_tab_ends_the_reply_in_the_other(app, fake, page, new_page):
    replying(app, fake, page, "half ")
    other = new_page()
    other.goto(page.url)
    reply(other, "half")
    other.locator(".st-key-stop button").click()
    for tab in (page, other):
        expect(tab.get_by_role("button", name="Continue")).to_be_visible()
        reply(tab, "half")


def test_the_branch_that_was_chosen_is_there_after_a_reload(app, page):
    page.goto(app.url)
    for prompt in ("one", "two"):
        send(page, prompt)
        reply(page, f"You said: {prompt}")
    message_menu(page, 0, "Edit")
    box = page.locator("[class*='st-key-edit_'] textarea")
    box.fill("uno")
    box.press("Control+Enter")
    reply(page, "You said: uno")
    send(page, "due")
    reply(page, "You said: due")
    for button, last in (("Previous version", "two"), ("Next version", "due")):
        page.reload()
        expect(messages(page)).to_have_count(4)
        page.get_by_role("button", name=button).click()
        reply(page, f"You said: {last}")
        page.reload()
        reply(page, f"You said: {last}")


def test_a_chat_of_500_messages_opens_and_answers(app, page):
    app.stop()
    session_id = chat_of(250, app.folder / "hearth.db")
    app.environ["HEARTH_IDENTITY"] = "single"  # the chat is nobody's browser's
    app.start()
    page.goto(f"{app.url}/?session={session_id}")
    expect(messages(page).last).to_contain_text("This is reply 249.")
    expect(messages(page).last).to_be_in_viewport()
    send(page, "one more")
    expect(messages(page).last).to_contain_text("You said: one more")
    expect(messages(page).last).to_be_in_viewport()


def chat_of(turns, database):
    """A chat that is that long; returns its id."""
    store = open_store(database)
    owner, session_id = store.owner("local"), None
    for n in range(turns):
        turn = store.begin_turn(owner, session_id, f"prompt {n}", "llama3.2:3b")
        store.finish_reply(owner, turn.reply.id, "done", f"This is reply {n}.")
        session_id = turn.session.id
    store.close()
    return session_id


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_hearth_keeps_every_word(app, fake, page, by):
    replying(app, fake, page, "every word ")
    app.stop(by)
    fake.wait_until_idle()
    app.start()
    expect(messages(page).last).to_contain_text("Hearth was stopped during this reply")
    expect(messages(page).last).to_contain_text("every word")


def test_an_open_page_gets_over_kills_by_itself(app, fake, page):
    page.goto(app.url)
    moments = random.Random(1)
    for n in range(3):
        fake.reply(f"half of reply {n} ", PAUSE)
        send(page, f"prompt {n}")
        reply(page, f"half of reply {n}")
        page.locator(".st-key-prompt textarea").fill("typed before the kill")
        app.wait_for_draft(f"half of reply {n} ")
        page.wait_for_timeout(moments.randrange(500))
        app.kill()
        app.start()
        reply(page, "Hearth was stopped during this reply")
        reply(page, f"half of reply {n}")
        expect(messages(page)).to_have_count(2 * n + 2)
        expect(page.locator(".st-key-prompt textarea")).to_have_value("typed before the kill")
    page.get_by_role("button", name="Continue").click()
    reply(page, "half of reply 2 You said: prompt 2")
