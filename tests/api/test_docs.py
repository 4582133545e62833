"""docs/api.md: every command does what it says, against the app as a person starts it."""

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


def test_every_command_is_answered(app, fake, token):
    fake.models = [fake_model("qwen3:8b")]
    values = {"http://localhost:8501": app.url, "$HEARTH_TOKEN": token}
    for command in COMMANDS:
        status, answer = run(command, values)
        assert status in (200, 201), f"{command}\n{answer}"
        if found := re.search(r'"message_id": "(\d+)"', answer):
            values["$MESSAGE"] = found[1]
    assert "sky" in answer  # the last one is the search


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
