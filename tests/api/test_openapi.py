"""/api/openapi.json: what it says is what the API does."""

import itertools
from urllib.parse import unquote

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis.core.failures import FailureGroup
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

SAID_IN_WORDS = {("POST", "/api/chat"), ("PATCH", "/api/sessions/{id}")}
"""That the last message is a user's, and that a text holds something to be seen: no schema can."""

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


class Owner:
    """Of chats, one of them in the trash, who shows a token."""

    def __init__(self):
        self.store = service.hearth().store
        self.n = self.store.owner("ann")
        self.headers = {"authorization": f"Bearer {self.store.tokens.create(self.n, 'trial')}"}
        for word in ("sun", "sky", "sea"):
            turn = self.store.begin_turn(self.n, None, f"What is the {word}?", "llama3.2:3b")
            self.store.finish_reply(self.n, turn.reply.id, "done", f"The {word} is blue.")
        self.store.trash.put(self.n, turn.session.id)
        self.tried = set()
        self._turns = itertools.count()

    def an_id(self, path):
        """Of all that there are by now of the kind that the path names, one after the other."""
        found = [session.id for session in self.store.sessions(self.n)]
        if "/messages/" in path:
            found = [str(m.id) for each in found for m in self.store.messages(self.n, each)]
        else:
            found += [each.id for each in self.store.trash.sessions(self.n, 50)]
        return found[next(self._turns) % len(found)]


@pytest.fixture(scope="module")
def owner(address):
    return Owner()


TRIAL = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@schema.parametrize()
@TRIAL
def test_no_request_gets_an_answer_that_is_not_described(case, address):
    _, undescribed = answered(case, address, {})
    assert not undescribed


@schema.parametrize()
@TRIAL
def test_no_request_of_an_owner_for_what_is_there_gets_another_either(case, address, owner):
    if "id" in (case.path_parameters or {}) and case.meta.generation.mode.is_positive:
        case.path_parameters["id"] = owner.an_id(case.path)
    status, undescribed = answered(case, address, owner.headers)
    owner.tried.add((case.method, case.path, status))
    assert not undescribed


def test_the_owner_was_answered_by_each_operation(owner):
    """Else the trial above tried nothing: what is there was not found."""
    assert owner.tried >= {(o.method, f"/api{o.path}", o.status) for o in OPERATIONS}


def answered(case, address, headers):
    """The status, and what of the answer is not as the document says; "" for nothing."""
    # Starlette takes no line break in the path of what is mounted: it is not our address then.
    assume("\n" not in unquote((case.path_parameters or {}).get("id", "")))
    answer = case.call(base_url=address, headers=headers)
    described = openapi.document()["paths"][case.path].get(case.method.lower(), NO_OPERATION)
    if str(answer.status_code) not in described["responses"]:
        return answer.status_code, f"no status of {case.method} {case.path}: {answer.status_code}"
    beyond = [positive_data_acceptance] if (case.method, case.path) in SAID_IN_WORDS else []
    try:
        case.validate_response(answer, excluded_checks=beyond)  # its body and headers, too
    except FailureGroup as failures:
        return answer.status_code, str(failures)
    return answer.status_code, ""


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
