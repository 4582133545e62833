"""docs/api.md: every command does what it says, against the app as a person starts it."""

import json
import re
import shlex
import subprocess
from pathlib import Path

from chatcore.web.api.operations import OPERATIONS
from chatcore.web.refusals import STATUS
from tests.fake_ollama import fake_model

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^curl .*", "".join(BLOCKS).replace("\\\n", ""), re.MULTILINE)


def run(command, values):
    for name, value in values.items():
        command = command.replace(name, value)
    ended = subprocess.run(
        [*shlex.split(command), "-sS", "--max-time", "60", "-w", "\n%{http_code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    answer, status = ended.stdout.rsplit("\n", 1)
    return int(status), answer


def said(answer):
    """What a stream tells: the chat, what came of the reply's text, and the message at its end."""
    events = re.findall(r"event: (\w+)\n(?:id: .*\n)?data: (.*)\n\n", answer)
    told = [(name, json.loads(data)) for name, data in events]
    text = "".join(data["content"] for name, data in told if name == "delta")
    assert (told[0][0], told[-1][0]) == ("session", "done"), answer
    return told[0][1]["session_id"], text, told[-1][1]["message"]["content"]


def ids(answer):
    return [session["id"] for session in json.loads(answer)["sessions"]]


def a_session(answer):
    session = json.loads(answer)
    return session["id"], session["title"], session["n_messages"]


def history(answer):
    return [message["content"] for message in json.loads(answer)["history"]]


FIRST, SECOND, THIRD = (f"my-{n}-chat" for n in ("first", "second", "third"))
BLUE, SUNSET, MORNING = "Why is the sky blue?", "And at sunset?", "Good morning"
REPLIES = {text: f"You said: {text}." for text in (BLUE, SUNSET, MORNING)}
ANSWERS = [
    (lambda answer: json.loads(answer)["models"][0]["name"], "qwen3:8b"),
    (said, (FIRST, REPLIES[BLUE], REPLIES[BLUE])),
    (said, (FIRST, REPLIES[SUNSET], REPLIES[SUNSET])),
    (said, (SECOND, REPLIES[MORNING], REPLIES[MORNING])),
    (said, (SECOND, REPLIES[MORNING][5:], REPLIES[MORNING])),
    (lambda answer: json.loads(answer)["content"], REPLIES[MORNING]),
    (history, [BLUE, REPLIES[BLUE], SUNSET, REPLIES[SUNSET]]),
    (ids, [SECOND, FIRST]),
    (a_session, (THIRD, "Plans", 0)),
    (a_session, (THIRD, "Plans for May", 0)),
    (json.loads, {"ok": True}),
    (json.loads, {"ok": True}),
    (lambda answer: [ids(answer)[0], len(ids(answer))], [FIRST, 2]),
    (a_session, (FIRST, BLUE, 4)),
    (lambda answer: [hit["session_id"] for hit in json.loads(answer)["hits"]], [FIRST, FIRST]),
]
"""How the answer of each command is read, in their order, and what it says."""


def test_every_command_does_what_it_says(app, fake, token):
    fake.models = [fake_model("qwen3:8b")]
    values = {"http://localhost:8501": app.url, "$HEARTH_TOKEN": token}
    for command, (read, told) in zip(COMMANDS, ANSWERS, strict=True):
        status, answer = run(command, values)
        assert status == (201 if 'Plans"' in command else 200), f"{command}\n{answer}"
        assert read(answer) == told, f"{command}\n{answer}"
        if found := re.search(r'"message_id": "(\d+)"', answer):
            values["$MESSAGE"] = found[1]


def method(command):
    named = re.search(r"-X (\w+)", command)
    return named[1] if named else "POST" if " -d " in command else "GET"


def test_every_operation_has_its_command():
    shown = [(method(command), command) for command in COMMANDS]
    for operation in OPERATIONS:
        path = re.escape(f":8501/api{operation.path}").replace(r"\{id\}", r"[\w$-]+")
        assert [
            command
            for method, command in shown
            if method == operation.method and re.search(rf'{path}[\s"?]', command)
        ], f"{operation.method} {operation.path}"


def test_every_code_that_a_request_may_get_is_told():
    of_pages = {"refused", "settings_error", "prompt_not_found", "pairing_refused"}
    for code in {told.code for told in STATUS.values()} - of_pages:
        assert f"`{code}`" in PAGE, code
