"""What the SQLite backend promises beyond the contract: its file, its faults, its index."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlite_utils import Database

from chatcore.counting import size
from chatcore.errors import DiskFull, SessionNotFound, StoreError
from chatcore.personas import Persona
from chatcore.store.sqlite import SqliteStore, records, rows, schema
from chatcore.store.sqlite.connections import Writer
from chatcore.types import File, InForce


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hearth.db"


def sql(path, statement, *parameters):
    connection = sqlite3.connect(path)
    try:
        with connection:
            return connection.execute(statement, parameters).fetchall()
    finally:
        connection.close()


def refusal(path):
    with pytest.raises(StoreError) as refused:
        SqliteStore(path)
    assert str(path.parent) not in str(refused.value)
    return str(refused.value)


def test_the_folder_and_the_file_are_made_for_the_owner_alone(tmp_path):
    path = tmp_path / "new" / "hearth.db"
    SqliteStore(path).close()
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_nothing_is_lost_between_close_and_open(path):
    store = SqliteStore(path)
    turn = store.begin_turn(store.owner("ann"), None, "hello", "m")
    store.close()
    store = SqliteStore(path)
    assert store.messages(store.owner("ann"), turn.session.id)[0].body == "hello"
    store.close()


def test_close_writes_what_waits_and_may_be_repeated(path):
    store = SqliteStore(path)
    ann = store.owner("ann")
    turn = store.begin_turn(ann, None, "hello", "m")
    store.save_draft(ann, turn.reply.id, 1, "so far", "")
    store.close()
    store.close()
    store = SqliteStore(path)
    assert store.message(ann, turn.reply.id).body == "so far"
    store.close()


def test_a_path_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    assert "cannot be used" in refusal(tmp_path / "file" / "hearth.db")


def test_a_folder_in_place_of_the_file_is_refused_and_the_log_says_which(path, caplog):
    path.mkdir()
    assert "cannot be written" in refusal(path)
    assert str(path) in caplog.text


def test_a_file_that_is_no_database_is_refused_and_left_alone(path):
    path.write_text("These are my notes.\n" * 200)
    assert "not a database" in refusal(path)
    assert path.read_text().startswith("These are my notes.")


def test_an_empty_file_is_refused(path):
    path.touch()
    assert "is empty" in refusal(path)
    assert path.stat().st_size == 0


def test_the_database_of_another_program_is_refused_and_left_alone(path):
    sql(path, "create table theirs(x)")
    assert "another program" in refusal(path)
    assert sql(path, "select name from sqlite_master") == [("theirs",)]


def test_a_database_of_a_newer_version_is_refused(path):
    SqliteStore(path).close()
    sql(path, "insert into _sqlite_migrations values (99, 'hearth', 'm099_later', '2030')")
    assert "newer version" in refusal(path)


def test_what_a_crash_left_of_a_deleted_file_is_not_read_into_a_new_one(path):
    child = subprocess.Popen(
        [sys.executable, "-c", CRASH, str(path)], stdout=subprocess.PIPE, text=True
    )
    child.stdout.readline()
    child.kill()
    child.communicate()
    path.unlink()
    store = SqliteStore(path)
    assert store.sessions(store.owner("ann")) == []
    store.close()


def test_a_folder_that_became_a_file_takes_no_more_prompts(tmp_path):
    folder = tmp_path / "folder"
    store = SqliteStore(folder / "hearth.db")
    folder.rename(tmp_path / "moved")
    folder.write_text("no folder")
    with pytest.raises(StoreError, match="cannot be used"):
        store.check()
    folder.unlink()
    (tmp_path / "moved").rename(folder)
    store.check()
    store.close()


def test_a_link_to_a_disk_that_is_not_there_is_refused_and_kept(path, tmp_path):
    path.symlink_to(tmp_path / "unmounted" / "hearth.db")
    assert "is not there" in refusal(path)
    assert path.is_symlink()


def test_a_file_that_was_moved_away_takes_no_more_prompts(path):
    store = SqliteStore(path)
    ann = store.owner("ann")
    path.rename(path.with_name("moved.db"))
    for attempt in (store.check, lambda: store.begin_turn(ann, None, "hello", "m")):
        with pytest.raises(StoreError, match="was moved or deleted"):
            attempt()
    path.with_name("moved.db").rename(path)
    store.check()
    store.close()


def test_a_clock_that_stands_before_2000_still_makes_ids_of_the_owner(path, monkeypatch):
    monkeypatch.setattr(rows, "now", lambda: 5000)
    store = SqliteStore(path)
    ann = store.owner("ann")
    turns = [store.begin_turn(ann, None, "hello", "m") for _ in range(2)]
    assert {turn.prompt.id >> 41 for turn in turns} == {ann}
    store.close()


def test_a_second_hearth_is_refused_while_the_first_runs(path):
    first = SqliteStore(path)
    assert "Another Hearth" in refusal(path)
    first.close()
    SqliteStore(path).close()


def test_a_refused_open_leaves_no_lock(path):
    path.touch()
    refusal(path)
    path.unlink()
    store = SqliteStore(path)
    assert store.sessions(store.owner("ann")) == []
    store.close()


@pytest.fixture
def copied_aside(path, monkeypatch):
    """The copy that a migration left, where everybody could read the one before it."""
    SqliteStore(path).close()
    (path.parent / "backups").mkdir(mode=0o755)
    monkeypatch.setattr(schema.migrations, "_migrations", [*schema.migrations._migrations])
    schema.migrations(name="m099_test")(lambda db: db.execute("create table extra(x)"))
    umask = os.umask(0o022)
    SqliteStore(path).close()
    os.umask(umask)
    return path.parent / "backups" / "hearth-before-m099_test.db"


def test_a_copy_of_the_database_is_for_its_owner_alone(copied_aside):
    assert copied_aside.stat().st_mode & 0o077 == 0
    assert copied_aside.parent.stat().st_mode & 0o077 == 0


def test_a_migration_copies_the_database_first(path, copied_aside):
    copy = copied_aside
    assert sql(path, "select name from sqlite_master where name = 'extra'")
    assert not sql(copy, "select name from sqlite_master where name = 'extra'")
    assert sql(copy, "pragma integrity_check") == [("ok",)]


def test_a_migration_that_fails_changes_nothing(path, monkeypatch):
    SqliteStore(path).close()
    monkeypatch.setattr(schema.migrations, "_migrations", [*schema.migrations._migrations])
    schema.migrations(name="m098_good")(lambda db: db.execute("create table extra(x)"))
    schema.migrations(name="m099_bad")(lambda db: db.execute("create table extra(x)"))
    refusal(path)
    assert not sql(path, "select name from sqlite_master where name = 'extra'")


def make_before(path, migration):
    """The database as it was before that migration."""
    with Database(path) as db:
        db.execute(f"pragma application_id = {schema.APPLICATION_ID}")
        schema.migrations.apply(db, stop_before=migration)


def test_a_database_of_the_first_version_keeps_its_branches(path):
    make_before(path, "m002_branches")
    with Database(path) as db:
        db["owners"].insert({"n": 1, "created_at": 1})
        db["identities"].insert({"key": "ann", "owner_n": 1})
        session = {"pk": 1, "id": "a-chat", "owner_n": 1, "title": "", "leaf_id": 12}
        db["sessions"].insert(session | {"created_at": 1, "updated_at": 1})
        message = {"session_pk": 1, "state": "done", "created_at": 1}
        db["messages"].insert(message | {"id": 11, "role": "user", "body": "hello"})
        reply = {"id": 12, "parent_id": 11, "role": "assistant", "body": "hi"}
        db["messages"].insert(message | reply)
    store = SqliteStore(path)
    ann = store.owner("ann")
    store.choose_version(ann, 11)
    assert [m.body for m in store.messages(ann, "a-chat")] == ["hello", "hi"]
    store.close()


def test_a_database_from_before_pairing_keeps_its_owners(path):
    make_before(path, "m006_identities")
    with Database(path) as db:
        db["owners"].insert({"n": 1, "created_at": 1})
        db["identities"].insert({"key": "local", "owner_n": 1})
    store = SqliteStore(path)
    assert store.owner("local") == 1
    store.identities.seen("browser:a", "Firefox", heir_of="local")
    assert store.owner("browser:a") == 1
    (browser,) = store.identities.browsers(1)
    assert browser.created_at == browser.last_seen_at > 0
    store.close()


def test_links_from_before_they_had_an_address_go_on_to_open(path):
    make_before(path, "m014_share_address")
    with Database(path) as db:
        db["owners"].insert({"n": 1, "created_at": 1})
        session = {"pk": 1, "id": "a-chat", "owner_n": 1, "title": "", "leaf_id": 11}
        db["sessions"].insert(session | {"created_at": 1, "updated_at": 1})
        message = {"id": 11, "session_pk": 1, "role": "user", "state": "done", "body": "hello"}
        db["messages"].insert(message | {"created_at": 1})
        link = {"key_hash": "h", "session_pk": 1, "thinking": 0, "created_at": 1, "pinned_at": 1}
        pin = {"title": "hello", "leaf_id": 11, "length": 5, "thinking_length": 0}
        db["shares"].insert(link | pin)
    store = SqliteStore(path)
    assert store.shares.read("a-chat", "h").title == "hello"
    store.close()


def test_links_take_the_place_of_the_first_versions_empty_table(path):
    make_before(path, "m007_shares")
    store = SqliteStore(path)
    ann = store.owner("ann")
    turn = store.begin_turn(ann, None, "hello", "m")
    store.finish_reply(ann, turn.reply.id, "done", "hi")
    share = store.shares.create(ann, turn.session.id, "hash")
    assert store.shares.of(ann) == [share]
    store.close()


def test_a_link_shows_no_message_that_was_moved_to_another_chat(store):
    ann = store.owner("ann")
    turn, other = (store.begin_turn(ann, None, "hello", "m") for _ in range(2))
    store.finish_reply(ann, turn.reply.id, "done", "hi")
    store.shares.create(ann, turn.session.id, "hash")
    move = "update messages set session_pk = ?"
    store._writer.call(lambda db: db.execute(move, [other.session.pk]).close())
    for session in (turn.session, other.session):
        with pytest.raises(SessionNotFound):
            store.shares.read(session.id, "hash")


def test_messages_of_before_memory_are_kept_as_there_is_room(path):
    make_before(path, "m009_memory")
    store = SqliteStore(path)
    ann = store.owner("ann")
    turn = store.begin_turn(ann, None, "hello", "m")
    assert (turn.prompt.keep, turn.prompt.seen) == ("", None)
    store.close()


def test_chats_of_before_personas_are_with_nobody(path):
    make_before(path, "m013_personas")
    with Database(path) as db:
        db["owners"].insert({"n": 1, "created_at": 0})
        db["identities"].insert({"key": "ann", "owner_n": 1})
        times = {"created_at": 0, "updated_at": 0}
        db["sessions"].insert({"id": "old", "owner_n": 1, "title": "t"} | times)
    store = SqliteStore(path)
    ann = store.owner("ann")
    assert store.session(ann, "old").persona is None
    kept = store.personas.create(ann, Persona(name="Ada"))
    store.personas.use(ann, "old", InForce(kept.version))
    assert store.session(ann, "old").persona == InForce(kept.version)
    store.close()


def test_what_was_pinned_before_is_in_no_summary(path):
    make_before(path, "m017_apart")
    with Database(path) as db:
        db["owners"].insert({"n": 1, "created_at": 0})
        db["sessions"].insert(
            {"pk": 1, "id": "old", "owner_n": 1, "title": "t", "created_at": 0, "updated_at": 0}
        )
        message = {"session_pk": 1, "role": "user", "state": "done", "body": "x", "created_at": 0}
        db["messages"].insert(message | {"id": 1 << 41, "keep": "pinned"})
        db["messages"].insert(message | {"id": (1 << 41) + 1, "parent_id": 1 << 41})
    store = SqliteStore(path)
    assert [part.apart for part in store.memory.parts(1, (1 << 41) + 1)] == [True, False]
    store.close()


def test_what_was_counted_by_other_pieces_is_counted_anew(path):
    make_before(path, "m016_lengths")
    with Database(path) as db:
        db["owners"].insert({"n": 1, "created_at": 0})
        db["identities"].insert({"key": "ann", "owner_n": 1})
        times = {"created_at": 0, "updated_at": 0}
        db["sessions"].insert({"pk": 1, "id": "old", "owner_n": 1, "title": "t"} | times)
        message = {"id": 1 << 41, "session_pk": 1, "role": "user", "state": "done", "body": "99"}
        db["messages"].insert(message | {"created_at": 0})
        db["lengths"].insert({"message_id": 1 << 41, "words": 1, "extra": 0})
    store = SqliteStore(path)
    [part] = store.memory.parts(1, 1 << 41)
    assert part.size == size("99")
    store.close()


def test_versions_are_found_by_their_index(store):
    with store._readers.lend() as db:
        plan = db.execute(f"explain query plan select {rows.MESSAGE} from messages m, drafts d")
        assert any("messages_versions (session_pk=? AND parent_id=?)" in row[3] for row in plan)


def full(store):
    """From here on the file cannot grow, as on a full disk."""
    pages = store._writer.call(lambda db: db.execute("pragma page_count").fetchone()[0])
    store._writer.call(lambda db: db.execute(f"pragma max_page_count = {pages}").fetchone())


def space(store):
    store._writer.call(lambda db: db.execute("pragma max_page_count = 1000000").fetchone())


@pytest.fixture
def store(path):
    store = SqliteStore(path)
    yield store
    store.close()


def test_a_full_disk_is_told_and_loses_nothing(store):
    ann = store.owner("ann")
    turn = store.begin_turn(ann, None, "hello", "m")
    full(store)
    with pytest.raises(DiskFull, match="The disk is full"):
        store.finish_reply(ann, turn.reply.id, "done", "x" * 1_000_000)
    assert store.message(ann, turn.reply.id).state == "streaming"
    space(store)
    store.finish_reply(ann, turn.reply.id, "done", "x" * 1_000_000)
    assert len(store.message(ann, turn.reply.id).body) == 1_000_000


def test_a_write_too_large_for_the_disk_spoils_no_other_commit(store):
    ann = store.owner("ann")
    session = store.begin_turn(ann, None, "hello", "m").session
    full(store)
    hold, held = threading.Event(), threading.Event()
    store._writer.submit(lambda _: (held.set(), hold.wait()))
    held.wait()
    large = store._writer.submit(
        lambda db: db.execute("update sessions set title = ?", ["x" * 1_000_000])
    )
    small = store._writer.submit(lambda db: db.execute("update sessions set title = 'small'"))
    hold.set()
    small.result()
    with pytest.raises(DiskFull):
        large.result()
    assert store.session(ann, session.id).title == "small"


def test_a_draft_on_a_full_disk_is_not_an_error_for_the_reply(store, caplog):
    ann = store.owner("ann")
    turn = store.begin_turn(ann, None, "hello", "m")
    full(store)
    store.save_draft(ann, turn.reply.id, 1, "x" * 1_000_000, "")
    space(store)
    store.check()
    assert "a draft was not saved" in caplog.text
    assert store.message(ann, turn.reply.id).body == ""


def test_check_tells_that_nothing_can_be_written(store):
    store.check()
    store._writer.call(lambda db: db.execute("pragma query_only = 1").close())
    with pytest.raises(StoreError, match="cannot be written"):
        store.check()


def test_of_many_writers_at_once_none_is_lost(store):
    ann = store.owner("ann")
    sessions = [store.begin_turn(ann, None, "hello", "m").session.id for _ in range(20)]
    threads = [
        threading.Thread(target=store.rename_session, args=(ann, session_id, f"title {i}"))
        for i, session_id in enumerate(sessions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.session(ann, i).title for i in sessions] == [f"title {i}" for i in range(20)]


def test_readers_cannot_write(store):
    with store._readers.lend() as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("delete from messages")


def test_the_sidebar_reads_nothing_but_its_index(store):
    with store._readers.lend() as db:
        plan = db.execute(
            f"explain query plan select {rows.SESSION} from sessions"
            " where owner_n = 1 and deleted_at is null order by updated_at desc limit 50"
        ).fetchall()
    assert [row[3] for row in plan] == [
        "SEARCH sessions USING COVERING INDEX sessions_list (owner_n=?)"
    ]


def test_a_list_of_messages_reads_no_bytes_of_their_files(path):
    """Shown on a file where every page that holds those bytes was spoiled."""
    store = SqliteStore(path)
    ann = store.owner("ann")
    big = File("big.png", "image/png", b"\xab" * 1_000_000, None)
    turn = store.begin_turn(ann, None, "look", "m", attachments=[big])
    store.close()
    pages = [path.read_bytes()[at : at + 4096] for at in range(0, path.stat().st_size, 4096)]
    path.write_bytes(b"".join(b"\xff" * 4096 if p.count(0xAB) > 4000 else p for p in pages))
    store = SqliteStore(path)
    [attachment] = store.messages(ann, turn.session.id)[0].attachments
    assert attachment.size == 1_000_000
    with pytest.raises(StoreError):
        store.file(ann, attachment.id)
    store.close()


def test_what_is_counted_is_read_from_one_range_of_one_index(store):
    with store._readers.lend() as db:
        plan = db.execute(f"explain query plan {records.RECORDS}", [0, 1, 1, 1]).fetchall()
    assert [row[3] for row in plan if "sessions" not in row[3] and "messages" in row[3]] == [
        "SEARCH messages USING COVERING INDEX messages_figures (id>? AND id<?)"
    ]


def words(path, match):
    return sql(path, "select rowid from messages_fts where messages_fts match ?", match)


def test_the_index_follows_a_reply_from_stream_to_deletion(store, path):
    ann = store.owner("ann")
    turn = store.begin_turn(ann, None, "lighthouse", "m")
    store.save_draft(ann, turn.reply.id, 1, "half a cormorant", "")
    assert words(path, "lighthouse") == [(turn.prompt.id,)]
    assert words(path, "cormorant") == []
    store.finish_reply(ann, turn.reply.id, "done", "a whole cormorant")
    assert words(path, "cormorants") == [(turn.reply.id,)]
    store._writer.call(lambda db: db.execute("delete from sessions").close())
    assert words(path, "cormorant") == []
    sql(path, "insert into messages_fts(messages_fts, rank) values ('integrity-check', 1)")


CRASH = """
import sys, threading, time
from pathlib import Path
from chatcore.store.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
ann = store.owner("ann")
n = 0
while True:
    n += 1
    turn = store.begin_turn(ann, None, f"prompt {n}", "m")
    print(turn.session.id, flush=True)
    store.save_draft(ann, turn.reply.id, 1, "draft", "")
    if n % 2:
        store.finish_reply(ann, turn.reply.id, "done", f"reply {n}")
"""


def test_kill_9_loses_no_prompt_that_was_stored(path):
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", CRASH, str(path)], stdout=subprocess.PIPE, text=True
        )
        stored = [child.stdout.readline().strip() for _ in range(20)]
        os.kill(child.pid, signal.SIGKILL)
        stored += child.communicate()[0].split()
        store = SqliteStore(path)
        ann = store.owner("ann")
        assert all(store.messages(ann, session_id) for session_id in stored)
        store.recover()
        store.close()
    assert sql(path, "pragma integrity_check") == [("ok",)]
    assert not sql(path, "select 1 from messages where state = 'streaming'")
    sql(path, "insert into messages_fts(messages_fts, rank) values ('integrity-check', 1)")


def test_a_closed_writer_takes_no_more(path):
    SqliteStore(path).close()
    writer = Writer(path)
    writer.close()
    with pytest.raises(StoreError, match="shutting down"):
        writer.submit(lambda _: None)


def test_a_draft_that_waits_is_not_replaced_by_another_owners(store):
    ann, bob = store.owner("ann"), store.owner("bob")
    reply = store.begin_turn(ann, None, "hello", "m").reply.id
    busy = threading.Event()
    store._writer.submit(lambda _db: busy.wait(30))
    store.save_draft(ann, reply, 1, "so far", "")
    store.save_draft(bob, reply, 2, "forged", "")
    busy.set()
    store.check()  # all drafts before it are on disk
    assert store.message(ann, reply).body == "so far"
