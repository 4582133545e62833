"""Personas: what one is, what fills its prompt, how it is kept, and what of it the model sees."""

import json
import re
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.errors import PersonaNotFound, PersonaRefused, PromptTooLong
from chatcore.memory import Memory, Target
from chatcore.options import Compact, Options
from chatcore.personas import Field, Persona, exchange, parse, variables
from chatcore.personas.builtin import BUILT_IN
from chatcore.settings import Settings
from chatcore.types import InForce, Said
from tests.fake_ollama import PAUSE
from tests.test_generations import followed, last, start, until

MODEL = "llama3.2:3b"
PIRATE = Persona(
    name="Pirate",
    avatar="🏴‍☠️",
    system="You are a pirate called {{called}}. It is {{weekday}}.",
    options=Options(temperature=1.5),
    starters=("Ahoy!",),
    fields=(Field(name="called", question="What is it called?", default="Jack"),),
)
NOW = datetime(2026, 5, 3, 9, 7)
NAMES = st.sampled_from([*variables.GIVEN, "called", "other"])
TEXTS = st.lists(NAMES.map(lambda name: f"{{{{{name}}}}}") | st.text(max_size=5)).map("".join)


def test_there_are_a_dozen_that_know_all_their_variables():
    assert len(BUILT_IN) == 12
    assert len({persona.name for persona in BUILT_IN.values()}) == 12
    for persona in BUILT_IN.values():
        assert variables.unknown(persona.system, [field.name for field in persona.fields]) == []


@pytest.mark.parametrize("persona", [PIRATE, *BUILT_IN.values()], ids=lambda each: each.name)
def test_what_is_exported_is_imported_as_it_was(persona):
    assert exchange.read(exchange.write(persona).encode()) == persona


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"name": " "}, "name: "),
        ({"name": None}, "name: "),
        ({"name": "\u200b"}, "name: must hold something that can be seen"),
        ({"name": "\ud800x"}, "name: holds half of a character"),
        ({"avatar": "https://evil.example/x.png"}, "avatar: "),
        ({"avatar": "/etc/passwd"}, "avatar: "),
        ({"avatar": "\ud83e"}, "avatar: "),
        ({"system": "x" * 100_001}, "system: "),
        ({"system": "{{date}}" * 101}, "system: uses variables 101 times"),
        ({"options": {"temperature": 3}}, "options.temperature: "),
        ({"options": {"temprature": 1}}, "options.temprature: "),
        ({"starters": ["x"] * 9}, "starters: "),
        ({"starters": ["x", " \u200b"]}, "starters.1: must hold something that can be seen"),
        ({"starters": ["\udfff"]}, "starters.0: "),
        ({"fields": [{"name": "two words"}]}, "fields.0.name: "),
        ({"fields": [{"name": "date"}]}, "fields: date is there already"),
        ({"fields": [{"name": "a"}, {"name": "a"}]}, "fields: a is there already"),
        ({"systm": ""}, "systm: "),
        ({"hearth_persona": 2}, "hearth_persona: "),
        ({"hearth_persona": True}, "hearth_persona: "),
    ],
)
def test_a_bad_file_is_refused_with_the_name_of_its_field(changed, named):
    written = json.loads(exchange.write(PIRATE)) | changed
    with pytest.raises(PersonaRefused) as refused:
        exchange.read(json.dumps(written).encode())
    assert str(refused.value).startswith(named)


def test_one_with_many_variables_that_was_stored_before_they_were_limited_is_read(store, ann):
    persona = PIRATE.model_copy(update={"system": "{{date}}" * 101})
    kept = store.personas.create(ann, persona)
    assert [each.persona for each in store.personas.of(ann)] == [persona]
    assert store.personas.version(ann, kept.version).persona == persona


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"{}", b"[" * 100_000])
def test_a_file_that_is_no_persona_is_refused(data):
    with pytest.raises(PersonaRefused):
        exchange.read(data)


def test_a_file_has_a_name_of_letters_and_digits():
    assert exchange.file_name(parse({"name": "../Ada & Bob's"})) == "ada-bob-s.json"
    assert exchange.file_name(parse({"name": "海"})) == "persona.json"


def test_the_variables_are_filled_as_the_visitors_clock_has_it():
    text = "{{date}}|{{ time }}|{{weekday}}|{{locale}}|{{model}}|{{called}}|{{nobody}}"
    found = variables.values(text, NOW, "de-DE", MODEL, {"called": "Ada"})
    assert variables.fill(text, found) == (
        f"3 May 2026|09:07|Sunday|de-DE|{MODEL}|Ada|{{{{nobody}}}}"
    )


def test_only_the_variables_that_are_used_are_kept():
    assert variables.values("{{date}}", NOW, "de", MODEL, {"called": "x"}) == {"date": "3 May 2026"}


def test_an_unknown_variable_is_named():
    text = "{{date}} {{{ name }}} {{nmae}} {{nmae}}"
    assert variables.unknown(text, ["name"]) == ["{{nmae}}"]


@pytest.mark.parametrize("inner", ["first name", "my-var", "", " ", "x" * 41, "a}b", "a\nb", "`x`"])
def test_whatever_stands_in_the_braces_is_named_where_nothing_fills_it(inner):
    assert variables.unknown(f"I am {{{{{inner}}}}}.", ["first", "x"]) == [f"{{{{{inner}}}}}"]


@given(TEXTS, TEXTS)
def test_nothing_is_filled_inside_a_value(text, value):
    found = variables.values(text, NOW, value, value, {"called": value})
    expected, at = "", 0
    for variable in variables.VARIABLE.finditer(text):
        expected += text[at : variable.start()] + found.get(variable[1], variable[0])
        at = variable.end()
    assert variables.fill(text, found) == expected + text[at:]


@pytest.fixture
def pirate(store, ann):
    return store.personas.create(ann, PIRATE)


@pytest.fixture
def memory(store, tmp_path):
    return Memory(store, Settings(tmp_path / "x.db", num_ctx=512))


def test_an_edited_persona_is_another_version_and_the_old_one_stays(store, ann, pirate):
    parrot = store.personas.edit(ann, pirate.id, PIRATE.model_copy(update={"name": "Parrot"}))
    assert parrot.id == pirate.id
    assert store.personas.version(ann, pirate.version).persona == PIRATE
    assert [kept.persona.name for kept in store.personas.of(ann)] == ["Parrot"]


def test_what_is_saved_unchanged_is_no_other_version(store, ann, pirate):
    assert store.personas.edit(ann, pirate.id, PIRATE) == pirate


def test_a_deleted_persona_comes_back_and_its_versions_never_went(store, ann, pirate):
    store.personas.delete(ann, pirate.id)
    assert store.personas.of(ann) == []
    assert store.personas.version(ann, pirate.version).deleted
    with pytest.raises(PersonaNotFound):
        store.personas.edit(ann, pirate.id, PIRATE)
    store.personas.restore(ann, pirate.id)
    assert store.personas.of(ann) == [pirate]


def test_one_of_hearths_own_is_made_once_and_again_when_it_changed(store, ann):
    first = store.personas.built_in(ann, "tutor", BUILT_IN["tutor"])
    assert store.personas.built_in(ann, "tutor", BUILT_IN["tutor"]) == first
    later = store.personas.built_in(ann, "tutor", PIRATE)
    assert (later.id, later.version > first.version) == (first.id, True)
    assert store.personas.of(ann) == []
    with pytest.raises(PersonaNotFound):
        store.personas.delete(ann, first.id)


def test_a_persona_is_its_owners_alone(store, ann, bob, pirate):
    session = store.begin_turn(bob, None, "hello", MODEL).session
    for refused in (
        lambda: store.personas.version(bob, pirate.version),
        lambda: store.personas.edit(bob, pirate.id, PIRATE),
        lambda: store.personas.delete(bob, pirate.id),
        lambda: store.personas.use(bob, session.id, InForce(pirate.version)),
        lambda: store.begin_turn(bob, None, "hello", MODEL, in_force=InForce(pirate.version)),
        lambda: store.set_next(bob, session.id, "more", MODEL, (), InForce(pirate.version)),
    ):
        with pytest.raises(PersonaNotFound):
            refused()
    assert store.session(bob, session.id).persona is None


def test_a_chat_is_with_its_persona_and_so_is_its_fork(store, ann, pirate):
    in_force = InForce(pirate.version, {"called": "Ada"}, "Europe/Berlin", "de-DE")
    turn = store.begin_turn(ann, None, "hello", MODEL, in_force=in_force)
    assert turn.session.persona == in_force
    store.finish_reply(ann, turn.reply.id, "done", "hi")
    assert store.fork_session(ann, turn.reply.id).persona == in_force
    store.personas.use(ann, turn.session.id, None)
    assert store.session(ann, turn.session.id).persona is None


def test_a_prompt_that_waits_brings_the_place_that_it_was_sent_from(
    generations, store, ann, fake, pirate
):
    fake.reply("one ", PAUSE, "two")
    reply = began(generations, ann, pirate)
    until(lambda: reply.body)
    session_id = reply.turn.session.id
    moved = InForce(pirate.version, {}, "Europe/Berlin", "de-DE")
    generations.send(ann, session_id, "more", MODEL, in_force=moved)
    assert store.session(ann, session_id).persona == moved
    assert store.next_prompt(ann, session_id).body == "more"


def test_personas_go_with_their_owner(store, ann, bob, pirate):
    turn = store.begin_turn(ann, None, "hello", MODEL, in_force=InForce(pirate.version))
    store.finish_reply(ann, turn.reply.id, "done", "hi")
    bobs = store.begin_turn(bob, None, "hello", MODEL)
    store.finish_reply(bob, bobs.reply.id, "done", "hi")
    store.identities.pair(store.identities.invite(bob), "ann")
    assert store.personas.of(bob) == [pirate]
    assert store.session(bob, turn.session.id).persona.version == pirate.version
    store.belongings.erase(bob)
    assert store.personas.of(bob) == []
    with pytest.raises(PersonaNotFound):
        store.personas.version(bob, pirate.version)


def test_every_version_is_exported(store, ann, pirate):
    store.personas.edit(ann, pirate.id, PIRATE.model_copy(update={"model": MODEL}))
    store.personas.delete(ann, pirate.id)
    first, second = store.personas.export(ann)
    assert parse(first["persona"]) == PIRATE
    assert (second["deleted"], second["persona"]["model"]) == (True, MODEL)


def began(generations, owner, pirate, prompt="hello", **values):
    in_force = InForce(pirate.version, values, "Asia/Tokyo", "ja-JP")
    return generations.start(owner, None, prompt, MODEL, in_force=in_force)


def test_its_system_prompt_goes_first_with_its_options(generations, store, ann, fake, pirate):
    generation = began(generations, ann, pirate, called="Ada")
    followed(generation)
    system, prompt = fake.requests[-1]["messages"]
    assert system["role"] == "system"
    assert system["content"].startswith("You are a pirate called Ada. It is ")
    assert prompt["content"] == "hello"
    assert fake.requests[-1]["options"]["temperature"] == 1.5
    seen = last(store, generation).seen
    assert seen.persona == pirate.version
    assert set(seen.values) == {"called", "weekday"}


def test_a_field_that_was_left_empty_has_its_default(generations, ann, fake, pirate):
    followed(began(generations, ann, pirate))
    assert "called Jack" in fake.requests[-1]["messages"][0]["content"]


def test_the_request_is_made_again_exactly_though_persona_and_time_went_on(
    generations, memory, store, ann, fake, pirate
):
    generation = began(generations, ann, pirate, called="Ada")
    followed(generation)
    store.personas.edit(ann, pirate.id, PIRATE.model_copy(update={"system": "Say nothing."}))
    store.personas.delete(ann, pirate.id)
    reply = last(store, generation)
    assert memory.request(ann, reply, reply.seen).messages == fake.requests[-1]["messages"]
    later = replace(reply.seen, values=reply.seen.values | {"weekday": "Doomsday"})
    assert "It is Doomsday." in memory.request(ann, reply, later).messages[0]["content"]


def test_an_edited_or_deleted_persona_changes_no_chat(generations, store, ann, fake, pirate):
    generation = began(generations, ann, pirate)
    followed(generation)
    store.personas.edit(ann, pirate.id, PIRATE.model_copy(update={"system": "Say nothing."}))
    store.personas.delete(ann, pirate.id)
    followed(start(generations, ann, "and now?", generation.turn.session.id))
    assert fake.requests[-1]["messages"][0]["content"].startswith("You are a pirate")


def test_its_prompt_is_counted(memory, store, ann, pirate):
    turn = store.begin_turn(ann, None, "hello", MODEL)
    store.finish_reply(ann, turn.reply.id, "done", "hi")
    session = store.session(ann, turn.session.id)
    without = memory.next(ann, session, Target(MODEL))
    store.personas.use(ann, session.id, InForce(pirate.version))
    plan = memory.next(ann, store.session(ann, session.id), Target(MODEL))
    assert plan.seen.size.messages == without.seen.size.messages + 1
    assert plan.seen.size.words > without.seen.size.words + 5
    assert plan.fit.tokens > without.fit.tokens
    assert plan.seen.first == without.seen.first


@pytest.mark.parametrize(
    "system",
    ["then " * 20_000, "x" + " \t\r " * 24_000, "9" * 15_000],
    ids=["words", "blanks", "9"],
)
def test_a_prompt_that_cannot_fit_is_refused_before_it_is_sent(
    generations, store, ann, fake, system
):
    long = store.personas.create(ann, PIRATE.model_copy(update={"system": system}))
    generation = began(generations, ann, long)
    followed(generation)
    told = re.search(
        r"system prompt of Pirate takes about ([\d,]+) tokens", last(store, generation).error
    )
    assert int(told[1].replace(",", "")) >= 15_000
    assert fake.requests == []


def test_where_the_rest_is_too_long_the_persona_is_not_blamed(memory, store, ann, pirate):
    turn = store.begin_turn(ann, None, "x" * 10_000, MODEL, in_force=InForce(pirate.version))
    with pytest.raises(PromptTooLong, match="This prompt"):
        memory.of(ann, turn.session, turn.reply, Target(MODEL))


@pytest.mark.parametrize(
    ("times", "words", "blamed"), [(3, 396, "This prompt"), (40, 200, "The system prompt")]
)
def test_a_persona_is_blamed_for_what_is_most_its_own(memory, store, ann, times, words, blamed):
    """Each of the two would fit without the other."""
    persona = PIRATE.model_copy(update={"system": "You are a pirate. " * times})
    persona = store.personas.create(ann, persona)
    turn = store.begin_turn(ann, None, "word " * words, MODEL, in_force=InForce(persona.version))
    with pytest.raises(PromptTooLong, match=blamed):
        memory.of(ann, turn.session, turn.reply, Target(MODEL))


def test_persona_and_summary_are_one_message(memory, store, ann, pirate):
    turn = store.begin_turn(ann, None, "hello", MODEL, in_force=InForce(pirate.version))
    store.finish_reply(ann, turn.reply.id, "done", "hi")
    store.memory.choose_compact(ann, turn.session.id, Compact.ALWAYS)
    store.memory.summarise(ann, turn.reply.id, "They said hello.")
    turn = store.begin_turn(ann, turn.session.id, "more", MODEL)
    plan = memory.of(ann, turn.session, turn.reply, Target(MODEL))
    request = memory.request(ann, turn.reply, plan.seen)
    first, prompt = [message["content"] for message in request.messages]
    assert first.startswith("You are a pirate")
    assert first.endswith("They said hello.")
    assert prompt == "more"
    assert plan.seen.size.messages == 2


def test_a_persona_without_a_prompt_sends_none(generations, ann, store, fake):
    silent = store.personas.create(ann, Persona(name="Silent"))
    followed(began(generations, ann, silent))
    assert [message["role"] for message in fake.requests[-1]["messages"]] == ["user"]


def test_a_program_that_posts_into_a_chat_is_answered_by_its_persona(
    generations, store, ann, fake, pirate
):
    generation = began(generations, ann, pirate)
    followed(generation)
    turn = generations.post(ann, generation.turn.session.id, [Said("user", "and?")], MODEL)
    followed(generations.of(ann, turn.reply))
    assert "called Jack" in fake.requests[-1]["messages"][0]["content"]
