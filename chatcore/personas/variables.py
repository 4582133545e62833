"""The variables of a system prompt: {{date}} and the like, and a persona's own. Pure.

A value is put in as it is: what looks like a variable in it stays as it was typed.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime

VARIABLE = re.compile(r"\{\{\s*(\w{1,40})\s*\}\}")
BRACED = re.compile(r"\{\{(?:[^{}]|\{(?!\{)|\}(?!\}))*\}\}")  # whatever is in them
GIVEN = ("date", "time", "weekday", "locale", "model")
"""Those that every persona has."""


def used(text: str) -> list[str]:
    """Their names, each once, in the order in which they come."""
    return list(dict.fromkeys(VARIABLE.findall(text)))


def unknown(text: str, own: Collection[str]) -> list[str]:
    """What looks like one and nothing fills, braces and all: it is sent as it stands."""
    known = {*GIVEN, *own}
    found = dict.fromkeys(braced[0] for braced in BRACED.finditer(text))
    return [each for each in found if known.isdisjoint(used(each))]


def values(
    text: str, now: datetime, locale: str, model: str, own: Mapping[str, str]
) -> dict[str, str]:
    """What those in the text are now, `now` as the visitor's clock has it."""
    given = {
        "date": f"{now.day} {now:%B %Y}",
        "time": f"{now:%H:%M}",
        "weekday": f"{now:%A}",
        "locale": locale,
        "model": model,
    }
    known = dict(own) | given
    return {name: known[name] for name in used(text) if name in known}


def fill(text: str, values: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)
