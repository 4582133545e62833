"""Whether a reply can be made again exactly: by the same request, to the same model. Pure."""

from chatcore.errors import NotRepeatable
from chatcore.types import Build, Message, Seen

INSTEAD = "so it cannot be repeated: press Regenerate for another version."


def request_of(reply: Message, now: Build) -> Seen:
    """What made the reply, and will again; `now`: what its model's name stands for.

    Raises NotRepeatable.
    """
    seen = reply.seen
    if seen is None or "seed" not in seen.options:
        raise NotRepeatable(f"What this reply was asked with was not all kept, {INSTEAD}")
    if seen.continued:
        raise NotRepeatable(
            f"This reply was continued, and no single request made all of it, {INSTEAD}"
        )
    then = seen.build
    if then.digest is None or now.digest is None:
        raise NotRepeatable(
            f"Nothing tells whether {reply.model!r} is still the model that wrote this reply,"
            f" {INSTEAD}"
        )
    if then.digest != now.digest:
        raise NotRepeatable(
            f"{reply.model!r} is no longer the model that wrote this reply (its digest was"
            f" {then.digest[:12]}, and is {now.digest[:12]}), {INSTEAD}"
        )
    return seen
