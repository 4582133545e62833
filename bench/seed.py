"""A history to measure with: `python -m bench.seed DATABASE --messages 500 --chats 1`.

Prints the id of the chat that was last used; it holds the messages, and the last of them ends in
SEEDEND.
"""

import argparse
from pathlib import Path

from chatcore.identity import LOCAL
from chatcore.store import Store, open_store

ANSWER = """\
Answer {n}. The step has **two parts** and one `condition_{n}`.

- first, read the input and check it
- then, write the result of round {n}

```python
def step_{n}(x):
    return x * {n} + 1
```

Every part of this text is plain, so that the cost of showing it is the cost of any chat. It ends
with a sentence that is long enough to wrap once or twice on a normal screen."""


def fill(database: Path, messages: int, chats: int, model: str) -> str:
    """Add `chats` chats, the last of them with `messages` messages; returns its id."""
    store = open_store(database)
    owner = store.owner(LOCAL)
    try:
        for n in range(1, chats):
            _turn(store, owner, None, model, n)
        session = None
        for n in range(1, messages // 2 + 1):
            session = _turn(store, owner, session, model, n, " SEEDEND" * (n == messages // 2))
    finally:
        store.close()
    assert session is not None
    return session


def _turn(
    store: Store, owner: int, session: str | None, model: str, n: int, ending: str = ""
) -> str:
    prompt = f"Question {n}: how does step {n} of the plan work, in short?"
    turn = store.begin_turn(owner, session, prompt, model)
    store.finish_reply(owner, turn.reply.id, "done", ANSWER.format(n=n) + ending)
    return turn.session.id


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("--messages", type=int, default=30)
    parser.add_argument("--chats", type=int, default=1)
    parser.add_argument("--model", default="llama3.2:3b")
    a = parser.parse_args()
    print(fill(a.database, a.messages, a.chats, a.model))


if __name__ == "__main__":
    main()
