"""Who may import whom: the rooms have doors. And what may stand in an error."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chatcore import errors

ROOT = Path(__file__).parents[1]
EVERYWHERE = {"types", "errors", "options"}
MAY_IMPORT = {
    "types": {"options"},
    "errors": set(),
    "settings": EVERYWHERE,
    "blank": set(),
    "clock": set(),
    "ids": set(),
    "structure": set(),
    "blocks": {"structure"},
    "markdown": {"blocks", "structure"},
    "context": EVERYWHERE | {"wire"},
    "wire": {"types"},
    "pdf": EVERYWHERE,
    "attachments": EVERYWHERE | {"pdf"},
    "identity": EVERYWHERE,
    "sharing": {"types"},
    "transfer": {"transfer", "types"},
    "client": EVERYWHERE,
    "engine": EVERYWHERE | {"engine"},
    "options": {"errors"},
    "personas": EVERYWHERE | {"blank", "options", "personas"},
    "repeating": EVERYWHERE,
    "stats": {"types"},
    "counting": {"context", "types"},
    "store": EVERYWHERE | {"store", "blank", "clock", "counting", "sharing", "personas", "wire"},
    "host": EVERYWHERE | {"settings", "client", "engine"},
    "naming": {"types"},
    "line": EVERYWHERE,
    "generation": EVERYWHERE,
    "summing": set(),
    "trial": EVERYWHERE | {"personas"},
    "voice": {"context", "counting", "personas", "types"},
    "memory": EVERYWHERE
    | {"context", "counting", "options", "personas", "summing", "settings", "store"}
    | {"trial", "voice", "wire"},
    "asking": EVERYWHERE
    | {"naming", "generation", "memory", "client", "settings", "store", "trial", "wire"},
    "errands": EVERYWHERE | {"asking", "client", "host", "line", "store"},
    "generations": EVERYWHERE
    | {
        "asking",
        "generation",
        "line",
        "errands",
        "repeating",
        "saving",
        "client",
        "host",
        "settings",
        "store",
        "trial",
    },
    "saving": EVERYWHERE | {"generation", "store"},
    "secret": EVERYWHERE | {"settings"},
    "asked": set(),
    "news": {"types"},
    "tabs": set(),
    "service": EVERYWHERE
    | {"settings", "store", "host", "generations", "identity", "memory", "secret", "tabs", "asked"},
    "web": EVERYWHERE
    | {
        "web",
        "asked",
        "news",
        "blank",
        "clock",
        "ids",
        "service",
        "settings",
        "identity",
        "generation",
        "sharing",
        "transfer",
    },
    "ui": EVERYWHERE
    | {
        "ui",
        "asked",
        "news",
        "blank",
        "clock",
        "ids",
        "service",
        "store",
        "identity",
        "generation",
        "memory",
        "personas",
        "options",
        "trial",
        "context",
        "blocks",
        "markdown",
        "attachments",
        "stats",
        "sharing",
        "qr",
    },
    "qr": set(),
    "pairing": EVERYWHERE | {"qr", "settings", "store"},
    "__main__": EVERYWHERE | {"engine", "pairing", "settings"},
    "app": {"errors", "service", "ui", "web"},
    "frame": {"errors", "ui"},
    "pages": {"ui"},
}


def modules():
    return sorted((ROOT / "chatcore").rglob("*.py"))


def entrances():
    """What Streamlit runs, above all of chatcore."""
    return [ROOT / "app.py", ROOT / "frame.py", *sorted((ROOT / "pages").glob("*.py"))]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "chatcore":
            yield from (f"chatcore.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def room_of(path):
    return path.relative_to(ROOT).as_posix().removeprefix("chatcore/").split("/")[0].split(".")[0]


@pytest.mark.parametrize(
    "path", [*modules(), *entrances()], ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_a_module_imports_only_the_rooms_below_it(path):
    room = room_of(path)
    if room == "__init__":
        assert list(imports(path)) == []
        return
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("chatcore.")}
    assert ours - {"__version__"} <= MAY_IMPORT[room]


def test_nothing_below_imports_an_entrance():
    entered = {room_of(path) for path in entrances()}
    for path in modules():
        assert not entered & {name.split(".")[0] for name in imports(path)}, path


def test_streamlit_is_known_only_where_pages_are_made():
    users = {p.relative_to(ROOT).as_posix() for p in modules() if "streamlit" in set(imports(p))}
    assert users
    assert all(name.startswith("chatcore/ui/") for name in users)


@pytest.mark.parametrize(
    ("library", "room"),
    [
        ("sqlite_utils", "chatcore/store/sqlite/"),
        ("ollama", "chatcore/client.py"),
        ("xllamacpp", "chatcore/engine/"),
        ("pypdf", "chatcore/pdf.py"),
        ("segno", "chatcore/qr.py"),
        ("markdown_it", "chatcore/transfer/html.py"),
    ],
)
def test_a_library_has_one_room(library, room):
    everywhere = [*modules(), *entrances()]
    users = [p.relative_to(ROOT).as_posix() for p in everywhere if library in set(imports(p))]
    assert users
    assert all(name.startswith(room) for name in users)


def test_importing_the_core_brings_no_streamlit():
    code = "import sys, chatcore.service; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def errors_made(path):
    """The first words of each error of ours, as the program writes them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func).rpartition(".")[2]
            kind = vars(errors).get(called)
            if called == "refused" or (isinstance(kind, type) and issubclass(kind, Exception)):
                yield ast.unparse(node.args[0])


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_error_tells_where_a_file_is(path):
    """Whoever comes by may read it. The log may say it, and the name of a model's file is one."""
    for words in errors_made(path):
        assert not re.search(r"{[^}]*path(?!\.name)\b", words), words
