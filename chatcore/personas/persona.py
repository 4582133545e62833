"""A persona, its limits, and what is refused as one."""

import re
from collections import Counter
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic import Field as Of

from chatcore.blank import is_blank
from chatcore.errors import PersonaRefused
from chatcore.options import Options
from chatcore.personas.variables import GIVEN, VARIABLE

SYSTEM_CHARACTERS = 100_000
VALUE_CHARACTERS = 2_000
VARIABLES = 100  # used in a system prompt: filled, it is still a text that is counted at once
STARTERS = 8
FIELDS = 8
# Only its form: which emoji and icons there are, is known where they are drawn.
AVATAR = re.compile(r":material/[a-z0-9_]{1,60}:|[0-9#*]?[^\x00-\x7f\s\ud800-\udfff]{1,15}")


def _text(text: str) -> str:
    """Half of a surrogate pair is legal JSON, and could not be stored as it is."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds half of a character, which is no text")
    return text.replace("\0", "")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _not_blank(text: str) -> str:
    if is_blank(text):
        raise ValueError("must hold something that can be seen")
    return text


def _avatar(text: str) -> str:
    if not AVATAR.fullmatch(text):
        raise ValueError("must be one emoji, or an icon by its name, as :material/school:")
    return text


Text = Annotated[str, AfterValidator(_text)]
Line = Annotated[Text, AfterValidator(_one_line)]
NotBlank = AfterValidator(_not_blank)


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Field(_Value):
    """A variable of the persona's own, asked for when a chat starts."""

    name: str = Of(pattern=r"^[^\W\d]\w{0,39}$")
    question: Line = Of(default="", max_length=200)
    default: Text = Of(default="", max_length=VALUE_CHARACTERS)


def _apart(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    names = Counter([*GIVEN, *(field.name for field in fields)])
    if twice := [name for name, n in names.items() if n > 1]:
        raise ValueError(f"{twice[0]} is there already: give it another name")
    return fields


class Persona(_Value):
    name: Annotated[Line, Of(max_length=80), NotBlank]
    avatar: Annotated[str, AfterValidator(_avatar)] = "🎭"
    system: Text = Of(default="", max_length=SYSTEM_CHARACTERS)
    model: Line = Of(default="", max_length=200)
    """"" for any."""
    options: Options = Options()
    starters: tuple[Annotated[Text, Of(max_length=1000), NotBlank], ...] = Of(
        default=(), max_length=STARTERS
    )
    fields: Annotated[tuple[Field, ...], AfterValidator(_apart)] = Of(default=(), max_length=FIELDS)

    def as_json(self) -> dict[str, Any]:
        """All of it, but for options that are not set."""
        return self.model_dump(mode="json") | {"options": self.options.set()}


def parse(given: object) -> Persona:
    """A persona that is new here, as JSON has it. Raises PersonaRefused, which names the field."""
    persona = stored(given)
    if (uses := len(VARIABLE.findall(persona.system))) > VARIABLES:
        raise PersonaRefused(f"system: uses variables {uses:,} times, and may {VARIABLES} times.")
    return persona


def stored(given: object) -> Persona:
    """One that was stored before there was a limit to its variables, too. Raises as parse."""
    try:
        return Persona.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "persona"
        raise PersonaRefused(f"{place}: {first['msg'].removeprefix('Value error, ')}.") from error
