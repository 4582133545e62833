"""Every error as a route tells it: a status and our sentence; of the API with a code, and a hint
for who programs.

The one table is STATUS. No answer holds more of an error than this.
"""

import logging
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from chatcore import errors
from chatcore.errors import ChatError

log = logging.getLogger(__name__)


class Invalid(ChatError):
    """A field of the request, named, has a value that cannot be used."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}.")
        self.field = field


class Unauthorized(ChatError):
    """The token is nobody's."""


class ForeignOrigin(ChatError):
    """A page of another host asked, or a browser that does not say which page did."""


class NotJson(ChatError):
    """The content type of a body is another."""


class TooLarge(ChatError):
    """A body has more bytes than are taken."""


class TooMany(ChatError):
    """The owner has asked too often."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many requests: wait {seconds} s, then send it again.")
        self.seconds = seconds


class Told(NamedTuple):
    status: int
    code: str
    hint: str


STATUS: dict[type[ChatError], Told] = {
    ChatError: Told(400, "refused", "Nothing was changed."),
    Invalid: Told(422, "invalid", "See /api/openapi.json for what is expected."),
    Unauthorized: Told(401, "unauthorized", "Make a token on the Settings page."),
    errors.NoIdentity: Told(401, "no_identity", "Sign in, or send a token."),
    ForeignOrigin: Told(
        403, "foreign_origin", "Send a token, or an Origin header that names this server."
    ),
    NotJson: Told(415, "not_json", "Send the body as application/json."),
    TooLarge: Told(413, "too_large", "Send less at once."),
    TooMany: Told(429, "too_many_requests", "Retry-After says when."),
    errors.PromptTooLong: Told(413, "prompt_too_long", "Send less at once."),
    errors.TooBusy: Told(429, "too_busy", "Retry-After says when to try again."),
    errors.SessionNotFound: Told(404, "session_not_found", "GET /api/sessions lists yours."),
    errors.SessionExists: Told(409, "session_exists", "Leave session_id out to get a new one."),
    errors.MessageNotFound: Told(404, "message_not_found", "GET /api/session/{id} has the ids."),
    errors.AlreadyGenerating: Told(
        409, "already_generating", "Follow the reply at /api/messages/{id}/stream, or stop it."
    ),
    errors.KeyReused: Told(409, "key_reused", "Use another key for another message."),
    errors.PromptNotFound: Told(404, "prompt_not_found", "GET /prompts lists yours."),
    errors.PairingRefused: Told(409, "pairing_refused", "Make another link."),
    errors.ModelNotFound: Told(404, "model_not_found", "GET /api/models lists the models."),
    errors.ServerUnreachable: Told(503, "server_unreachable", "See whether Ollama runs."),
    errors.EngineError: Told(503, "engine_error", "See the server's log."),
    errors.ServerError: Told(502, "server_error", "Try again, or another model."),
    errors.DiskFull: Told(507, "disk_full", "Nothing was stored."),
    errors.StoreError: Told(503, "store_error", "Nothing was stored."),
    errors.SettingsError: Told(503, "settings_error", "See the server's log."),
}
BUSY_FOR = 5  # seconds; when a place in the line gets free is not known


def told(error: ChatError) -> dict[str, str]:
    """As the body of an answer has it under `error`, and the event of a stream."""
    entry = _entry(error)
    field = {"field": error.field} if isinstance(error, Invalid) else {}
    return {"code": entry.code, "message": str(error), "hint": entry.hint} | field


def status_of(error: ChatError) -> int:
    return _entry(error).status


def as_text(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ChatError)
    return PlainTextResponse(str(error), status_of(error), {"cache-control": "no-store"})


def as_json(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ChatError)
    headers = {}
    if isinstance(error, TooMany | errors.TooBusy):
        seconds = error.seconds if isinstance(error, TooMany) else BUSY_FOR
        headers = {"retry-after": str(seconds)}
    if isinstance(error, TooLarge):
        headers = {"connection": "close"}  # the rest of the body is not waited for
    if isinstance(error, Unauthorized):
        headers = {"www-authenticate": "Bearer"}
    return JSONResponse({"error": told(error)}, status_of(error), headers)


def not_routed(_request: Request, error: Exception) -> Response:
    """No such address, or not with this method."""
    assert isinstance(error, HTTPException)
    known = error.status_code == 405
    content = {
        "code": "method_not_allowed" if known else "not_found",
        "message": f"This address does not take {_request.method}."
        if known
        else "There is no such address here.",
        "hint": "See /api/openapi.json for what there is.",
    }
    return JSONResponse({"error": content}, error.status_code, error.headers)


def mistake(_request: Request, _error: Exception) -> Response:
    """Ours. Starlette raises it again, so that the log has all of it."""
    content = {
        "code": "mistake",
        "message": "Hearth made a mistake here: its log says more.",
        "hint": "Report it with the lines of the log.",
    }
    return JSONResponse({"error": content}, 500)


def _entry(error: ChatError) -> Told:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
