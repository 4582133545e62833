"""The pages of the app, with ids in their address and in what their list of chats sends."""

from unittest.mock import patch

from streamlit.testing.v1 import AppTest

from chatcore.identity import browser_key
from chatcore.ui import chats, state
from tests.isolation.world import World
from tests.pages.components import send_wishes
from tests.pages.conftest import FRAME

NAMES = ("chat", "personas", "dashboard", "settings")
WISHES = (chats.RENAME, *chats.MENU)


def shown(world: World, browser: str, name: str, query: dict[str, str], action: str) -> str:
    """All that such a page tells to that browser: its elements, and the address that it leaves."""
    with patch.object(state, "key", lambda _services: browser_key(browser)):
        page = AppTest.from_file(FRAME, default_timeout=60)
        if name != "chat":
            page.run().switch_page(f"pages/{name}.py")
        asked_for = query.get("session", "")
        page.query_params.update(query)
        page.run()
        assert not page.exception
        if action:
            page = send_wishes(page, [[1, action, asked_for, f"A title of {world.word()}"]])
    assert not page.exception
    elements = "\n".join(str(element.proto) for element in page._tree if hasattr(element, "proto"))
    left = dict(page.query_params)
    kept = {name for name, value in left.items() if value == query.get(name)}
    return f"{elements}\n{sorted(kept)} {[left[name] for name in left if name not in kept]}"
