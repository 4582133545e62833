"""What the documents say is what the program does."""

import dataclasses
import re
from pathlib import Path

import pytest

from chatcore.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def documented():
    """The settings table of the README: variable to default."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", README, re.MULTILINE)
    return {variable: default.strip("` ") for variable, default in rows}


def variable(field):
    return "OLLAMA_HOST" if field.name == "ollama_host" else f"HEARTH_{field.name.upper()}"


def test_the_readme_names_every_setting_and_no_other():
    assert set(documented()) == {variable(field) for field in dataclasses.fields(Settings)}


def test_the_readme_tells_the_true_defaults():
    for field in dataclasses.fields(Settings):
        if isinstance(field.default, int) or field.name == "embedded":
            assert documented()[variable(field)] == str(field.default)


def test_the_commands_stand_in_the_first_twenty_lines():
    top = README.splitlines()[:20]
    for command in ("make run", "make test"):
        assert any(line.strip().startswith(command) for line in top)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/api.md",
        "docs/design.md",
        "docs/dependencies.md",
        "docs/export.md",
        "docs/security.md",
    ],
)
def test_every_link_leads_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), target


def test_the_house_in_the_design_is_the_house():
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    for path in (ROOT / "chatcore").iterdir():
        if path.name not in ("__init__.py", "__pycache__"):
            assert path.name in design, path.name
    for path in (ROOT / "chatcore" / "store").glob("[a-z]*.py"):
        assert f"store/{path.name} " in design, path.name
