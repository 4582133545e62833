"""Saved prompts: the contract, how they are joined and taken along, and the routes to them."""

import asyncio

import httpx
import pytest
from sqlite_utils import Database
from starlette.applications import Starlette

import app
from chatcore import service
from chatcore.errors import PromptNotFound, PromptRefused, StoreError
from chatcore.store.sqlite import SqliteStore, schema


def names(store, owner):
    return [prompt.name for prompt in store.prompts.of(owner)]


def test_a_saved_prompt_is_listed_by_name_with_its_beginning(store, ann, bob):
    store.prompts.save(ann, "review", "Review this:\n" + "x" * 1000)
    store.prompts.save(ann, "Ask", "Ask me.")
    assert names(store, ann) == ["Ask", "review"]
    assert store.prompts.of(ann)[1].begins == "Review this:\n" + "x" * 107
    assert names(store, bob) == []


def test_its_text_is_kept_whole(store, ann):
    text = "ü" * 99_999 + "\n"
    assert store.prompts.text(ann, store.prompts.save(ann, "long", text).id) == text


def test_a_changed_prompt_has_its_new_name_and_text(store, ann):
    saved = store.prompts.save(ann, "review", "Review this.")
    store.prompts.change(ann, saved.id, "Review", "Review that.")
    assert names(store, ann) == ["Review"]
    assert store.prompts.text(ann, saved.id) == "Review that."


def test_a_deleted_prompt_is_gone_and_its_name_free(store, ann):
    saved = store.prompts.save(ann, "review", "Review this.")
    store.prompts.delete(ann, saved.id)
    with pytest.raises(PromptNotFound):
        store.prompts.text(ann, saved.id)
    assert store.prompts.save(ann, "review", "Again.").id != saved.id


@pytest.mark.parametrize(
    "call",
    [
        lambda prompts, owner, n: prompts.text(owner, n),
        lambda prompts, owner, n: prompts.change(owner, n, "mine", "mine"),
        lambda prompts, owner, n: prompts.delete(owner, n),
    ],
)
def test_anothers_prompt_is_answered_as_one_that_is_not_there(store, ann, bob, call):
    saved = store.prompts.save(ann, "review", "Review this.")
    told = []
    for owner, n in ((bob, saved.id), (ann, saved.id + 1)):
        with pytest.raises(PromptNotFound) as error:
            call(store.prompts, owner, n)
        told.append(str(error.value))
    assert told[0] == told[1]
    assert store.prompts.text(ann, saved.id) == "Review this."


def test_a_name_is_one_prompts_of_an_owner_whatever_its_case(store, ann, bob):
    store.prompts.save(ann, "Größe", "one")
    other = store.prompts.save(ann, "other", "two")
    with pytest.raises(PromptRefused, match="already"):
        store.prompts.save(ann, "GRÖSSE", "three")
    with pytest.raises(PromptRefused, match="already"):
        store.prompts.change(ann, other.id, "gr\u006f\u0308ße", "three")
    store.prompts.save(bob, "größe", "mine")
    assert names(store, ann) == ["Größe", "other"]


@pytest.mark.parametrize("name", ["", "/", "two words", "a.b", "<b>", "x" * 41, "a\nb", "a\0b"])
def test_a_name_that_cannot_be_typed_is_refused(store, ann, name):
    with pytest.raises(PromptRefused, match="letters, digits"):
        store.prompts.save(ann, name, "text")


@pytest.mark.parametrize(("typed", "name"), [("/review", "review"), (" re-view_2 ", "re-view_2")])
def test_a_name_is_kept_without_what_stands_around_it(store, ann, typed, name):
    assert store.prompts.save(ann, typed, "text").name == name


@pytest.mark.parametrize("text", ["", " \n", "x" * 100_001])
def test_a_text_that_is_none_or_too_long_is_refused(store, ann, text):
    with pytest.raises(PromptRefused):
        store.prompts.save(ann, "name", text)


@pytest.mark.parametrize("name", ["review", "x" * 40])
def test_joined_owners_keep_both_prompts_of_a_name(store, ann, name):
    other = store.owner("browser:b")
    store.prompts.save(ann, name, "of Ann")
    store.prompts.save(other, name.upper(), "of the other")
    store.identities.pair(store.identities.invite(ann), "browser:b")
    renamed = f"{name.upper()[:38]}-2"
    kept = {p.name: store.prompts.text(ann, p.id) for p in store.prompts.of(ann)}
    assert kept == {name: "of Ann", renamed: "of the other"}


def test_a_renamed_prompt_takes_no_name_that_is_there(store, ann):
    other = store.owner("browser:b")
    for owner in (ann, other):
        store.prompts.save(owner, "review", "text")
        store.prompts.save(owner, "review-2", "text")
    store.identities.pair(store.identities.invite(ann), "browser:b")
    assert names(store, ann) == ["review", "review-2", "review-2-2", "review-3"]


def test_a_prompt_that_comes_after_its_owner_was_joined_is_refused(store, ann):
    other = store.owner("browser:b")
    store.prompts.save(other, "review", "text")
    store.identities.pair(store.identities.invite(ann), "browser:b")
    with pytest.raises(StoreError, match="joined"):
        store.prompts.save(other, "late", "text")


def test_prompts_are_taken_along_and_deleted_with_all_else(store, ann, bob):
    for owner in (ann, bob):
        store.prompts.save(owner, "review", "Review this.")
    (taken,) = store.belongings.prompts(ann)
    assert (taken["name"], taken["text"]) == ("review", "Review this.")
    store.belongings.erase(ann)
    assert (names(store, ann), names(store, bob)) == ([], ["review"])


def test_a_database_from_before_gets_the_table(tmp_path):
    with Database(tmp_path / "old.db") as db:
        db.execute(f"pragma application_id = {schema.APPLICATION_ID}")
        schema.migrations.apply(db, stop_before="m012_prompts")
    store = SqliteStore(tmp_path / "old.db")
    ann = store.owner("ann")
    store.prompts.save(ann, "review", "Review this.")
    assert names(store, ann) == ["review"]
    store.close()


@pytest.fixture
def hearth(tmp_path, monkeypatch):
    monkeypatch.setenv("HEARTH_DATABASE", str(tmp_path / "hearth.db"))
    monkeypatch.setenv("HEARTH_IDENTITY", "single")  # the routes alone, without the middleware
    yield service.hearth()
    service.stop()


APP = Starlette(routes=app.hearth._user_routes, exception_handlers=app.hearth._exception_handlers)


def get(path):
    async def get():
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path)

    return asyncio.run(get())


def test_the_page_is_told_the_names_and_then_one_text(hearth):
    saved = hearth.store.prompts.save(hearth.store.owner("local"), "review", "<b>\n" + "x" * 200)
    (listed,) = get("/prompts").json()
    assert listed == {"id": str(saved.id), "name": "review", "begins": "<b>\n" + "x" * 116}
    answer = get(f"/prompts/{saved.id}")
    assert answer.text == "<b>\n" + "x" * 200
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("n", [7, 2**70])
def test_a_prompt_that_is_not_there_is_404(hearth, n):
    answer = get(f"/prompts/{n}")
    assert (answer.status_code, answer.text) == (404, "There is no such saved prompt here.")


def test_prompts_are_in_the_export(hearth):
    for name in ("one", "two"):
        hearth.store.prompts.save(hearth.store.owner("local"), name, 'A "text".')
    exported = get("/export").json()
    assert [p["name"] for p in exported["prompts"]] == ["one", "two"]


def test_a_text_of_nothing_that_is_seen_is_refused(store, ann):
    with pytest.raises(PromptRefused, match="no text"):
        store.prompts.save(ann, "review", " \u200b\n")
