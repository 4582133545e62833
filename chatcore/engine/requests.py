"""Reads the bodies of /api/chat and /api/generate: what is asked, or why it is refused.

Knows nothing of how a reply is made.
"""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from chatcore.engine.durations import keep_alive_seconds
from chatcore.engine.llama import Message
from chatcore.engine.options import Options, parse_options
from chatcore.engine.refusals import Refused
from chatcore.engine.served import ServedModel

Body = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One reply to make. Nothing to reply to means: only load the model, or unload it."""

    model: str
    prompt: list[Message] | str  # a str is given to the model as it is
    options: Options
    keep_alive: float
    constraint: dict[str, object]  # the JSON schema to hold to, under llama.cpp's name
    stream: bool
    truncate: bool = True  # a prompt that is too long is cut, and else refused


def parse_body(raw: bytes) -> Body:
    if not raw.strip():
        raise Refused(400, "missing request body")
    try:
        body = json.loads(raw, parse_constant=_not_json)
    except (ValueError, RecursionError) as exc:
        raise Refused(400, f"the request body is not valid JSON: {exc}") from exc
    if not isinstance(body, dict):
        raise Refused(400, "the request body must be a JSON object")
    return body


def requested_model(body: Body, served: ServedModel) -> str:
    name = body.get("model") or body.get("name")
    if not name:
        raise Refused(400, "model is required")
    if not isinstance(name, str) or not served.answers_to(name):
        raise Refused(404, f"model '{name}' not found")
    return name


def chat_job(body: Body, served: ServedModel) -> Job:
    name = requested_model(body, served)
    if body.get("tools"):
        raise Refused(400, f"{name} does not support tools")
    messages = body.get("messages")
    if messages is None:
        messages = []
    if not isinstance(messages, list):
        raise Refused(400, "messages must be an array")
    return _job(name, served, body, [_message(name, item) for item in messages])


def generate_job(body: Body, served: ServedModel) -> Job:
    name = requested_model(body, served)
    for field in ("context", "suffix", "template"):
        if body.get(field):
            raise Refused(400, f"{name} does not support {field}")
    _refuse_images(name, body)
    prompt, system = _text(body, "prompt"), _text(body, "system")
    if not prompt or body.get("raw"):
        return _job(name, served, body, prompt)
    messages = [{"role": "system", "content": system}] if system else []
    return _job(name, served, body, [*messages, {"role": "user", "content": prompt}])


def _job(name: str, served: ServedModel, body: Body, prompt: list[Message] | str) -> Job:
    if body.get("think"):
        raise Refused(400, f'"{name}" does not support thinking')
    return Job(
        model=name,
        prompt=prompt,
        options=parse_options(body.get("options"), served.parameters),
        keep_alive=keep_alive_seconds(body.get("keep_alive")),
        constraint=_constraint(body.get("format")),
        stream=body.get("stream") is not False,
        truncate=body.get("truncate") is not False,
    )


def _message(name: str, item: object) -> Message:
    if not isinstance(item, dict) or not isinstance(item.get("role"), str):
        raise Refused(400, "every message must be an object with a role")
    _refuse_images(name, item)
    if item.get("tool_calls") or item["role"] == "tool":
        raise Refused(400, f"{name} does not support tools")
    return {"role": item["role"].lower(), "content": _text(item, "content")}


def _refuse_images(name: str, holder: Body) -> None:
    if holder.get("images"):
        raise Refused(400, f"{name} does not support images")


def _text(holder: Body, field: str) -> str:
    value = holder.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(400, f"{field} must be a string")
    # A lone surrogate is legal JSON and is no text.
    return value.encode("utf-8", errors="replace").decode()


def _constraint(wanted: object) -> dict[str, object]:
    if wanted is None or wanted == "":
        return {}
    if wanted == "json":
        return {"json_schema": {"type": "object"}}
    if isinstance(wanted, dict):
        return {"json_schema": wanted}
    raise Refused(
        400, f'invalid format: {json.dumps(wanted)}; expected "json" or a valid JSON Schema object'
    )


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")
