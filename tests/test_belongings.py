"""All that an owner has: counted, taken along, deleted."""

import asyncio
import base64
import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from chatcore import service
from chatcore.errors import AlreadyGenerating, ChatError, SessionNotFound, StoreError
from chatcore.options import Choice, Compact, Options
from chatcore.personas import Persona
from chatcore.sharing import key_hash
from chatcore.store.sqlite import rows
from chatcore.types import Extent, File, InForce
from chatcore.web import refusals
from chatcore.web.export import export

FILE = File("notes.txt", "text/plain", b"\xff notes", "notes")


def chat(store, owner, prompt="hello", answer="hi"):
    turn = store.begin_turn(owner, None, prompt, "m", attachments=[FILE])
    store.finish_reply(owner, turn.reply.id, "done", answer, "hm")
    return turn


def test_what_an_owner_has_is_counted_and_nobody_elses(store, ann, bob):
    chat(store, ann)
    chat(store, bob)
    store.trash.put(bob, chat(store, bob).session.id)
    assert store.belongings.extent(ann) == Extent(1, 2, len("hellohihm"), 1, 7)
    assert store.belongings.extent(bob).chats == 2
    assert store.belongings.extent(store.owner("eve")) == Extent(0, 0, 0, 0, 0)


def test_every_version_comes_along_with_its_files(store, ann, bob):
    turn = chat(store, ann, "grüße")
    version = store.begin_version(ann, turn.reply.id, "other")
    store.finish_reply(ann, version.reply.id, "stopped", "another")
    chat(store, bob)
    (exported,) = store.belongings.chats(ann)
    assert (exported["id"], exported["title"]) == (turn.session.id, "grüße")
    assert exported["leaf_id"] == str(version.reply.id)
    prompt, first, second = store.belongings.messages(ann, exported["id"])
    assert base64.b64decode(prompt["files"][0]["data"]) == FILE.data
    assert (first["content"], first["thinking"], first["model"]) == ("hi", "hm", "m")
    assert (second["content"], second["state"]) == ("another", "stopped")
    assert first["parent_id"] == second["parent_id"] == prompt["id"] == str(turn.prompt.id)


def test_the_trash_comes_along_and_says_so(store, ann, bob):
    store.trash.put(ann, chat(store, ann).session.id)
    (exported,) = store.belongings.chats(ann)
    assert exported["deleted_at"]
    assert len(list(store.belongings.messages(ann, exported["id"]))) == 2
    assert list(store.belongings.messages(bob, exported["id"])) == []


def test_one_message_is_in_memory_at_a_time_and_no_reader_is_held(store, ann):
    session = chat(store, ann).session
    messages = store.belongings.messages(ann, session.id)
    assert next(messages)["content"] == "hello"
    store.belongings.erase(ann)
    assert len(store._readers._idle) == 1
    assert list(messages) == []


def test_nothing_is_left_of_what_was_deleted(store, ann, bob):
    turn, other = chat(store, ann, "badgers"), chat(store, bob)
    store.identities.pair(store.identities.invite(ann), "browser:b")
    store.belongings.erase(ann)
    with store._readers.lend() as db:
        for table in ("sessions", "messages", "attachments"):
            assert db[table].count in (1, 2)
        found = "select count(*) from messages_fts where messages_fts match 'badgers'"
        assert db.execute(found).fetchone() == (0,)
    with pytest.raises(SessionNotFound):
        store.session(ann, turn.session.id)
    assert store.session(bob, other.session.id) == store.sessions(bob)[0]
    assert ann not in (store.owner("ann"), store.owner("browser:b"))


def test_a_chat_of_more_turns_than_sqlite_nests_is_deleted_and_joined(store, ann, bob):
    session = chat(store, ann).session

    def lengthen(db):
        (parent,) = db.execute("select leaf_id from sessions where pk = ?", [session.pk]).fetchone()
        for _ in range(5000):
            parent = rows.insert(db, ann, session.pk, parent, "user", "more")
        rows.move_leaf(db, session.pk, parent)

    store._writer.call(lengthen)
    chat(store, bob)
    store.identities.pair(store.identities.invite(bob), "ann")
    assert len(store.messages(bob, session.id)) == 5002
    store.belongings.erase(bob)
    assert store.belongings.extent(bob) == Extent(0, 0, 0, 0, 0)


def test_the_number_of_an_owner_who_left_names_nobody_else(store, ann):
    store.belongings.erase(ann)
    assert ann not in [store.owner(name) for name in ("ann", "carl", "dora")]
    with pytest.raises(StoreError):
        store.begin_turn(ann, None, "too late", "m")


def test_in_mid_reply_nothing_is_deleted(store, ann):
    turn = store.begin_turn(ann, None, "hello", "m")
    with pytest.raises(AlreadyGenerating):
        store.belongings.erase(ann)
    assert store.session(ann, turn.session.id)


def test_what_is_chosen_for_a_chat_comes_along(store, ann):
    pirate = store.personas.create(ann, Persona(name="Pirate"))
    choice = Choice(Options(temperature=0.5), Compact.ALWAYS)
    with_pirate = InForce(pirate.version, {"ship": "Jo"}, "Europe/Berlin")
    store.begin_turn(ann, None, "hello", "m", choice=choice, in_force=with_pirate)
    (exported,) = store.belongings.chats(ann)
    assert (exported["options"], exported["compact"]) == ({"temperature": 0.5}, "always")
    assert (exported["persona"]["version"], exported["persona"]["values"]) == (
        pirate.version,
        {"ship": "Jo"},
    )


def test_what_is_kept_of_a_message_comes_along(store, ann):
    turn = chat(store, ann)
    store.memory.keep(ann, turn.prompt.id, "pinned")
    for body in ("They met.", "They greeted."):
        store.memory.summarise(ann, turn.reply.id, body)
    prompt, reply = store.belongings.messages(ann, turn.session.id)
    assert (prompt["keep"], reply["keep"]) == ("pinned", "")
    assert [each["content"] for each in reply["summaries"]] == ["They met.", "They greeted."]


def test_links_and_tokens_come_along_without_what_opens_anything(store, ann, bob):
    session_id, hashed = chat(store, ann).session.id, key_hash("a key")
    store.shares.create(ann, session_id, hashed, thinking=True)
    token = store.tokens.create(ann, "My script")
    store.trash.put(ann, session_id)
    (link,), (program,) = store.belongings.links(ann), store.belongings.tokens(ann)
    assert (link["chat"], link["title"], link["thinking"]) == (session_id, "hello", True)
    assert (program["name"], program["last_used_at"]) == ("My script", None)
    assert not {hashed, token, key_hash(token)} & {*link.values(), *program.values()}
    assert [*store.belongings.links(bob), *store.belongings.tokens(bob)] == []


@pytest.fixture
def hearth(tmp_path, monkeypatch):
    monkeypatch.setenv("HEARTH_DATABASE", str(tmp_path / "hearth.db"))
    monkeypatch.setenv("HEARTH_IDENTITY", "single")  # the route alone, without the middleware
    yield service.hearth()
    service.stop()


APP = Starlette(routes=[Route("/export", export)], exception_handlers={ChatError: refusals.as_text})


def get(path):
    async def get():
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path)

    return asyncio.run(get())


@pytest.mark.parametrize("chats", [0, 1, 3])
def test_the_export_is_one_json_file_to_download(hearth, chats):
    owner = hearth.store.owner("local")
    for n in range(chats):
        chat(hearth.store, owner, f'prompt {n} "quoted" 🦡')
    answer = get("/export")
    assert answer.headers["content-disposition"].startswith('attachment; filename="hearth-')
    exported = json.loads(answer.content)
    assert exported["format"] == "hearth"
    assert [c["title"] for c in exported["chats"]] == [
        f'prompt {n} "quoted" 🦡' for n in range(chats)
    ]
    for each in exported["chats"]:
        assert [m["content"] for m in each["messages"]] == [each["title"], "hi"]


def test_personas_are_in_the_export_with_every_version(hearth):
    owner = hearth.store.owner("local")
    kept = hearth.store.personas.create(owner, Persona(name="Ada", system="Be brief."))
    hearth.store.personas.edit(owner, kept.id, Persona(name="Ada", system="Be long."))
    exported = json.loads(get("/export").content)["personas"]
    assert [each["persona"]["system"] for each in exported] == ["Be brief.", "Be long."]


def test_links_and_tokens_are_in_the_export(hearth):
    owner = hearth.store.owner("local")
    hearth.store.shares.create(owner, chat(hearth.store, owner).session.id, key_hash("a key"))
    hearth.store.tokens.create(owner, "My script")
    exported = json.loads(get("/export").content)
    assert [each["title"] for each in exported["links"]] == ["hello"]
    assert [each["name"] for each in exported["tokens"]] == ["My script"]


def test_nobody_exports_nothing(hearth, monkeypatch):
    service.stop()
    monkeypatch.setenv("HEARTH_IDENTITY", "browser")
    answer = get("/export")
    assert answer.status_code == 401
    assert "allow cookies" in answer.text
