"""What went wrong in programs like this one. Each has tests by its name, which show that it cannot
here; they stand where they can run: in tests/incidents, beside the API, and in a real browser."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
INCIDENTS = {
    "cve_2026_45349": "Open WebUI: whoever sent the id of another's chat continued and read it",
    "cve_2026_31950": "LibreChat: another's reply could be followed by its id",
    "cve_2026_45671": "Open WebUI: a link to a chat was a right to its files and to delete them",
    "cve_2026_54010": "Open WebUI: a file of another was claimed by its id",
    "cve_2026_54015": "Open WebUI: the chat was checked, the message in it was not",
    "cve_2026_44568": "Open WebUI: what was cleaned before it was made into HTML ran as a script",
    "cve_2025_32711": "Microsoft 365 Copilot: an image in a reply carried secrets to its server",
    "cve_2026_45401": "Open WebUI: a redirect led to addresses inside the network",
    "cve_2026_45400": "Open WebUI: an address was read in two ways, and so passed the check",
    "cve_2026_31943": "LibreChat: a redirect led to addresses inside the network",
    "cve_2026_28416": "Gradio: an address sent by a visitor was fetched by the server",
    "cve_2026_28414": "Gradio: a name of a file led out of its folder",
    "cve_2023_29159": "Starlette: a path led out of the folder of static files",
    "cve_2024_12537": "Open WebUI: a huge request without a login filled the memory",
    "cve_2026_31949": "LibreChat: a malformed body ended the process",
    "cve_2025_67644": "LangGraph: the key of a filter was SQL",
    "cve_2026_28277": "LangGraph: what was stored was read as objects, and ran",
    "trail_of_bits_2024": "Gradio: a page elsewhere drove the server on the visitor's own machine",
    "litellm_2026_03_18": "LiteLLM: requests stood in the logs with their keys",
}


def names():
    files = TESTS.rglob("test_*.py")
    return [
        name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    ]


@pytest.mark.parametrize("incident", INCIDENTS)
def test_each_incident_has_its_test(incident):
    assert [name for name in names() if f"_{incident}_" in name]


def test_no_test_bears_the_name_of_an_incident_that_is_not_told_here():
    named = {found for name in names() for found in re.findall(r"cve_\d+_\d+", name)}
    assert named <= set(INCIDENTS)
