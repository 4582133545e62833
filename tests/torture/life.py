"""One life of the app without its pages, in a process that is made to be killed.

It starts the services as the app does, tells what it finds, does what it reads from stdin, and
tells how much of each reply is given to the store, and can be read from it. Each line of stdout is
one of JSON.
"""

import json
import sys
import threading
import time
from typing import Any

from sqlite_utils import Database

from chatcore import service
from chatcore.generation import Generation
from chatcore.service import Hearth
from chatcore.store import Store

MODEL = "llama3.2:3b"
LOOK_EVERY = 0.05  # seconds

telling = threading.Lock()


def main() -> None:
    hearth = service.hearth()
    owner = hearth.store.owner("local")
    hearth.store._writer.call(check)
    tell(chats=chats(hearth, owner), waiting=waiting(hearth, owner))
    under_way: list[Generation] = []
    tell_drafts(hearth.store, under_way)
    for step in json.loads(sys.stdin.readline()):
        following = step.pop("following")
        under_way.append(begin(hearth, owner, **step))
        turn = under_way[-1].turn
        tell(begun=turn.prompt.body)
        if following:
            hearth.generations.send(owner, turn.session.id, following, MODEL)
            tell(waits=following)
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


def waiting(hearth: Hearth, owner: int) -> dict[str, str]:
    """The prompt that waits in a chat, by the chat's id."""
    sessions = hearth.store.sessions(owner, limit=100_000)
    found = {session.id: hearth.store.next_prompt(owner, session.id) for session in sessions}
    return {session_id: prompt.body for session_id, prompt in found.items() if prompt}


def tell_drafts(store: Store, under_way: list[Generation]) -> None:
    """Tell of each draft as it is given to the store."""
    save_draft = store.save_draft

    def save(owner: int, message_id: int, rev: int, body: str, thinking: str) -> None:
        save_draft(owner, message_id, rev, body, thinking)
        for generation in under_way:
            if generation.turn.reply.id == message_id:
                tell(prompt=generation.turn.prompt.body, drafted=len(body))

    store.save_draft = save  # type: ignore[method-assign]


def begin(
    hearth: Hearth, owner: int, prompt: str, session: str | None, resume: int | None
) -> Generation:
    """Ask, in a new chat where no session is named, or go on with the reply to a prompt."""
    if resume is None:
        return hearth.generations.start(owner, session, prompt, MODEL)
    return hearth.generations.resume(owner, hearth.store.message(owner, resume))


def tell(**said: Any) -> None:
    with telling:
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
