"""The gauge, the line, pins and what the model saw, held against the requests that were made."""

import json
import re
from concurrent.futures import wait

import pytest

from chatcore import service
from chatcore.options import Compact
from chatcore.personas import Field, Persona
from tests.fake_ollama import Done, fake_model
from tests.pages.test_chat import errors, send, session_of
from tests.test_generations import PATIENCE, until

WORDS = "words that fill the window of the model, turn after turn, until it is full. " * 3


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setenv("HEARTH_NUM_CTX", "512")


def talk(page, turns):
    for n in range(turns):
        page = send(page, f"{n}: {WORDS}")
    return page


def gauge(page):
    [told] = [c.value for c in page.caption if re.search(r"messages?, [\d,]+ of", c.value)]
    return told


def line(page):
    """The id of the message above which the line stands; None where there is none."""
    sheets = [element.proto.body for element in page.get("html")]
    found = [re.search(r"st-key-message_(\d+)::before{content", sheet) for sheet in sheets]
    return next((int(match[1]) for match in found if match), None)


def opened(page):
    """With its options on the page."""
    page.session_state["options"] = True
    return page.run()


def choose(page, n, entry):
    """An entry of the menu of the n-th message."""
    message = service.hearth().store.messages(1, session_of(page))[n]
    return page.menu_button(key=f"message_menu_{message.id}").click(entry).run()


def reply_of(page):
    return service.hearth().store.messages(1, session_of(page))[-1]


def noted(page):
    """Until it is known which model the last reply is from."""
    until(lambda: reply_of(page).seen.build.version)
    return page


def contents(request):
    return [message["content"] for message in request["messages"]]


def test_a_new_chat_has_no_gauge(open_page):
    assert not [c for c in open_page().caption if "tokens" in c.value]


def test_a_new_chat_with_a_persona_tells_what_that_takes(open_page, fake):
    page = open_page()
    page.selectbox(key="persona").select("Tutor").run()
    told = int(re.search(r"^2 messages, (\d+) of 8,192 tokens$", gauge(page))[1])
    send(page, "x")
    assert len(contents(fake.requests[-1])) == 2
    assert reply_of(page).seen.tokens == pytest.approx(told, rel=0.2)


@pytest.mark.parametrize("typed", ["", WORDS * 6], ids=["default", "typed"])
def test_a_new_chat_tells_what_the_fields_of_its_persona_take(open_page, fake, typed):
    open_page()
    about = Field(name="about", default=WORDS)
    bio = Persona(name="Bio", system="I am {{about}}", fields=(about,))
    service.hearth().store.personas.create(1, bio)
    page = open_page().selectbox(key="persona").select("🎭 Bio").run()
    page.text_input(key="persona_field_:about").set_value(typed).run()
    told = int(re.search(r"^2 messages, (\d+) of", gauge(page))[1])
    send(page, "x")
    assert (typed or WORDS).strip() in contents(fake.requests[-1])[0]
    assert reply_of(page).seen.tokens == pytest.approx(told, rel=0.1)


def test_the_gauge_tells_what_the_next_request_holds(open_page, fake):
    page = talk(open_page(), 2)
    assert gauge(page).startswith("5 messages, ")
    assert gauge(page).endswith(" of 8,192 tokens")
    send(page, "now?")
    assert len(contents(fake.requests[-1])) == 5


def test_before_sending_it_says_what_will_be_left_out_and_the_line_where(small, open_page, fake):
    page = talk(open_page(), 8)
    told = re.fullmatch(
        r":orange\[(\d+) messages, (\d+) of 512 tokens · (\d+) older messages will be left out,"
        r" above the line\]",
        gauge(page),
    )
    begins = service.hearth().store.message(1, line(page)).body
    send(page, "now?")
    sent = contents(fake.requests[-1])
    assert (len(sent), sent[0]) == (int(told[1]), begins)
    assert int(told[1]) + int(told[3]) == 17


def test_nothing_is_marked_while_everything_fits(open_page):
    assert line(talk(open_page(), 2)) is None


def test_a_nearly_full_window_turns_the_gauge_amber(small, open_page):
    page = send(open_page(), "hello")
    while "nearly full" not in gauge(page):
        assert line(page) is None
        page = send(page, "a few words more")
    assert gauge(page).startswith(":orange[")


def test_a_left_out_message_is_grey_and_never_sent(open_page, fake):
    page = choose(talk(open_page(), 2), 0, "Leave out: never send it")
    message = service.hearth().store.messages(1, session_of(page))[0]
    assert any(f"st-key-message_{message.id}{{opacity" in h.proto.body for h in page.get("html"))
    assert any("left out" in caption.value for caption in page.caption)
    page = send(page, "now?")
    assert message.body not in contents(fake.requests[-1])
    page = choose(page, 0, "Send it while there is room")
    send(page, "and now?")
    assert message.body in contents(fake.requests[-1])


def test_a_pinned_message_is_always_sent(small, open_page, fake):
    page = talk(open_page(), 8)
    first = service.hearth().store.messages(1, session_of(page))[0]
    page = send(choose(page, 0, "Pin: always send it"), "now?")
    assert contents(fake.requests[-1])[0] == first.body
    assert any("pinned" in caption.value for caption in page.caption)


def test_a_pinned_reply_whose_prompt_is_left_out_is_told_not_to_be_sent(open_page, fake):
    page = choose(talk(open_page(), 2), 1, "Pin: always send it")
    page = choose(page, 0, "Leave out: never send it")
    assert "1 pinned message not sent, as no prompt before is" in gauge(page)
    reply = service.hearth().store.messages(1, session_of(page))[1]
    send(page, "now?")
    assert reply.body not in contents(fake.requests[-1])


def test_the_gauge_says_for_what_it_is_an_estimate(open_page):
    page = talk(open_page(), 1)
    [helped] = [c.help for c in page.caption if re.search(r"messages?, [\d,]+ of", c.value)]
    assert "for a short prompt" in helped


def test_a_prompt_that_is_left_out_is_not_regenerated(open_page, fake):
    page = choose(talk(open_page(), 1), 0, "Leave out: never send it")
    page = choose(page, 1, "Regenerate")
    assert "and so is never sent" in errors(page)[0]
    assert len(fake.requests) == 1


def test_what_the_model_saw_is_the_request_as_it_was_sent(small, open_page, fake):
    page = noted(talk(open_page(), 8))
    page = choose(page, -1, "What the model saw")
    [shown] = [code for code in page.code if code.language == "json"]
    body = fake.requests[-1]
    assert json.loads(shown.value) == {key: body[key] for key in ("model", "messages", "options")}
    seen = reply_of(page).seen
    told = f"{len(body['messages'])} messages, about {seen.tokens:,} of 512 tokens"
    assert any(caption.value.startswith(told) for caption in page.caption)
    seed = body["options"]["seed"]
    digest = seen.build.digest[:12]
    told = f"llama3\\.2\\:3b · Q4\\_K\\_M · digest {digest} · server 0\\.12\\.6 · seed {seed}"
    assert told in [caption.value for caption in page.caption]
    page.button(key=f"close_seen_{reply_of(page).id}").click().run()
    assert not [code for code in page.code if code.language == "json"]


def test_a_reply_is_run_again_exactly_as_another_version(open_page, fake):
    page = choose(noted(talk(open_page(), 2)), -1, "Run again exactly")
    assert fake.requests[-1] == fake.requests[-2]
    assert "2 / 2" in [caption.value for caption in page.caption]


def test_why_a_reply_cannot_be_run_again_is_told(open_page, fake):
    page = noted(talk(open_page(), 1))
    fake.models = [fake_model("llama3.2:3b", digest="5" * 64)]
    page = choose(page, -1, "Run again exactly")
    assert "is no longer the model that wrote this reply" in errors(page)[0]
    assert len(fake.requests) == 1


def test_a_prompt_that_cannot_fit_says_what_to_do(small, open_page, fake):
    page = send(open_page(), WORDS * 20)
    assert "choose a larger num\\_ctx under Options" in errors(page)[0]
    assert fake.requests == []


def test_a_reply_that_was_cut_at_its_limit_goes_on(open_page, fake):
    fake.reply("one ", Done("length", eval_count=5, prompt_eval_count=9))
    page = send(open_page(), "count")
    fake.reply("two")
    page = page.button(key=f"continue_{reply_of(page).id}").click().run()
    assert contents(fake.requests[-1]) == ["count", "one "]
    assert reply_of(page).body == "one two"
    assert "Continue" not in [button.label for button in page.button]


def test_a_reply_that_filled_its_window_goes_on_in_a_larger_one(small, open_page, fake):
    fake.reply(f"{WORDS * 6}", Done("length", eval_count=312, prompt_eval_count=200))
    page = send(open_page(), WORDS * 4)
    page = page.button(key=f"continue_{reply_of(page).id}").click().run()
    assert "then press Continue" in errors(page)[0]
    assert len(fake.requests) == 1
    fake.reply("the end")
    opened(page).number_input(key=f"option_{session_of(page)}_0_num_ctx").set_value(2048).run()
    page = page.button(key=f"continue_{reply_of(page).id}").click().run()
    assert reply_of(page).body == WORDS * 6 + "the end"


def test_a_server_that_cut_the_chat_is_told_on_the_reply(open_page, fake):
    page = open_page()
    for n in range(6):
        fake.reply("yes", Done(prompt_eval_count=26 + 72 * n))
        page = send(page, WORDS)
    assert not page.warning
    fake.reply("yes", Done(prompt_eval_count=240))
    page = send(page, WORDS)
    assert "read only 240 of about 4" in page.warning[0].value


def test_pins_that_fill_the_window_are_told_before_sending(small, open_page):
    page = talk(open_page(), 8)
    store = service.hearth().store
    for message in store.messages(1, session_of(page)):
        store.memory.keep(1, message.id, "pinned")
    page.run()
    assert any("unpin messages" in caption.value for caption in page.caption)


def summed_up(page):
    """The same chat on, where the oldest are summed up."""
    opened(page).selectbox(key=f"full_{session_of(page)}").select("Sum up the oldest").run()
    assert "older messages or more will be summed up first" in gauge(page)
    return send(page, f"now? {WORDS}")


def test_the_oldest_are_summed_up_where_a_chat_is_set_so(small, open_page, fake):
    page = summed_up(talk(open_page(), 8))
    summary = service.hearth().store.memory.summary(1, reply_of(page).id)
    first, second, *_ = contents(fake.requests[-1])
    assert first.endswith(summary.body)
    assert service.hearth().store.message(1, line(page)).body == second
    assert f"{len(contents(fake.requests[-1])) + 2} messages" in gauge(page)
    [box] = [e for e in page.expander if e.label.startswith("Summary")]
    assert "Sum up the conversation above" in box.markdown[0].value


def test_a_chat_is_set_back_to_leave_out_its_oldest(small, open_page, fake):
    page = summed_up(talk(open_page(), 8))
    page.selectbox(key=f"full_{session_of(page)}").select("Leave out the oldest").run()
    assert "older messages will be left out, above the line" in gauge(page)
    assert not [e for e in page.expander if e.label.startswith("Summary")]
    asked = len(fake.requests)
    send(page, "and now?")
    assert len(fake.requests) == asked + 1
    assert contents(fake.requests[-1])[0].endswith(WORDS)


def test_what_a_summary_may_still_tell_of_what_is_left_out_is_told(small, open_page):
    page = choose(summed_up(talk(open_page(), 8)), 0, "Leave out: never send it")
    assert ["may still tell of it" in toast.value for toast in page.toast] == [True]
    assert not choose(page, -2, "Leave out: never send it").toast


def test_a_summary_is_corrected_on_the_page(small, open_page, fake):
    page = talk(open_page(), 8)
    fake.reply("It was about words.")
    page = summed_up(page)
    page.button(key="edit_summary").click().run()
    next(a for a in page.text_area if (a.key or "").startswith("summary_text")).set_value(
        "It was about fire."
    )
    page.button(key="save_summary").click().run()
    [box] = [e for e in page.expander if e.label.startswith("Summary")]
    assert box.markdown[0].value == "It was about fire."
    send(page, "and now?")
    assert contents(fake.requests[-1])[0].endswith("It was about fire.")


@pytest.mark.parametrize(("text", "why"), [("long " * 600, "shorten it"), (" ", "be empty")])
def test_a_correction_that_cannot_be_is_refused(small, open_page, fake, text, why):
    page = summed_up(talk(open_page(), 8))
    page.button(key="edit_summary").click().run()
    [area] = [a for a in page.text_area if (a.key or "").startswith("summary_text")]
    area.set_value(text)
    page.button(key="save_summary").click().run()
    assert why in errors(page)[0]
    assert [a for a in page.text_area if (a.key or "").startswith("summary_text")]


def test_a_correction_belongs_to_the_summary_that_it_was_begun_with(small, open_page, fake):
    page = summed_up(talk(open_page(), 8))
    page.button(key="edit_summary").click().run()
    store, owner = service.hearth().store, 1
    summary = store.memory.summary(owner, reply_of(page).id)
    newer = store.memory.summarise(owner, summary.message_id, "A newer one.")
    page.run()
    assert not [area for area in page.text_area if (area.key or "").startswith("summary_text")]
    assert store.memory.summary(owner, reply_of(page).id) == newer


def test_a_correction_can_be_cancelled(small, open_page, fake):
    page = talk(open_page(), 8)
    fake.reply("It was about words.")
    page = summed_up(page)
    page.button(key="edit_summary").click().run()
    page.button(key="cancel_summary").click().run()
    assert not [area for area in page.text_area if (area.key or "").startswith("summary_text")]
    assert page.button(key="edit_summary")


def ask_for_a_summary(page):
    opened(page).button(key="sum_up").click().run()
    if "errands" in page.session_state:  # it may be done by now
        wait([errand for errand, _ in page.session_state["errands"]], PATIENCE)
        page.run()
    return page


def test_a_chat_is_summed_up_when_asked_for_and_reads_that_from_then_on(open_page, fake):
    page = talk(open_page(), 3)
    fake.reply("It was about words.")
    page = ask_for_a_summary(page)
    [box] = [e for e in page.expander if e.label.startswith("Summary")]
    assert box.markdown[0].value == "It was about words."
    assert page.selectbox(key=f"full_{session_of(page)}").value is Compact.WHEN_ASKED
    send(page, "and now?")
    summary, prompt, _, last = contents(fake.requests[-1])
    assert (summary.endswith("It was about words."), prompt[:2], last) == (True, "2:", "and now?")


def test_why_no_summary_was_made_is_told(open_page, fake):
    page = ask_for_a_summary(talk(open_page(), 1))
    assert "nothing before the last prompt to sum up" in errors(page)[0]
    assert len(fake.requests) == 1
