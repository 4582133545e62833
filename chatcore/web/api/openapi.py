"""/api/openapi.json, made from the table of operations and the models of their bodies."""

from functools import cache
from typing import Any

from pydantic import BaseModel

from chatcore import __version__
from chatcore.errors import ChatError
from chatcore.web.api import bodies
from chatcore.web.api.operations import HEADERS, OPERATIONS, Operation
from chatcore.web.refusals import (
    STATUS,
    ForeignOrigin,
    Invalid,
    NotJson,
    TooLarge,
    TooMany,
)

REF = "#/components/schemas/{model}"
EVENTS = (
    "Server-sent events, each `data:` one JSON object: `session` (session_id, message_id),"
    " `phase`, `delta` (content or thinking), then `done` (the stored message under `message`)"
    " or `error` (code, message, hint)."
)
EVENT = {
    "type": "object",
    "properties": {
        "event": {"enum": ["session", "phase", "delta", "done", "error"]},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}


@cache
def document() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        described = _operation(operation, schemas)
        paths.setdefault(f"/api{operation.path}", {})[operation.method.lower()] = described
    bearer = {"type": "http", "scheme": "bearer", "description": "A token from Settings."}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hearth", "version": __version__},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"token": bearer}},
        "security": [{"token": []}, {}],
    }


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    asks = operation.asks.model_json_schema(ref_template=REF)
    schemas |= asks.pop("$defs", {})
    described: dict[str, Any] = {
        "operationId": operation.does.__name__,
        "summary": operation.summary,
        "parameters": _parameters(operation, asks),
        "responses": _answers(operation, schemas),
    }
    if operation.has_body:
        content = {"application/json": {"schema": _body(operation, asks)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(operation: Operation, asks: dict[str, Any]) -> list[dict[str, Any]]:
    parameters = []
    for name, schema in asks.get("properties", {}).items():
        place = operation.place(name)
        if place == "body" and name not in operation.in_query:
            continue
        parameters.append(
            {
                "name": HEADERS.get(name, name),
                "in": "query" if place == "body" else place,
                "required": place != "body" and name in asks.get("required", ()),
                "schema": _told(schema),
            }
        )
    return parameters


def _told(schema: dict[str, Any]) -> dict[str, Any]:
    """Without null, which a parameter cannot be: it is left out instead."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    kept = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return kept | (choices[0] if choices else {})


def _body(operation: Operation, asks: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in asks["properties"] if operation.place(name) == "body"]
    whole = {
        "type": "object",
        "properties": {name: asks["properties"][name] for name in names},
        "required": [name for name in asks.get("required", ()) if name in names],
    }
    if operation.in_query:  # then the messages alone may be the body
        return {"anyOf": [whole, asks["properties"]["messages"]]}
    return whole


def _answers(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {str(operation.status): _answer(operation, schemas)}
    refusal = {"application/json": {"schema": _schema(bodies.Refusal, schemas)}}
    raised: list[type[ChatError]] = [TooMany, Invalid, *operation.raises]
    if operation.method not in ("GET", "HEAD"):
        raised.append(ForeignOrigin)
    if operation.has_body:
        raised += [TooLarge, NotJson]
    for status in sorted({401, 503, *(STATUS[kind].status for kind in raised)}):
        codes = sorted({told.code for told in STATUS.values() if told.status == status})
        answers[str(status)] = {"description": ", ".join(codes), "content": refusal}
    return answers


def _answer(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    if operation.answers is None:
        return {"description": EVENTS, "content": {"text/event-stream": {"schema": EVENT}}}
    content = {"application/json": {"schema": _schema(operation.answers, schemas)}}
    return {"description": operation.summary, "content": content}


def _schema(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    """A reference to it, with all that it refers to among the schemas."""
    schema = model.model_json_schema(ref_template=REF, mode="serialization")
    schemas |= schema.pop("$defs", {})
    schemas[model.__name__] = schema
    return {"$ref": REF.format(model=model.__name__)}
