"""What a visitor sent, or a model server answered, did more than it says."""

import ast
import re

import pytest

from chatcore import attachments
from tests.browser.server import ROOT
from tests.fake_ollama import Status
from tests.test_generations import followed, start

SQL = re.compile(r"\s*(select|insert|update|delete|with|pragma)\b|\{change\}")
CONSTANT = re.compile(r"(\w+\.)?[A-Z_]+")
TAKES_SQL_AT = {
    ("__init__", "_change"): 2,
    ("__init__", "_change_next"): 2,
    ("__init__", "attached"): 3,
    ("tokens", "_change"): 0,
}
OF_OUR_OWN = {"assignment", "change", "columns", "table", "column"}
"""What holds it: parameters of these functions, and what loops over constants name."""


def test_cve_2026_45401_cve_2026_31943_a_redirect_of_the_model_server_is_not_followed(
    generations, ann, fake
):
    """A redirect led to addresses inside the network."""
    fake.reply(Status(302, "{}"))
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
    for path in (ROOT / "chatcore/store/sqlite").glob("*.py"):
        for made in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(made, ast.JoinedStr) and SQL.match(ast.unparse(made)[2:]):
                put_in = {
                    ast.unparse(v.value) for v in made.values if isinstance(v, ast.FormattedValue)
                }
                assert all(map(CONSTANT.fullmatch, put_in - OF_OUR_OWN)), put_in


def test_cve_2025_67644_what_our_own_functions_put_into_sql_is_constant():
    for path in (ROOT / "chatcore/store/sqlite").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1]
            if (at := TAKES_SQL_AT.get((path.stem, called))) is not None:
                sql = call.args[at]
                assert isinstance(sql, ast.Constant) or CONSTANT.fullmatch(ast.unparse(sql))


def test_cve_2026_28277_what_is_stored_is_read_as_json_alone():
    """Objects were made of what the database held, and code was run."""
    for path in (ROOT / "chatcore").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            assert not {*names} & {"pickle", "marshal", "shelve", "msgpack", "yaml", "dill"}, path
