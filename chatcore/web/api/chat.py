"""Asking, following and stopping a reply."""

from chatcore.errors import ModelNotFound, SessionNotFound
from chatcore.ids import number
from chatcore.service import Hearth
from chatcore.types import Message, Said
from chatcore.web.api import bodies


def post(services: Hearth, owner: int, asked: bodies.Post) -> tuple[str, Message]:
    """The id of the session, and the reply to follow."""
    session_id, key = asked.session_id, asked.idempotency_key
    messages = [Said(message.role, message.content) for message in asked.messages]
    # First: what was taken once is refused for nothing that came since.
    turn = key and services.store.posts.begun(owner, session_id, messages, key)
    if not turn:
        model = asked.model or _model(services, owner, session_id)
        turn = services.generations.post(owner, session_id, messages, model, key)
    return turn.session.id, turn.reply


def follow(services: Hearth, owner: int, asked: bodies.Follow) -> tuple[str, Message]:
    """The same. Of a deleted session's reply as of an unknown one: MessageNotFound."""
    return services.store.posts.message(owner, _number(services, owner, asked.id))


def stop(services: Hearth, owner: int, asked: bodies.Named) -> bodies.Message:
    """Of a reply that has ended, and of a prompt: nothing to do."""
    _, message = services.store.posts.message(owner, _number(services, owner, asked.id))
    services.generations.stop(owner, message)
    return bodies.Message.of(services.store.message(owner, message.id))


def _model(services: Hearth, owner: int, session_id: str | None) -> str:
    try:
        remembered = services.store.session(owner, session_id or "").model
    except SessionNotFound:
        remembered = ""
    if remembered:
        return remembered
    server = services.host.info()
    if not server.models:
        raise ModelNotFound("No model is installed: get one, e.g. `ollama pull qwen3:8b`.")
    return server.models[0].name


def _number(services: Hearth, owner: int, message_id: str) -> int:
    return services.store.identities.current(owner, number(message_id))
