"""What is chosen of a chat's replies: kept with it, in each request, and nowhere else."""

import pytest

from chatcore.errors import SessionNotFound
from chatcore.memory import SEEDS, Memory, Target
from chatcore.options import Choice, Compact, Options
from chatcore.settings import Settings
from chatcore.types import Said
from tests.fake_ollama import fake_model
from tests.test_generations import PATIENCE, followed, start
from tests.test_memory import MODEL

ALL = Options(
    temperature=0.2,
    top_p=0.5,
    top_k=3,
    min_p=0.1,
    repeat_penalty=1.1,
    seed=7,
    num_ctx=1024,
    num_predict=100,
    stop=("\n\n", "END"),
    keep_alive="2h",
    think="off",
)


def asked(generations, owner, fake, options, prompt="hello"):
    """The request of the first reply of a chat."""
    generation = generations.start(owner, None, prompt, MODEL, choice=Choice(options))
    followed(generation)
    return fake.requests[-1]


def test_all_that_is_chosen_is_in_the_request(generations, ann, fake):
    fake.models = [fake_model(MODEL, capabilities=["completion", "thinking"])]
    body = asked(generations, ann, fake, ALL)
    assert body["options"] == ALL.wire()
    assert (body["think"], body["keep_alive"]) == (False, "2h")


def test_what_is_not_chosen_is_not_sent_but_for_window_and_seed(generations, ann, fake):
    body = asked(generations, ann, fake, Options())
    assert set(body["options"]) == {"num_ctx", "seed"}
    assert "keep_alive" not in body


@pytest.mark.parametrize(("chosen", "sent"), [("0", 0), ("-1", -1), ("90", 90), ("90s", "90s")])
def test_a_time_without_a_unit_is_sent_as_a_number(generations, ann, fake, chosen, sent):
    assert asked(generations, ann, fake, Options(keep_alive=chosen))["keep_alive"] == sent


def test_each_reply_has_a_seed_of_its_own_which_is_kept(generations, store, ann, fake):
    seeds = []
    for _ in range(3):
        seeds.append(asked(generations, ann, fake, Options())["options"]["seed"])
        session = store.sessions(ann)[0]
        assert store.messages(ann, session.id)[-1].seen.options["seed"] == seeds[-1]
    assert len(set(seeds)) == 3
    assert all(0 <= seed < SEEDS for seed in seeds)


def test_a_window_above_what_the_model_was_trained_for_is_not_sent(generations, ann, fake):
    fake.models = [fake_model(MODEL, context_length=2048)]
    assert asked(generations, ann, fake, Options(num_ctx=4096))["options"]["num_ctx"] == 2048


def test_a_longer_reply_leaves_less_room_for_the_chat(store, ann, tmp_path):
    memory = Memory(store, Settings(tmp_path / "x.db"))
    budgets = []
    for options in (Options(num_ctx=4096), Options(num_ctx=4096, num_predict=1500)):
        session = store.begin_turn(ann, None, "hello", MODEL, choice=Choice(options)).session
        budgets.append(memory.next(ann, session, Target(MODEL)).fit.budget)
    assert budgets == [4096 - 1024, 4096 - 1500]


def test_a_name_is_asked_for_in_the_window_of_the_chat_and_with_no_other_choice(
    generations, store, ann, fake
):
    asked(generations, ann, fake, ALL)
    fake.reply("A name")
    generations.name(ann, store.sessions(ann)[0].id).result(PATIENCE)
    assert set(fake.requests[-1]["options"]) == {"num_ctx", "num_predict"}
    assert fake.requests[-1]["options"]["num_ctx"] == 1024
    assert "keep_alive" not in fake.requests[-1]


def test_what_is_chosen_for_a_new_chat_is_kept_with_it(generations, store, ann, fake):
    chosen = generations.start(ann, None, "hello", MODEL, choice=Choice(ALL, Compact.ALWAYS))
    session = store.session(ann, chosen.turn.session.id)
    assert session.choice == Choice(ALL, Compact.ALWAYS)
    followed(chosen)
    followed(start(generations, ann, "more", session.id))
    assert fake.requests[-1]["options"] == ALL.wire()


def test_a_choice_takes_the_place_of_the_one_before(store, ann):
    session_id = store.begin_turn(ann, None, "hello", MODEL, choice=Choice(ALL)).session.id
    store.memory.choose_compact(ann, session_id, Compact.ALWAYS)
    store.memory.choose_options(ann, session_id, Options(top_k=1))
    session = store.session(ann, session_id)
    assert session.choice == Choice(Options(top_k=1), Compact.ALWAYS)


def test_a_fork_and_what_is_cleared_keep_what_was_chosen(store, ann):
    turn = store.begin_turn(ann, None, "hello", MODEL, choice=Choice(ALL, Compact.ALWAYS))
    store.finish_reply(ann, turn.reply.id, "done", "hi")
    fork = store.fork_session(ann, turn.reply.id)
    assert fork.choice == Choice(ALL, Compact.ALWAYS)
    store.posts.clear(ann, fork.id)
    cleared = store._read("select options from sessions where deleted_at is not null", [])
    assert cleared == store._read("select options from sessions where id = ?", [fork.id])


def test_a_session_of_a_program_chooses_nothing(store, ann):
    turn = store.posts.begin(ann, "made-by-a-program", [Said("user", "hello")], MODEL).turn
    assert turn.session.choice.options == Options()


def test_what_an_older_version_kept_is_read_and_what_cannot_be_sent_is_not(store, ann):
    turn = store.begin_turn(ann, None, "hello", MODEL)
    for kept, options in {
        '{"think": "on", "num_ctx": 4096, "compact": 1}': Options(think="on", num_ctx=4096),
        '{"think": "", "num_ctx": null}': Options(),
        '{"num_ctx": 4, "mirostat": 1, "top_k": 5}': Options(top_k=5),
    }.items():
        store._change(ann, turn.session.id, "options = ?", kept)
        assert store.session(ann, turn.session.id).choice.options == options


def test_nobody_chooses_for_the_chat_of_another(store, ann, bob):
    session_id = store.begin_turn(ann, None, "hello", MODEL).session.id
    with pytest.raises(SessionNotFound):
        store.memory.choose_options(bob, session_id, ALL)
    assert store.session(ann, session_id).choice.options == Options()
