"""Who has nothing is told what they would be in an empty world: else a number tells of others."""

from functools import partial

from chatcore.identity import browser_key
from tests.isolation.probes import METHODS, arguments, called, kind_of, masked, parameters
from tests.isolation.world import Answer, World

WITHOUT_IDS = [
    name for name in sorted(METHODS) if not any(kind_of(name, key) for key in parameters(name))
]


def told(world: World) -> dict[str, Answer]:
    """The answer of each method that takes no id and changes nothing."""
    answers = {}
    for name in WITHOUT_IDS:
        owner = world.store.owner(browser_key(world.services.cookie.new()))
        world.acts(lambda: None, [owner])  # so that their own row is known before
        before, given = world.rows, arguments(world, name, lambda _kind: None)
        answer = world.acts(partial(called, world, owner, name, given), [owner])
        if world.rows == before:
            answers[name] = masked(answer, given)
    return answers
