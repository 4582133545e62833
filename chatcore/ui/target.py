"""The model that a request is for, and what it can, as far as its server tells."""

from chatcore.errors import ChatError
from chatcore.memory import Target
from chatcore.service import Hearth


def of(services: Hearth, model: str) -> Target:
    try:
        client = services.host.client()
        return Target(model, client.trained_for(model), client.sees(model), client.thinks(model))
    except ChatError:  # told where the server is
        return Target(model)
