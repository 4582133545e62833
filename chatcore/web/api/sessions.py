"""Sessions, search and models: each a function from whose request it is to the answer."""

from contextlib import suppress
from dataclasses import asdict

from chatcore.errors import SessionNotFound
from chatcore.service import Hearth
from chatcore.web.api import bodies


def history(services: Hearth, owner: int, asked: bodies.Named) -> bodies.History:
    """Empty for an unknown session: one that has not begun yet."""
    try:
        messages = services.store.messages(owner, asked.id)
    except SessionNotFound:
        messages = []
    return bodies.History(history=[bodies.Message.of(message) for message in messages])


def list_sessions(services: Hearth, owner: int, asked: bodies.ListSessions) -> bodies.Sessions:
    under_way = services.generations.under_way(owner)
    found = services.store.sessions(owner, asked.limit)
    return bodies.Sessions(sessions=[bodies.Session.of(each, under_way) for each in found])


def create(services: Hearth, owner: int, asked: bodies.NewSession) -> bodies.Session:
    made = services.store.posts.create(owner, asked.session_id, asked.title, asked.model or "")
    return bodies.Session.of(made, set())


def rename(services: Hearth, owner: int, asked: bodies.Rename) -> bodies.Session:
    services.store.rename_session(owner, asked.id, asked.title)
    return _session(services, owner, asked.id)


def delete(services: Hearth, owner: int, asked: bodies.Named) -> bodies.Ok:
    services.generations.delete(owner, asked.id)
    return bodies.Ok()


def trash(services: Hearth, owner: int, asked: bodies.ListSessions) -> bodies.Trash:
    found = services.store.trash.sessions(owner, asked.limit)
    return bodies.Trash(
        sessions=[
            bodies.TrashedSession.model_validate(each, from_attributes=True) for each in found
        ]
    )


def restore(services: Hearth, owner: int, asked: bodies.Named) -> bodies.Session:
    services.store.trash.restore(owner, asked.id)
    return _session(services, owner, asked.id)


def clear(services: Hearth, owner: int, asked: bodies.Named) -> bodies.Ok:
    """What is not there is empty already, so that a page may begin with it."""
    with suppress(SessionNotFound):
        services.store.posts.clear(owner, asked.id)
    return bodies.Ok()


def search(services: Hearth, owner: int, asked: bodies.Find) -> bodies.Hits:
    found = services.store.search.find(owner, asked.q, asked.limit)
    return bodies.Hits(hits=[bodies.Hit.of(hit) for hit in found])


def models(services: Hearth, _owner: int, _asked: bodies.Nothing) -> bodies.Models:
    installed = services.host.info().models
    return bodies.Models(models=[bodies.InstalledModel(**asdict(model)) for model in installed])


def _session(services: Hearth, owner: int, session_id: str) -> bodies.Session:
    session = services.store.session(owner, session_id)
    return bodies.Session.of(session, services.generations.under_way(owner))
