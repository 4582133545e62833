"""The `options` of a request: checked, given Ollama's defaults, named as llama.cpp names them.

Knows nothing of models or prompts. Unknown options are ignored, as Ollama ignores them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chatcore.engine.refusals import Refused

DEFAULT_NUM_CTX = 4096
_SMALLEST_NUM_CTX = 4
_INTEGERS = {"num_ctx", "num_predict", "seed", "top_k", "repeat_last_n"}
_FLOATS = {
    "temperature", "top_p", "min_p", "typical_p",
    "repeat_penalty", "presence_penalty", "frequency_penalty",
}  # fmt: skip
_DEFAULTS: dict[str, object] = {
    "num_ctx": DEFAULT_NUM_CTX,
    "num_predict": -1,
    "seed": -1,
    "temperature": 0.8,
    "top_k": 40,
    "top_p": 0.9,
    "min_p": 0.0,
    "typical_p": 1.0,
    "repeat_last_n": 64,
    "repeat_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "stop": [],
}
_LIMIT = 2**31 - 1
_NONE: Mapping[str, object] = {}


@dataclass(frozen=True)
class Options:
    num_ctx: int
    num_predict: int  # negative: as many as fit
    seed: int | None
    sampling: dict[str, object]  # the rest, under llama.cpp's names


def parse_options(given: object, parameters: Mapping[str, object] = _NONE) -> Options:
    """parameters: the model's own, which stand where the request gives none."""
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise Refused(400, "options must be an object")
    known = {key: _checked(key, value) for key, value in given.items() if key in _DEFAULTS}
    values = (
        _DEFAULTS
        | dict(parameters)
        | {key: value for key, value in known.items() if value is not None}
    )
    return Options(
        num_ctx=max(_SMALLEST_NUM_CTX, _integer(values.pop("num_ctx"))),
        num_predict=_integer(values.pop("num_predict")),
        seed=_seed(_integer(values.pop("seed"))),
        sampling=values,
    )


def _checked(key: str, value: object) -> object:
    if value is None:
        return None
    if key in _INTEGERS:
        return _integer_option(key, value)
    if key in _FLOATS:
        return _float_option(key, value)
    if not isinstance(value, list):
        raise _wrong_type(key, "array")
    if not all(isinstance(item, str) for item in value):
        raise Refused(400, f'option "{key}" must be of an array of strings')
    return [item for item in value if item]


def _integer_option(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong_type(key, "integer")
    if key != "seed" and abs(value) > _LIMIT:
        raise Refused(400, f'option "{key}" is out of range')
    return int(value)


def _float_option(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong_type(key, "float32")
    if abs(value) > _LIMIT:
        raise Refused(400, f'option "{key}" is out of range')
    return float(value)


def _wrong_type(key: str, kind: str) -> Refused:
    return Refused(400, f'option "{key}" must be of type {kind}')


def _integer(value: object) -> int:
    assert isinstance(value, int)
    return value


def _seed(value: int) -> int | None:
    """-1 asks for a new seed each time, as the greatest of llama.cpp's 32 bits does there."""
    return None if value == -1 else value % (2**32 - 1)
