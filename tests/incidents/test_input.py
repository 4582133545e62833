"""What a visitor sent, or a model server answered, did more than it says."""

import ast

import pytest

from chatcore import attachments
from tests.browser.server import ROOT
from tests.fake_ollama import Status
from tests.incidents import sql
from tests.test_generations import followed, start


def test_cve_2026_45401_cve_2026_31943_a_redirect_of_the_model_server_is_not_followed(
    generations, ann, fake
):
    """A redirect led to addresses inside the network."""
    fake.reply(Status(307, "{}"))
    generation = start(generations, ann, "hello")
    followed(generation)
    assert len(fake.requests) == 1
    assert generation.error


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", r"C:\x\y.txt", "a\0b.txt", "n" * 4096, "..", "/"]
)
def test_cve_2026_28414_a_file_name_never_reaches_the_disk(name, store, ann, tmp_path):
    """Path traversal by the name of an upload."""
    before = sorted(tmp_path.rglob("*"))
    file = attachments.read(name, b"text")
    store.begin_turn(ann, None, "look", "m", attachments=[file])
    assert sorted(tmp_path.rglob("*")) == before
    assert "/" not in file.name
    assert len(file.name) <= 255


def test_cve_2024_12537_an_endless_reply_is_ended(generations_with, ann, fake):
    """Nothing limited what one request could take."""
    fake.reply(*["word " * 100] * 100)
    generation = start(generations_with(reply_characters=1000), ann, "hello")
    followed(generation)
    assert "was ended after 1,000 characters" in str(generation.error)
    assert len(generation.body) < 2000


def test_cve_2025_67644_no_sql_is_made_of_what_a_visitor_sends():
    """The key of a filter became part of the query."""
    assert sql.not_constant() == []


@pytest.mark.parametrize(
    "made",
    [
        "db.execute(f'select {word}')",
        "db.execute('select ' + word)",
        "db.execute('select %s' % word)",
        "db.execute('select {}'.format(word))",
        "db.execute(' and '.join(word))",
        "db.execute(word)",
        "db.query(sql=word)",
        "sql = 'select 1'; sql += f' where {word}'; db.execute(sql)",
        "sql = 'select 1'\n if word: sql = word\n db.execute(sql)",
        "self._writer.call(lambda db: db.execute(f'delete from {word}'))",
        "[db.execute(f'select {each}') for each in word]",
        "self._change(owner, session_id, word)",
        "_one(db, 'select ' + word)",
    ],
)
def test_cve_2025_67644_sql_that_is_made_of_something_is_seen(made):
    assert sql.Source(f"def find(db, word):\n {made}").not_constant()


def test_cve_2026_28277_what_is_stored_is_read_as_json_alone():
    """Objects were made of what the database held, and code was run."""
    for path in (ROOT / "chatcore").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            assert not {*names} & {"pickle", "marshal", "shelve", "msgpack", "yaml", "dill"}, path
