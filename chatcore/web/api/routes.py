"""From the table of operations to routes: who asks, how often, what exactly; then the answer."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from chatcore.errors import ChatError
from chatcore.service import Hearth, hearth
from chatcore.web import refusals
from chatcore.web.api import credentials, events, limits, openapi
from chatcore.web.api.credentials import Caller
from chatcore.web.api.operations import OPERATIONS, Operation
from chatcore.web.owner import NOBODY
from chatcore.web.peer import sender
from chatcore.web.refusals import Invalid, NotJson, Unauthorized

Endpoint = Callable[[Request], Awaitable[Response]]

PRIVATE = {"cache-control": "no-store"}
STREAMED = PRIVATE | {"x-accel-buffering": "no"}  # nginx would keep events back


def api() -> Starlette:
    """What is mounted at /api."""
    minute = limits.Minute()
    resources: dict[str, dict[str, Endpoint]] = {}
    for operation in OPERATIONS:
        methods = resources.setdefault(operation.path, {})
        methods[operation.method] = _endpoint(operation, minute)
    app = Starlette(
        routes=[
            *(_route(path, methods) for path, methods in resources.items()),
            Route("/openapi.json", _openapi),
        ],
        exception_handlers={
            ChatError: refusals.as_json,
            HTTPException: refusals.not_routed,
            Exception: refusals.mistake,
        },
    )
    app.router.redirect_slashes = False
    return app


def _route(path: str, methods: dict[str, Endpoint]) -> Route:
    """One for all methods, so that who comes with another is told which there are."""

    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method](request)

    return Route(path, answer, methods=list(methods))


async def _openapi(_request: Request) -> Response:
    return JSONResponse(openapi.document(), headers={"cache-control": "no-cache"})


def _endpoint(operation: Operation, minute: limits.Minute) -> Endpoint:
    async def answer(request: Request) -> Response:
        services = await run_in_threadpool(hearth)
        caller = await _caller(services, request, operation, minute)
        asked = await _asked(services, request, operation, caller)
        result = await run_in_threadpool(operation.does, services, caller.owner, asked)
        if isinstance(result, BaseModel):
            return JSONResponse(result.model_dump(), operation.status, PRIVATE)
        last_event_id = getattr(asked, "last_event_id", None)
        stream = events.follow(services, caller.owner, *result, last_event_id)
        return StreamingResponse(stream, media_type="text/event-stream", headers=STREAMED)

    return answer


async def _caller(
    services: Hearth, request: Request, operation: Operation, minute: limits.Minute
) -> Caller:
    """Whom nobody knows, or who has nothing yet, is counted by the address, also before becoming
    an owner: cookies are to be had for nothing."""
    per_minute = services.settings.requests_per_minute
    address = sender(request.scope, services.settings.trusted_proxies)
    is_stranger = await run_in_threadpool(credentials.is_stranger, services, request)
    if is_stranger:
        minute.take(address, per_minute)
    try:
        caller = await run_in_threadpool(credentials.known, services, request)
    except Unauthorized:
        minute.take(address, per_minute)
        if not operation.open_to_all:
            raise
        return Caller(NOBODY, by_token=True)
    if not is_stranger:
        minute.take(caller.owner if caller else address, per_minute)
    if caller is None:
        open_to_all = operation.open_to_all
        caller = await run_in_threadpool(credentials.newcomer, services, request, open_to_all)
    return caller


async def _asked(
    services: Hearth, request: Request, operation: Operation, caller: Caller
) -> BaseModel:
    known = operation.asked(request.path_params, request.query_params, request.headers)
    content: Any = {}
    if operation.has_body:
        if not caller.by_token and not _is_json(request):
            raise NotJson("A body is taken as application/json only: say so in Content-Type.")
        most = limits.BYTES_PER_CHARACTER * services.settings.prompt_characters
        content = _parsed(await limits.body(request, most))
        if isinstance(content, list) and "messages" in operation.asks.model_fields:
            content = {"messages": content}
        if not isinstance(content, dict):
            raise Invalid("body", "Input should be an object")
        if operation.in_query:
            _valid(operation, content)  # also what the query has another word on
    return _valid(operation, content | known)


def _valid(operation: Operation, fields: dict[str, Any]) -> BaseModel:
    try:
        return operation.asks.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Invalid(field, first["msg"].removeprefix("Value error, ")) from None


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    return kind == "application/json"


def _parsed(content: bytes) -> Any:
    try:
        return from_json(content)
    except ValueError as error:
        raise Invalid("body", f"It is no JSON ({error})") from None
