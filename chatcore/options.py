"""What a person can set of a reply: options of a request to /api/chat, checked by name. Pure.

A field left as it is, None or empty, is not sent: then the model does as it does by itself.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chatcore.errors import OptionsRefused

Think = Literal["", "on", "off", "low", "medium", "high"]
"""Whether, or how much, a model shall think; "" as it does by itself."""

BESIDE = {"keep_alive", "think"}  # fields of the request itself, not of its `options`
A_TIME = "Input should be a time such as 5m or 2h, 0, or -1 for ever"
Stop = Annotated[str, Field(min_length=1, max_length=100)]


class Options(BaseModel):
    """By the names that Ollama gives them, which are also those of a Modelfile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float | None = Field(
        default=None,
        ge=0,
        le=2,
        description="Higher is more varied, 0 always takes the likeliest word.",
    )
    top_p: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Choose among the likeliest words that together reach this.",
    )
    top_k: int | None = Field(
        default=None, ge=0, le=1000, description="Choose among so many of the likeliest words."
    )
    min_p: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Leave out words less likely than this share of the likeliest.",
    )
    repeat_penalty: float | None = Field(
        default=None,
        ge=0,
        le=2,
        description="Above 1, words that were just used become less likely.",
    )
    seed: int | None = Field(
        default=None, ge=0, lt=2**31, description="The same seed and request give the same reply."
    )
    num_ctx: int | None = Field(
        default=None,
        ge=256,
        le=2**24,
        description="The context window, in tokens, the reply among them.",
    )
    num_predict: int | None = Field(
        default=None, ge=1, le=2**24, description="The reply ends after so many tokens."
    )
    keep_alive: str = Field(
        default="",
        pattern=r"^(|-1|0|[1-9][0-9]{0,6}(ms|s|m|h)?)$",
        description="How long the model stays in memory after the reply: 5m, 2h, 0, -1 for ever.",
    )
    think: Think = Field(default="", description="Whether, or how much, a model shall think.")
    stop: tuple[Stop, ...] = Field(
        default=(), max_length=16, description="The reply ends before one of these is written."
    )

    def set(self) -> dict[str, Any]:
        """Those that are not left as they are, as JSON has them."""
        return {name: value for name, value in self.model_dump(mode="json").items() if _is(value)}

    def over(self, other: Self) -> Self:
        """Each that is set here, and the other's where it is not."""
        return self.model_copy(update={**_fields(other), **_fields(self)})

    def apart_from(self, other: Self) -> dict[str, Any]:
        """As set(), without those that are the same in the other."""
        same = other.set()
        return {name: value for name, value in self.set().items() if same.get(name) != value}

    def wire(self) -> dict[str, Any]:
        """The `options` of the request."""
        return {name: value for name, value in self.set().items() if name not in BESIDE}

    def wire_think(self, possible: tuple[Think, ...]) -> bool | str | None:
        """As /api/chat takes it. What was chosen for another model may not be possible here."""
        if self.think not in possible:
            return None
        return {"on": True, "off": False}.get(self.think, self.think)

    def wire_keep_alive(self) -> int | str | None:
        """As /api/chat takes it: what has no unit counts seconds, and is a number there."""
        bare = self.keep_alive.removeprefix("-").isdigit()
        return int(self.keep_alive) if bare else self.keep_alive or None


USUAL = Options()


class Compact(IntEnum):
    """When the messages that find no room are summed up; else they are left out."""

    NEVER = 0
    ALWAYS = 1
    WHEN_ASKED = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen for a chat."""

    options: Options = USUAL
    compact: Compact = Compact.NEVER


BY_DEFAULT = Choice()


def parse(given: object) -> Options:
    """Options as JSON has them. Raises OptionsRefused, which names the field."""
    try:
        return Options.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "options"
        what = A_TIME if first["type"] == "string_pattern_mismatch" else first["msg"]
        raise OptionsRefused(f"{field}: {what}.") from error


def kept(stored: dict[str, Any]) -> Options:
    """Options as they were stored, without what can no longer be sent."""
    try:
        return Options.model_validate(stored)
    except ValidationError as error:
        refused = {each["loc"][0] for each in error.errors()}
        return Options.model_validate({k: v for k, v in stored.items() if k not in refused})


def _fields(options: Options) -> dict[str, Any]:
    return {name: value for name, value in options if _is(value)}


def _is(value: object) -> bool:
    return value is not None and value not in ("", [], ())
