"""What a page shows of its owner's chats, as marks to compare: where one of them is another by now,
there is more to show. Pure."""

from collections.abc import Collection, Sequence

from chatcore.types import Session

SESSIONS = 50  # those on top of a page's list


def of_open(session: Session | None, under_way: Collection[int]) -> str:
    """Of the chat that is open. Whether it was read does not count: the page itself reads it."""
    if session is None:
        return "0"
    shown = (session.id, session.title, session.model, session.leaf_id, session.updated_at)
    return _mark(shown, session.n_messages, session.pk in under_way)


def of_others(
    sessions: Sequence[Session], open_one: Session | None, under_way: Collection[int]
) -> str:
    """Of the rest of the list, the newest first."""
    open_pk = open_one.pk if open_one else None
    others = [s for s in sessions[:SESSIONS] if s.pk != open_pk]
    return _mark(*[(s.id, s.title, s.unread, s.pk in under_way) for s in others])


def _mark(*shown: object) -> str:
    """Another one after a restart: then a page had better be drawn again, too."""
    return f"{hash(shown) & 0xFFFFFFFF:x}"
