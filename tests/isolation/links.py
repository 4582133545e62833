"""A link to a chat, in the hands of a stranger: good, ended, or used for another chat."""

from chatcore.identity import browser_key
from chatcore.sharing import make_key
from tests.isolation.probes import SHARED, alike, arguments, asked, by_link, called, unknown
from tests.isolation.world import Answer, Link, World


def try_all(world: World, good: Link, *ended: Link) -> None:
    """Each under its own chat; the good one under others too, and by what is stored of its key."""
    assert world.is_open(good.session_id, good.key)
    assert not any(world.is_open(link.session_id, link.key) for link in ended)
    for link in (good, *ended):
        _try(world, link, link.session_id)
    _try(world, good, ended[-1].session_id)
    _try(world, good, unknown(world, "session", good.session_id))
    _try(world, good._replace(key=good.key_hash), good.session_id)


def _try(world: World, link: Link, session_id: str) -> None:
    """What does not open must be answered as a key that never was."""
    browser = world.services.cookie.new()
    owner = world.store.owner(browser_key(browser))
    never = link._replace(key=make_key())
    for name in by_link():
        told = use(world, owner, name, link, session_id)
        if world.is_open(session_id, link.key):
            assert not told.kind, f"a good link is refused: {told}"
        else:
            again = use(world, owner, name, never, session_id)
            alike(told, {"key": link.key}, again, {"key": never.key})
    told, again = (_ask(world, browser, each, session_id) for each in (link, never))
    if not world.is_open(session_id, link.key):
        alike(told, {"key": link.key}, again, {"key": never.key})


def use(world: World, owner: int, name: str, link: Link, session_id: str) -> Answer:
    """A method for whoever has the key."""
    ids = {"link": link.key_hash, "session": session_id, "file": world.file_of(link)}
    given = arguments(world, name, lambda kind: ids[kind])
    seen = link.words if world.is_open(session_id, link.key) else set()
    answer = world.acts(lambda: called(world, owner, name, given), [owner], seen)
    if name == "shares.copy" and not answer.kind:
        world.may_read[owner] |= seen
    return answer


def _ask(world: World, browser: str, link: Link, session_id: str) -> Answer:
    given = {"id": world.file_of(link), "session_id": session_id, "share_key": link.key}
    credentials = {"cookie": world.cookie(browser)}
    seen = link.words if world.is_open(session_id, link.key) else set()
    return world.acts(lambda: asked(world, SHARED, given, credentials), [], seen)
