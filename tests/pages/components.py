"""What our components were told, and what the browser's part of the list of chats would send."""

import json
from itertools import count

from streamlit.components.v2.bidi_component.main import _make_trigger_id

numbers = count(1)


def component(page, name):
    protos = [element.proto for element in page.get("bidi_component")]
    return next(proto for proto in protos if proto.component_name == f"hearth_{name}")


def told(page, name):
    return json.loads(component(page, name).json)


def chats(page):
    """The chats of the sidebar, from the top: their ids and titles."""
    return [tuple(chat) for _, of_day in told(page, "chats")["days"] for chat in of_day]


def wish(page, action, session_id, title=""):
    return send_wishes(page, [[next(numbers), action, session_id, title]])


def send_wishes(page, wishes):
    return page._run(wishes_of(page, wishes))


def wishes_of(page, wishes):
    """What the browser sends for them: AppTest itself knows nothing of components."""
    states = page._tree.get_widget_states()
    states.widgets.add(
        id=_make_trigger_id(component(page, "chats").id, "events"),
        json_trigger_value=json.dumps([{"event": "wish", "value": wishes}]),
    )
    return states
