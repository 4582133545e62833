"""The identities of owners: pairing, signing out, and two owners made one."""

import pytest

from chatcore.clock import now
from chatcore.errors import AlreadyGenerating, PairingRefused, SessionNotFound, StoreError
from chatcore.store.identities import VALID, leave_pairing
from chatcore.store.sqlite.joining import OWNED
from chatcore.types import File, Seen, Size

FILE = File("notes.txt", "text/plain", b"notes", "notes")


@pytest.fixture
def identities(store):
    return store.identities


@pytest.fixture
def clock(monkeypatch):
    """Moves the time of the links forward, in minutes."""
    begun = now()

    def forward(minutes):
        for module in ("identities", "sqlite.identities"):
            monkeypatch.setattr(f"chatcore.store.{module}.now", lambda: begun + minutes * 60_000)

    return forward


def said(store, owner, *prompts, session_id=None):
    """A chat with these prompts, each answered; returns its session."""
    for prompt in prompts:
        turn = store.begin_turn(owner, session_id, prompt, "m", attachments=[FILE])
        store.finish_reply(owner, turn.reply.id, "done", f"You said: {prompt}")
        session_id = turn.session.id
    return store.session(owner, session_id)


def bodies(store, owner, session):
    return [message.body for message in store.messages(owner, session.id)]


def read(store, statement, *parameters):
    with store._readers.lend() as db:
        return db.execute(statement, parameters).fetchall()


def test_a_link_lets_another_browser_see_the_same_chats(store, identities, ann):
    session = said(store, ann, "hello")
    identities.pair(identities.invite(ann), "browser:b")
    assert store.owner("browser:b") == ann
    assert store.session(store.owner("browser:b"), session.id) == session


def test_a_link_is_good_for_one_browser(store, identities, ann):
    token = identities.invite(ann)
    identities.pair(token, "browser:b")
    with pytest.raises(PairingRefused, match="make a new one"):
        identities.pair(token, "browser:c")
    assert store.owner("browser:c") != ann


def test_looking_at_a_link_does_not_use_it_up(identities, ann):
    token = identities.invite(ann)
    assert identities.inviter(token) == identities.inviter(token) == ann
    identities.pair(token, "browser:b")
    with pytest.raises(PairingRefused):
        identities.inviter(token)


def test_a_link_is_good_for_five_minutes(identities, ann, clock):
    token = identities.invite(ann)
    clock(4.9)
    assert identities.inviter(token) == ann
    clock(5.1)
    with pytest.raises(PairingRefused):
        identities.pair(token, "browser:b")


def test_a_link_that_was_taken_back_is_worthless(identities, ann, bob):
    token, other = identities.invite(ann), identities.invite(bob)
    identities.withdraw(ann)
    with pytest.raises(PairingRefused):
        identities.inviter(token)
    assert identities.inviter(other) == bob


@pytest.mark.parametrize("token", ["", "x" * 32, "ü", "\0"])
def test_a_link_that_was_never_made_is_refused_alike(identities, ann, token):
    with pytest.raises(PairingRefused) as unknown:
        identities.inviter(token)
    used = identities.invite(ann)
    identities.pair(used, "browser:b")
    with pytest.raises(PairingRefused) as refused:
        identities.inviter(used)
    assert str(unknown.value) == str(refused.value)


def test_only_the_hash_of_a_link_is_kept(store, identities, ann):
    token = identities.invite(ann)
    assert token not in str(read(store, "select * from pairings"))


@pytest.fixture
def from_shell(tmp_path):
    return lambda owner: leave_pairing(tmp_path / "sqlite.db", owner)


def test_the_shell_makes_a_link_that_is_good_once(store, identities, ann, from_shell):
    token = from_shell(ann)
    identities.pair(token, "browser:b")
    assert store.owner("browser:b") == ann
    identities.invite(ann)
    identities.withdraw(ann)
    with pytest.raises(PairingRefused):
        identities.pair(token, "browser:c")


def test_a_link_of_the_shell_grows_old_and_is_taken_back_too(
    identities, ann, bob, from_shell, clock
):
    token = from_shell(ann)
    identities.withdraw(bob)
    assert identities.inviter(token) == ann
    identities.withdraw(ann)
    with pytest.raises(PairingRefused):
        identities.inviter(token)
    token = from_shell(ann)
    clock(6)
    with pytest.raises(PairingRefused):
        identities.inviter(token)


def test_a_link_of_the_shell_to_an_owner_who_is_none_is_refused(identities, from_shell):
    with pytest.raises(PairingRefused):
        identities.inviter(from_shell(99))


def test_the_browsers_of_an_owner_are_listed_with_what_they_call_themselves(identities, store):
    identities.seen("browser:a", "Firefox on Linux")
    ann = store.owner("browser:a")
    identities.pair(identities.invite(ann), "browser:b")
    identities.seen("browser:b", "Safari on iPhone")
    found = {browser.key: browser.label for browser in identities.browsers(ann)}
    assert found == {"browser:a": "Firefox on Linux", "browser:b": "Safari on iPhone"}
    assert all(browser.created_at and browser.last_seen_at for browser in identities.browsers(ann))


def test_a_browser_that_was_signed_out_begins_anew(identities, store, ann, bob):
    session = said(store, ann, "hello")
    identities.pair(identities.invite(ann), "browser:b")
    identities.sign_out(bob, "browser:b")
    assert store.owner("browser:b") == ann
    identities.sign_out(ann, "browser:b")
    assert store.owner("browser:b") not in (ann, bob)
    with pytest.raises(SessionNotFound):
        store.session(store.owner("browser:b"), session.id)


def test_a_browser_that_was_signed_out_cannot_come_back_by_a_link_that_it_made(
    identities, store, ann
):
    identities.pair(identities.invite(ann), "browser:b")
    token = identities.invite(ann)
    identities.sign_out(ann, "browser:b")
    with pytest.raises(PairingRefused):
        identities.pair(token, "browser:b")


def test_links_that_are_open_are_told_without_what_is_in_them(identities, ann, bob):
    used, _ = identities.invite(ann), identities.invite(bob)
    identities.pair(used, "browser:b")
    identities.invite(ann)
    [expires_at] = identities.invitations(ann)
    assert 0 < expires_at - now() <= VALID
    identities.withdraw(ann)
    assert (identities.invitations(ann), len(identities.invitations(bob))) == ([], 1)


def test_chats_from_before_there_were_identities_go_to_the_first_heir_and_no_other(
    store, identities
):
    local = store.owner("local")
    identities.seen("browser:stranger", "", heir_of=None)
    identities.seen("browser:a", "", heir_of="local")
    identities.seen("browser:b", "", heir_of="local")
    assert store.owner("browser:a") == store.owner("local") == local
    assert len({store.owner(f"browser:{name}") for name in ("stranger", "a", "b")}) == 3


def test_a_browser_that_is_known_inherits_nothing(store, identities):
    mine = store.owner("browser:a")
    store.owner("local")
    identities.seen("browser:a", "", heir_of="local")
    assert store.owner("browser:a") == mine


@pytest.fixture
def both(store, ann):
    """Ann's browser and another, each with chats; what the other had, and its message ids."""
    said(store, ann, "from Ann")
    other = store.owner("browser:b")
    session = said(store, other, "one about badgers", "two")
    return other, session, [message.id for message in store.messages(other, session.id)]


def join(identities, ann, key="browser:b"):
    identities.pair(identities.invite(ann), key)


def test_joined_chats_are_all_there_under_their_addresses(store, identities, ann, both):
    _, session, _ = both
    join(identities, ann)
    assert [s.title for s in store.sessions(ann)] == ["one about badgers", "from Ann"]
    assert bodies(store, ann, session) == [
        "one about badgers",
        "You said: one about badgers",
        "two",
        "You said: two",
    ]
    assert store.owner("browser:b") == ann


@pytest.mark.parametrize("way", ["pair", "bring"])
def test_where_only_one_has_messages_none_is_renumbered(store, identities, ann, way):
    other = store.owner("browser:b")
    session = said(store, other, "one", "two")
    before = store.messages(other, session.id)
    store.prompts.save(ann, "review", "Review this.")
    token = identities.invite(ann)
    identities.pair(token, "browser:b") if way == "pair" else identities.bring("browser:b", ann)
    joined = store.owner("ann")
    assert store.messages(joined, session.id) == before
    assert [prompt.name for prompt in store.prompts.of(joined)] == ["review"]
    assert (store.owner("browser:b") == joined) == (way == "pair")


def test_a_reply_that_keeps_its_id_hinders_nobody(store, identities, ann):
    other = store.owner("browser:b")
    turn = store.begin_turn(other, None, "hello", "m")
    join(identities, ann)
    store.finish_reply(other, turn.reply.id, "done", "hi")
    assert bodies(store, store.owner("ann"), turn.session) == ["hello", "hi"]


def test_a_joined_message_is_found_by_its_old_id(store, identities, ann, both):
    _, session, ids = both
    join(identities, ann)
    found = [store.message(ann, identities.current(ann, old)) for old in ids]
    assert [m.body for m in found] == bodies(store, ann, session)
    join_again = store.owner("browser:c")
    said(store, join_again, "mine")
    identities.pair(identities.invite(join_again), "ann")
    assert (
        store.message(join_again, identities.current(join_again, ids[0])).body
        == "one about badgers"
    )


def test_where_a_message_is_by_now_is_told_to_nobody_else(store, identities, ann, both):
    _, _, (old, *_) = both
    join(identities, ann)
    assert identities.current(ann, old) != old
    assert identities.current(store.owner("browser:c"), old) == old


def test_a_joined_tree_keeps_its_branches(store, identities, ann, both):
    other, session, ids = both
    version = store.begin_turn(other, session.id, "one about foxes", "m", instead_of=ids[0])
    store.finish_reply(other, version.reply.id, "done", "Foxes.")
    fork = store.fork_session(other, version.reply.id)
    join(identities, ann)
    assert bodies(store, ann, session) == ["one about foxes", "Foxes."]
    first = store.messages(ann, session.id)[0]
    assert len(first.versions) == 2
    store.choose_version(ann, identities.current(ann, ids[0]))
    assert bodies(store, ann, session)[-1] == "You said: two"
    assert bodies(store, ann, fork) == ["one about foxes", "Foxes."]
    assert len(store.records(ann)) == 2 + 4 + 2


def test_joined_messages_are_found_by_their_words(store, identities, ann, both):
    join(identities, ann)
    found = read(store, "select rowid from messages_fts where messages_fts match 'badgers'")
    assert {store.message(ann, row[0]).body for row in found} == {
        "one about badgers",
        "You said: one about badgers",
    }
    store._writer.call(
        lambda db: db.execute(
            "insert into messages_fts(messages_fts, rank) values ('integrity-check', 1)"
        )
    )


def test_joined_files_stay_with_their_messages(store, identities, ann, both):
    _, session, _ = both
    join(identities, ann)
    (attachment,) = store.messages(ann, session.id)[0].attachments
    assert store.file(ann, attachment.id).data == b"notes"


def test_a_prompt_that_waits_is_joined_too(store, identities, ann, both):
    other, session, _ = both
    waiting = store.set_next(other, session.id, "later", "m")
    join(identities, ann)
    assert store.next_prompt(ann, session.id).id == identities.current(ann, waiting.id)


def test_what_lies_in_the_trash_is_joined_and_comes_back(store, identities, ann, both):
    other, session, _ = both
    store.trash.put(other, session.id)
    join(identities, ann)
    store.trash.restore(ann, session.id)
    assert bodies(store, ann, session)[0] == "one about badgers"


def test_messages_of_the_same_moment_keep_their_order(store, identities, ann, monkeypatch):
    monkeypatch.setattr("chatcore.store.sqlite.rows.now", lambda: 1_800_000_000_000)
    said(store, ann, "a", "b", "c")
    other = store.owner("browser:b")
    session = said(store, other, "d", "e", "f")
    join(identities, ann)
    ids = [message.id for message in store.messages(ann, session.id)]
    assert ids == sorted(ids)
    assert bodies(store, ann, session)[::2] == ["d", "e", "f"]
    assert len(store.records(ann)) == 12


def test_an_address_that_both_have_stays_the_one_of_the_owner(store, identities, ann, both):
    _, session, _ = both
    (mine,) = store.sessions(ann)
    store._writer.call(
        lambda db: db.execute("update sessions set id = ? where pk = ?", [mine.id, session.pk])
    )
    join(identities, ann)
    assert store.session(ann, mine.id).title == "from Ann"
    assert len({s.id for s in store.sessions(ann)}) == 2


def test_nothing_in_the_database_names_the_old_owner_or_its_messages(store, identities, ann, both):
    other, session, ids = both
    store._writer.call(lambda db: fill_what_is_empty(db, other, session.pk, ids[-1]))
    join(identities, ann)
    stale = []
    with store._readers.lend() as db:
        for table in db.tables:
            if table.name.startswith(("messages_fts", "_sqlite")):
                continue
            for column in table.columns:
                if (table.name, column.name) in {("owners", "n"), ("moved", "id")}:
                    continue
                value = f"typeof({column.name}) = 'integer' and {column.name}"
                spans = f"{value} >= {other << 41} and {column.name} < {(other + 1) << 41}"
                named = f"{value} = {other}" if column.name == "owner_n" else "0"
                if list(table.rows_where(f"({spans}) or ({named})")):
                    stale.append((table.name, column.name))
    assert stale == []


def test_no_table_that_names_an_owner_is_forgotten(store):
    with store._readers.lend() as db:
        naming = {table.name for table in db.tables if "owner_n" in table.columns_dict}
    assert naming == set(OWNED)


def fill_what_is_empty(db, owner, session_pk, message_id):
    """A row in each table that names an owner or a message, whoever writes it later."""
    db.execute("insert into drafts values (?, 1, '', '', 0)", [message_id])
    db["personas"].insert({"owner_n": owner, "created_at": 0, "updated_at": 0})
    db["tokens"].insert({"hash": "h", "owner_n": owner, "name": "t", "created_at": 0})
    db["pairings"].insert({"hash": "h", "owner_n": owner, "expires_at": 0})
    prompt = {"owner_n": owner, "name": "p", "folded": "p", "text": "t", "updated_at": 0}
    db["prompts"].insert(prompt)
    db["summaries"].insert({"message_id": message_id, "body": "s", "created_at": 0})
    share = {"key_hash": "k", "session_pk": session_pk, "leaf_id": message_id, "title": "t"}
    counts = dict.fromkeys(("thinking", "created_at", "pinned_at", "length", "thinking_length"), 0)
    db["shares"].insert(share | counts)


def test_what_a_reply_saw_is_told_of_the_messages_as_they_are_numbered_now(
    store, identities, ann, both
):
    other, session, _ = both
    turn = store.begin_turn(other, session.id, "three", "m")
    pinned = store.messages(other, session.id)[0].id
    seen = Seen(512, 9, 9, True, Size(), turn.prompt.id, before=(pinned,))
    store.memory.saw(other, turn.reply.id, seen)
    store.finish_reply(other, turn.reply.id, "done", "hi")
    join(identities, ann)
    first, *_, prompt, reply = store.messages(ann, session.id)
    assert (reply.seen.first, reply.seen.before) == (prompt.id, (first.id,))


def test_while_a_reply_comes_nothing_is_joined(store, identities, ann, both):
    other, session, _ = both
    turn = store.begin_turn(other, session.id, "three", "m")
    token = identities.invite(ann)
    with pytest.raises(AlreadyGenerating, match="still answering"):
        identities.pair(token, "browser:b")
    assert store.owner("browser:b") == other
    store.finish_reply(other, turn.reply.id, "done", "Three.")
    identities.pair(token, "browser:b")
    assert bodies(store, ann, session)[-1] == "Three."


def test_a_chat_of_an_owner_who_was_joined_is_refused_rather_than_lost(
    store, identities, ann, both
):
    other, _, _ = both
    join(identities, ann)
    with pytest.raises(StoreError, match="reload the page"):
        store.begin_turn(other, None, "too late", "m")


def test_all_browsers_of_the_joined_owner_come_along(store, identities, ann, both):
    other, _, _ = both
    identities.pair(identities.invite(other), "browser:c")
    join(identities, ann)
    assert store.owner("browser:c") == ann


def test_signing_in_brings_the_browsers_chats_and_leaves_no_way_round_it(
    store, identities, ann, both
):
    _, session, _ = both
    assert identities.has_chats("browser:b")
    identities.bring("browser:b", ann)
    assert bodies(store, ann, session)[0] == "one about badgers"
    assert not identities.has_chats("browser:b")
    assert store.owner("browser:b") != ann
