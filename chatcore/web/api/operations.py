"""The one table of what the API does; the routes and /api/openapi.json are both made from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from chatcore import errors
from chatcore.errors import ChatError
from chatcore.service import Hearth
from chatcore.types import Message
from chatcore.web.api import bodies, chat, sessions

HEADERS = {"idempotency_key": "Idempotency-Key", "last_event_id": "Last-Event-ID"}
"""Fields of a request that may come as a header."""


@dataclass(frozen=True)
class Operation:
    """`does` is given whose request it is, and what is asked as a model of `asks`.

    Where `answers` is None it returns a session's id and a reply, which is then streamed.
    """

    method: str
    path: str
    does: Callable[[Hearth, int, Any], BaseModel | tuple[str, Message]]
    asks: type[BaseModel]
    answers: type[BaseModel] | None
    summary: str
    status: int = 200
    raises: tuple[type[ChatError], ...] = ()
    open_to_all: bool = False
    """Also who shows nothing, or a token that is nobody's, is answered, as one who has nothing."""
    in_query: frozenset[str] = field(default_factory=frozenset)
    """What may stand in the query, too, of what belongs into the body."""

    def place(self, name: str) -> str:
        """Where a field of the request is: path, header, query or body."""
        if f"{{{name}}}" in self.path:
            return "path"
        if name in HEADERS:
            return "header"
        return "query" if self.method in ("GET", "DELETE") else "body"

    @property
    def has_body(self) -> bool:
        return any(self.place(name) == "body" for name in self.asks.model_fields)

    def asked(
        self, path: Mapping[str, str], query: Mapping[str, str], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """What of the request is known without its body."""
        sources = {"path": path, "query": query, "header": headers, "body": {}}
        found: dict[str, Any] = {}
        for name in self.asks.model_fields:
            source = query if name in self.in_query else sources[self.place(name)]
            if (key := HEADERS.get(name, name)) in source:
                found[name] = source[key]
        return found


OPERATIONS = (
    Operation(
        "GET",
        "/session/{id}",
        sessions.history,
        bodies.Named,
        bodies.History,
        "The messages of a chat; none for an unknown one",
        open_to_all=True,
    ),
    Operation(
        "POST",
        "/chat",
        chat.post,
        bodies.Post,
        None,
        "Send messages, and stream the reply; all of it is stored",
        raises=(
            errors.AlreadyGenerating,
            errors.KeyReused,
            errors.ModelNotFound,
            errors.PromptTooLong,
            errors.TooBusy,
        ),
        in_query=frozenset({"session_id", "model"}),
    ),
    Operation(
        "GET",
        "/messages/{id}/stream",
        chat.follow,
        bodies.Follow,
        None,
        "Follow a reply, from its beginning or after Last-Event-ID",
        raises=(errors.MessageNotFound,),
    ),
    Operation(
        "POST",
        "/messages/{id}/stop",
        chat.stop,
        bodies.Named,
        bodies.Message,
        "End a reply now, its text kept",
        raises=(errors.MessageNotFound,),
    ),
    Operation(
        "GET",
        "/sessions",
        sessions.list_sessions,
        bodies.ListSessions,
        bodies.Sessions,
        "Your chats, last used first",
    ),
    Operation(
        "POST",
        "/sessions",
        sessions.create,
        bodies.NewSession,
        bodies.Session,
        "Make an empty chat",
        status=201,
        raises=(errors.SessionExists,),
    ),
    Operation(
        "PATCH",
        "/sessions/{id}",
        sessions.rename,
        bodies.Rename,
        bodies.Session,
        "Rename a chat",
        raises=(errors.SessionNotFound,),
    ),
    Operation(
        "DELETE",
        "/sessions/{id}",
        sessions.delete,
        bodies.Named,
        bodies.Ok,
        "Move a chat to the trash; a reply under way ends, its text kept",
        raises=(errors.SessionNotFound,),
    ),
    Operation(
        "GET",
        "/trash",
        sessions.trash,
        bodies.ListSessions,
        bodies.Trash,
        "List the chats in the trash, the last deleted first",
    ),
    Operation(
        "POST",
        "/sessions/{id}/restore",
        sessions.restore,
        bodies.Named,
        bodies.Session,
        "Take a chat out of the trash",
        raises=(errors.SessionNotFound,),
    ),
    Operation(
        "POST",
        "/sessions/{id}/clear",
        sessions.clear,
        bodies.Named,
        bodies.Ok,
        "Empty a chat; its messages are in the trash, as a chat of their own",
        raises=(errors.AlreadyGenerating,),
    ),
    Operation(
        "GET",
        "/search",
        sessions.search,
        bodies.Find,
        bodies.Hits,
        "Find messages by their words, the newest first",
    ),
    Operation(
        "GET",
        "/models",
        sessions.models,
        bodies.Nothing,
        bodies.Models,
        "The models that are installed",
        raises=(errors.EngineError, errors.ServerError, errors.ServerUnreachable),
    ),
)
