"""The routes of the Ollama API, and honest errors for those a one-file engine cannot offer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from chatcore import __version__
from chatcore.engine.generation import Chunk, reply
from chatcore.engine.guard import LoopbackOnly
from chatcore.engine.model import Model
from chatcore.engine.refusals import Refused
from chatcore.engine.replies import Reply
from chatcore.engine.requests import chat_job, generate_job, parse_body, requested_model

_CANNOT = {
    "/api/pull": "download models",
    "/api/push": "upload models",
    "/api/create": "create models",
    "/api/copy": "copy models",
    "/api/delete": "delete models",
    "/api/embed": "embed text",
    "/api/embeddings": "embed text",
}


def create_app(model: Model) -> Starlette:
    api = _Api(model)
    routes = [
        Route("/", _root),
        Route("/api/version", _version),
        Route("/api/tags", api.tags),
        Route("/api/ps", api.ps),
        Route("/api/show", api.show, methods=["POST"]),
        Route("/api/chat", api.chat, methods=["POST"]),
        Route("/api/generate", api.generate, methods=["POST"]),
        *(Route(path, _cannot(what), methods=["POST", "DELETE"]) for path, what in _CANNOT.items()),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        model.unload()

    return Starlette(
        routes=routes,
        middleware=[Middleware(LoopbackOnly)],
        exception_handlers={Refused: _refused, HTTPException: _http_error},
        lifespan=lifespan,
    )


class _Api:
    def __init__(self, model: Model) -> None:
        self._model = model
        self._served = model.served

    def tags(self, _: Request) -> Response:
        # Not async: the first call may hash the file, which Starlette then does in a thread.
        return JSONResponse({"models": [self._served.tag()]})

    async def ps(self, _: Request) -> Response:
        return JSONResponse({"models": self._model.running()})

    async def show(self, request: Request) -> Response:
        requested_model(parse_body(await request.body()), self._served)
        return JSONResponse(self._served.show())

    async def chat(self, request: Request) -> Reply:
        job = chat_job(parse_body(await request.body()), self._served)
        return Reply(reply(self._model, job), _as_message, job.stream)

    async def generate(self, request: Request) -> Reply:
        job = generate_job(parse_body(await request.body()), self._served)
        return Reply(reply(self._model, job), _as_response, job.stream)


def _as_message(text: str) -> Chunk:
    return {"message": {"role": "assistant", "content": text}}


def _as_response(text: str) -> Chunk:
    return {"response": text}


async def _root(_: Request) -> Response:
    return PlainTextResponse("Ollama is running")


async def _version(_: Request) -> Response:
    return JSONResponse({"version": f"{__version__}-hearth"})


def _cannot(what: str) -> Callable[[Request], Awaitable[Response]]:
    message = f"the built-in engine cannot {what}; install Ollama from ollama.com for that"

    async def endpoint(_: Request) -> Response:
        return JSONResponse({"error": message}, 501)

    return endpoint


async def _refused(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, Refused)
    return JSONResponse({"error": exc.message}, exc.status)


async def _http_error(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    return JSONResponse({"error": exc.detail.lower()}, exc.status_code)
