"""/api/openapi.json: what it says is what the API does."""

from urllib.parse import unquote

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.routing import Route

from chatcore import service
from chatcore.web.api import openapi
from chatcore.web.api.operations import OPERATIONS
from chatcore.web.api.routes import api
from tests.api.conftest import serving
from tests.fake_ollama import FakeOllama

NO_OPERATION = {"responses": ["405"]}
"""What a method that a path does not have is answered."""

schema = schemathesis.openapi.from_dict(openapi.document())


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """One server for all of these: what was made before is a part of the trial."""
    with pytest.MonkeyPatch.context() as environ, FakeOllama() as fake:
        environ.setenv("HEARTH_DATABASE", str(tmp_path_factory.mktemp("api") / "hearth.db"))
        environ.setenv("OLLAMA_HOST", fake.host)
        environ.setenv("HEARTH_REQUESTS_PER_MINUTE", "1000000")
        service.hearth()
        with serving(fake) as address:
            yield address
        service.stop()


@schema.parametrize()
@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_request_gets_an_answer_that_is_not_described(case, address):
    # Starlette takes no line break in the path of what is mounted: it is not our address then.
    assume("\n" not in unquote((case.path_parameters or {}).get("id", "")))
    # That the last message is a user's is said in words: no schema can.
    beyond = [positive_data_acceptance] if case.path == "/api/chat" else []
    answer = case.call(base_url=address)
    described = openapi.document()["paths"][case.path].get(case.method.lower(), NO_OPERATION)
    assert str(answer.status_code) in described["responses"]
    case.validate_response(answer, excluded_checks=beyond)  # its body and headers, too, or raises


def test_every_route_is_described_and_nothing_else():
    routes = {
        (method, f"/api{route.path}")
        for route in api().routes
        if isinstance(route, Route) and route.path != "/openapi.json"
        for method in route.methods - {"HEAD"}
    }
    described = {
        (method.upper(), path)
        for path, methods in openapi.document()["paths"].items()
        for method in methods
    }
    assert described == routes == {(o.method, f"/api{o.path}") for o in OPERATIONS}


def test_the_document_is_served(client):
    answer = client.get("/openapi.json")
    assert answer.json() == openapi.document()
    assert answer.headers["content-type"] == "application/json"
