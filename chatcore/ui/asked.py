"""What the browser asked of the page in this run: Streamlit ends the run for the next thing that
is asked, so web/in_turn.py holds that back until this one is taken.

A token goes along with it in what the browser says that it has in its cache: the one thing that
Streamlit hands from a frame to its run, to that run alone, and uses for nothing when it is unknown.
"""

from uuid import uuid4

from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx

from chatcore import service
from chatcore.asked import Stamped

CLICK, PROMPT = "hearth-click-", "hearth-prompt-"
ENDS = ("session_status_changed", "script_finished", "new_session")
# Seconds. A click's callback may wait for a server that hangs, and what follows may not. A prompt
# may bring PDFs, each of which takes up to 30 to be read.
PATIENCE = {CLICK: 3.0, PROMPT: 60.0}


def stamped(frame: bytes) -> Stamped | None:
    """None where it asks for no run of the page."""
    message = BackMsg()
    try:
        message.ParseFromString(frame)
    except DecodeError:  # Streamlit will refuse it
        return None
    asked = message.rerun_script
    if message.WhichOneof("type") != "rerun_script" or asked.fragment_id:
        return None
    with_prompt = any(
        widget.WhichOneof("value") == "chat_input_value" for widget in asked.widget_states.widgets
    )
    kind = PROMPT if with_prompt else CLICK
    token = f"{kind}{uuid4().hex}"
    asked.cached_message_hashes.append(token)
    return Stamped(token, message.SerializeToString(), PATIENCE[kind])


def is_prompt(frame: bytes) -> bool:
    """Of one that `stamped` made."""
    return PROMPT.encode() in frame


def tells_begin(frame: bytes) -> bool:
    """Of one to the browser: that a run has begun."""
    message = ForwardMsg.FromString(frame)
    return bool(message.session_status_changed.script_is_running)


def tells_end(frame: bytes) -> bool:
    """That a run has ended, or another takes its place."""
    return ForwardMsg.FromString(frame).WhichOneof("type") in ENDS


def callbacks_ran() -> None:
    """A click is taken by its callback; a prompt by whoever reads it, which may be no callback."""
    _take(CLICK)


def taken() -> None:
    """All that was asked for in this run."""
    _take(CLICK, PROMPT)


def _take(*kinds: str) -> None:
    context, services = get_script_run_ctx(), service.running()
    if context and services:
        services.asked.take(t for t in context.cached_message_hashes if t.startswith(kinds))
