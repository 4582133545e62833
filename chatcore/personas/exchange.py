"""A persona as a JSON file, to take along and to give away. Pure."""

import json

from chatcore.errors import PersonaRefused
from chatcore.personas.persona import Persona, parse

MARK, VERSION = "hearth_persona", 1
MOST_BYTES = 1_000_000


def write(persona: Persona) -> str:
    return json.dumps({MARK: VERSION, **persona.as_json()}, ensure_ascii=False, indent=1) + "\n"


def read(data: bytes) -> Persona:
    """Raises PersonaRefused, which names the field that is wrong."""
    if len(data) > MOST_BYTES:
        raise PersonaRefused(f"A persona's file has at most {MOST_BYTES:,} bytes.")
    try:
        given = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PersonaRefused("This file is no JSON: export a persona to see its form.") from error
    if not isinstance(given, dict) or MARK not in given:
        raise PersonaRefused(f'{MARK}: missing, so this is no persona; its file has "{MARK}": 1.')
    version = given.pop(MARK)
    if type(version) is not int or version != VERSION:  # true is 1 to Python
        raise PersonaRefused(f"{MARK}: not {VERSION}, so another version of Hearth made it.")
    return parse(given)


def file_name(persona: Persona) -> str:
    """Of letters and digits alone, whatever its name holds."""
    words = "".join(c if c.isalnum() and c.isascii() else " " for c in persona.name.lower()).split()
    return f"{'-'.join(words)[:60] or 'persona'}.json"
