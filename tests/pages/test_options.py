"""The options of a chat: chosen in their panel, told on the chat, sent with its replies."""

import pytest

from chatcore import service
from chatcore.options import Choice, Compact, Options
from tests.fake_ollama import fake_model
from tests.pages.test_chat import errors, send, session_of
from tests.pages.test_memory import gauge, opened

NUMBERS = {
    "temperature": 0.25,
    "top_p": 0.5,
    "top_k": 3,
    "min_p": 0.1,
    "repeat_penalty": 1.1,
    "seed": 2**31 - 1,
    "num_ctx": 1024,
    "num_predict": 100,
}


def field(kind, page, name):
    [found] = [
        w for w in page.get(kind) if (w.key or "").endswith(f"_{name}") and "option_" in w.key
    ]
    return found


def number(page, name):
    return field("number_input", page, name)


def kept(page):
    return service.hearth().store.session(1, session_of(page)).choice.options


def told(page):
    return [c.value.split(": ", 1)[-1] for c in page.caption if ":material/tune:" in c.value]


def test_a_closed_panel_costs_nothing(open_page):
    page = send(open_page(), "hello")
    assert page.get("number_input") == []
    assert told(page) == []


def test_every_option_has_a_field_that_says_what_it_does(open_page):
    page = opened(open_page())
    for name in NUMBERS:
        assert number(page, name).value is None
        assert number(page, name).help.startswith(Options.model_fields[name].description)
    assert number(page, "temperature").help.endswith(" From 0 to 2.")
    assert (
        field("text_area", page, "stop").value
        == field("text_input", page, "keep_alive").value
        == ""
    )


def test_what_is_chosen_is_kept_told_and_sent(open_page, fake):
    page = opened(send(open_page(), "hello"))
    for name, value in NUMBERS.items():
        number(page, name).set_value(value).run()
    field("text_area", page, "stop").set_value("END\n\\n\\n\n\\\\n").run()
    field("text_input", page, "keep_alive").set_value(" 2h ").run()
    chosen = Options(**NUMBERS, stop=("END", "\n\n", "\\n"), keep_alive="2h")
    assert kept(page) == chosen
    [line] = told(page)
    assert line.startswith("temperature 0\\.25 · top\\_p 0\\.5 · top\\_k 3 · ")
    assert "seed 2147483647" in line
    assert "stop at 3 texts" in line
    send(page, "more")
    assert fake.requests[-1]["options"] == chosen.wire()
    again = opened(open_page(session_of(page)))
    assert number(again, "temperature").value == 0.25
    assert field("text_area", again, "stop").value == "END\n\\n\\n\n\\\\n"


def test_a_new_chat_keeps_what_was_chosen_before_it_began(open_page, fake):
    page = opened(open_page())
    number(page, "seed").set_value(7).run()
    page.selectbox(key="full_None").select("Sum up the oldest").run()
    assert told(page) == ["seed 7"]
    page = send(page, "hello")
    session = service.hearth().store.session(1, session_of(page))
    assert session.choice == Choice(Options(seed=7), Compact.ALWAYS)
    assert fake.requests[0]["options"]["seed"] == 7
    page.button(key="new_chat").click().run()
    assert told(page) == []


def test_an_emptied_field_is_as_it_was(open_page):
    page = opened(send(open_page(), "hello"))
    number(page, "top_k").set_value(3).run()
    number(page, "top_k").set_value(None).run()
    assert kept(page) == Options()
    assert told(page) == []


@pytest.mark.parametrize("begun", [True, False])
def test_reset_leaves_everything_as_it_is_again(open_page, begun):
    page = opened(send(open_page(), "hello") if begun else open_page())
    number(page, "temperature").set_value(0.2).run()
    page.button(key="reset_options").click().run()
    assert told(page) == []
    assert number(page, "temperature").value is None
    if begun:
        assert kept(page) == Options()


def test_a_value_that_cannot_be_sent_is_refused_by_name_and_not_kept(open_page):
    page = opened(send(open_page(), "hello"))
    number(page, "temperature").set_value(0.5).run()
    number(page, "temperature").set_value(3).run()
    assert errors(page) == ["temperature\\: Input should be less than or equal to 2\\."]
    field("text_input", page, "keep_alive").set_value("soon").run()
    assert kept(page) == Options(temperature=0.5)
    number(page, "temperature").set_value(1).run()
    assert errors(page)[0].startswith("keep\\_alive\\: ")
    assert kept(page) == Options(temperature=1)


def test_a_window_is_never_larger_than_the_model_was_trained_for(open_page, fake):
    fake.models = [fake_model("llama3.2:3b", context_length=20_000)]
    page = opened(send(open_page(), "hello"))
    assert any("at most 20\\,000" in caption.value for caption in page.caption)
    page = send(number(page, "num_ctx").set_value(30_000).run(), "more")
    assert fake.requests[-1]["options"]["num_ctx"] == 20_000
    assert gauge(page).endswith(" of 20,000 tokens")


def test_thinking_is_offered_where_the_model_can(open_page, fake):
    thinker = fake_model("qwen3:8b", capabilities=["completion", "thinking"])
    fake.models = [fake_model("llama3.2:3b"), thinker]
    page = opened(open_page())
    assert not [box for box in page.selectbox if box.label == "think"]
    page.selectbox(key="model").select("qwen3:8b").run()
    box = field("selectbox", page, "think")
    assert box.options == ["as the model does", "on", "off"]
    send(box.select("off").run(), "hello")
    assert fake.requests[0]["think"] is False


def test_two_tabs_change_each_their_own_option(open_page):
    page = opened(send(open_page(), "hello"))
    other = opened(open_page(session_of(page)))
    number(page, "seed").set_value(7).run()
    number(other, "top_k").set_value(3).run()
    assert kept(page) == Options(seed=7, top_k=3)


def test_a_hostile_text_is_shown_as_text(open_page):
    page = opened(send(open_page(), "hello"))
    field("text_area", page, "stop").set_value(":red[x]![a](//b)").run()
    assert told(page) == ['stop \\"\\:red\\[x\\]\\!\\[a\\]\\(\\/\\/b\\)\\"']
