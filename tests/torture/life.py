"""One life of the app without its pages, in a process that is made to be killed.

It starts the services as the app does, tells what it finds, does what it reads from stdin, and
tells how much of each reply can be read from the store. Each line of stdout is one of JSON.
"""

import json
import sys
import time
from typing import Any

from sqlite_utils import Database

from chatcore import service
from chatcore.generation import Generation
from chatcore.service import Hearth

MODEL = "llama3.2:3b"
LOOK_EVERY = 0.05  # seconds


def main() -> None:
    hearth = service.hearth()
    owner = hearth.store.owner("local")
    hearth.store._writer.call(check)
    tell(chats=chats(hearth, owner))
    under_way = []
    for step in json.loads(sys.stdin.readline()):
        under_way.append(begin(hearth, owner, **step))
        tell(begun=under_way[-1].turn.prompt.body)
    while True:
        for generation in under_way:
            reply = hearth.store.message(owner, generation.turn.reply.id)
            tell(prompt=generation.turn.prompt.body, stored=len(reply.body), state=reply.state)
        time.sleep(LOOK_EVERY)


def check(db: Database) -> None:
    """Raises where the file or its index of words is damaged."""
    found = db.execute("pragma integrity_check").fetchall()
    assert found == [("ok",)], found
    db.execute("insert into messages_fts(messages_fts, rank) values ('integrity-check', 1)")


def chats(hearth: Hearth, owner: int) -> dict[str, list[dict[str, Any]]]:
    """The messages of every chat, by its id."""
    return {
        session.id: [
            {"id": m.id, "role": m.role, "state": m.state, "body": m.body}
            for m in hearth.store.messages(owner, session.id)
        ]
        for session in hearth.store.sessions(owner, limit=100_000)
    }


def begin(
    hearth: Hearth, owner: int, prompt: str, session: str | None, resume: int | None
) -> Generation:
    """Ask, in a new chat where no session is named, or go on with the reply to a prompt."""
    if resume is None:
        return hearth.generations.start(owner, session, prompt, MODEL)
    return hearth.generations.resume(owner, hearth.store.message(owner, resume))


def tell(**said: Any) -> None:
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
