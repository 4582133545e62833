"""GET /export: all that is the one's who asks, as one JSON file, sent as it is read."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from chatcore import __version__
from chatcore.clock import now
from chatcore.service import Hearth, hearth
from chatcore.web.owner import owner_of


async def export(request: Request) -> Response:
    services, owner = await run_in_threadpool(_asked_by, request)
    day = datetime.now(UTC).date()
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="hearth-{day}.json"',
    }
    return StreamingResponse(_json(services, owner), 200, headers, "application/json")


def _asked_by(request: Request) -> tuple[Hearth, int]:
    services = hearth()
    return services, owner_of(services, request)


def _json(services: Hearth, owner: int) -> Iterator[str]:
    belongings = services.store.belongings
    head = {"format": "hearth", "version": 1, "made_by": __version__}
    yield f"{json.dumps(head | {'exported_at': now()})[:-1]}, "
    yield '"chats": ['
    yield from _joined(_chat(services, owner, each) for each in belongings.chats(owner))
    yield '\n], "prompts": ['
    yield from _joined(map(_written, belongings.prompts(owner)))
    yield '\n], "personas": ['
    yield from _joined(map(_written, services.store.personas.export(owner)))
    yield '\n], "links": ['
    yield from _joined(map(_written, belongings.links(owner)))
    yield '\n], "tokens": ['
    yield from _joined(map(_written, belongings.tokens(owner)))
    yield "\n]}\n"


def _chat(services: Hearth, owner: int, chat: dict[str, Any]) -> Iterator[str]:
    """One message in memory at a time, since each may have files."""
    yield f'{json.dumps(chat, ensure_ascii=False)[:-1]}, "messages": ['
    yield from _joined(map(_written, services.store.belongings.messages(owner, chat["id"])))
    yield "]}"


def _written(value: dict[str, Any]) -> Iterator[str]:
    yield json.dumps(value, ensure_ascii=False)


def _joined(values: Iterable[Iterator[str]]) -> Iterator[str]:
    """The values of a list in their pieces, each value on lines of its own."""
    for n, pieces in enumerate(values):
        yield ",\n" if n else "\n"
        yield from pieces
