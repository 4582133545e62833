"""/pair/<token> over the real store, and the link that the shell makes."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from chatcore import service
from chatcore.__main__ import main
from chatcore.identity import Facts, identity_key
from chatcore.web.headers import SecurityHeaders
from chatcore.web.pairing import pair
from chatcore.web.visitors import Visitors

APP = Starlette(
    routes=[Route("/pair/{token}", pair, methods=["GET", "POST"])],
    middleware=[Middleware(SecurityHeaders), Middleware(Visitors)],
)
OURS = {"origin": "http://here"}


@pytest.fixture
def hearth(tmp_path, monkeypatch):
    monkeypatch.setenv("HEARTH_DATABASE", str(tmp_path / "hearth.db"))
    yield service.hearth()
    service.stop()


@pytest.fixture
def store(hearth):
    return hearth.store


class Visitor:
    """A browser with a cookie of its own."""

    def __init__(self, hearth):
        self.browser = hearth.cookie.new()
        self.key = identity_key("browser", Facts(self.browser))
        self.cookie = hearth.cookie.sign(self.browser, secure=False).split(";")[0]

    def ask(self, method, token, **headers):
        return ask(method, token, cookie=self.cookie, **headers)


def ask(method, token, **headers):
    async def ask():
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, f"/pair/{token}", headers=headers)

    return asyncio.run(ask())


@pytest.fixture
def visitor(hearth):
    return Visitor(hearth)


@pytest.fixture
def ann(store):
    owner = store.owner("browser:ann")
    store.begin_turn(owner, None, "from Ann", "m")
    return owner


def test_looking_asks_and_changes_nothing(store, ann, visitor):
    token = store.identities.invite(ann)
    for method in ("GET", "HEAD", "GET"):
        answer = visitor.ask(method, token)
        assert answer.status_code == 200
    assert "Use these chats in this browser?" in answer.text
    assert "chats of its own" not in answer.text
    assert store.owner(visitor.key) != ann


def test_the_button_pairs_and_leads_to_the_chats(store, ann, visitor):
    answer = visitor.ask("POST", store.identities.invite(ann), **OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "../")
    assert store.owner(visitor.key) == ann


def test_the_page_leads_to_the_chats_of_a_server_under_a_path(store, ann, visitor):
    asked = visitor.ask("GET", store.identities.invite(ann)).text
    told = visitor.ask("GET", "never-made").text
    for page in (asked, told):
        assert 'href="../"' in page


def test_a_browser_with_chats_is_told_that_they_will_be_shared(store, ann, visitor):
    turn = store.begin_turn(store.owner(visitor.key), None, "mine", "m")
    store.finish_reply(store.owner(visitor.key), turn.reply.id, "done", "yours")
    token = store.identities.invite(ann)
    assert "chats of its own" in visitor.ask("GET", token).text
    visitor.ask("POST", token, **OURS)
    assert {session.title for session in store.sessions(ann)} == {"from Ann", "mine"}


def test_in_mid_reply_a_sentence_says_to_wait(store, ann, visitor):
    store.begin_turn(store.owner(visitor.key), None, "mine", "m")
    answer = visitor.ask("POST", store.identities.invite(ann), **OURS)
    assert answer.status_code == 409
    assert "still answering" in answer.text
    assert store.owner(visitor.key) != ann


@pytest.mark.parametrize("headers", [{}, {"origin": "null"}, {"origin": "http://evil"}])
def test_another_site_cannot_press_the_button(store, ann, visitor, headers):
    token = store.identities.invite(ann)
    assert visitor.ask("POST", token, **headers).status_code == 409
    assert store.owner(visitor.key) != ann
    assert store.identities.inviter(token) == ann


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_is_used_or_was_never_made_is_told_the_same(
    store, ann, visitor, hearth, method
):
    used = store.identities.invite(ann)
    Visitor(hearth).ask("POST", used, **OURS)
    answers = [visitor.ask(method, token, **OURS) for token in (used, "never-made")]
    assert "was used already" in answers[0].text
    assert answers[0].text == answers[1].text
    assert answers[0].status_code == answers[1].status_code == 409


def test_a_browser_that_has_the_chats_is_told_so_and_the_link_stays_good(store, ann, visitor):
    visitor.ask("POST", store.identities.invite(ann), **OURS)
    token = store.identities.invite(ann)
    assert "already" in visitor.ask("GET", token).text
    assert store.identities.inviter(token) == ann


def test_without_a_cookie_nothing_is_paired_and_the_page_brings_one(store, ann):
    token = store.identities.invite(ann)
    assert "set-cookie" in ask("GET", token).headers
    answer = ask("POST", token, **OURS)
    assert answer.status_code == 401
    assert "allow cookies" in answer.text
    assert store.identities.inviter(token) == ann


def test_the_page_runs_nothing_and_its_form_may_say_where_it_comes_from(store, ann, visitor):
    headers = visitor.ask("GET", store.identities.invite(ann)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "form-action 'self'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"


def test_where_browsers_are_not_told_apart_none_is_paired(store, ann, visitor, monkeypatch, capsys):
    token = store.identities.invite(ann)
    service.stop()
    monkeypatch.setenv("HEARTH_IDENTITY", "single")
    assert "not told apart" in visitor.ask("POST", token, **OURS).text
    assert main(["pair"]) == 1
    assert "under browser alone" in capsys.readouterr().err


def printed(capsys):
    return capsys.readouterr().out.strip().splitlines()[-1]


def test_the_shell_makes_a_link_while_hearth_runs(store, ann, visitor, capsys):
    assert main(["pair", "--url", "https://chat.example/"]) == 0
    link = printed(capsys)
    assert link.startswith("https://chat.example/pair/")
    assert visitor.ask("POST", link.rsplit("/")[-1], **OURS).status_code == 303
    assert store.owner(visitor.key) == ann


def test_the_shell_makes_a_link_while_hearth_is_down(store, ann, visitor, capsys):
    service.stop()
    assert main(["pair"]) == 0
    assert visitor.ask("POST", printed(capsys).rsplit("/")[-1], **OURS).status_code == 303
    assert service.hearth().store.owner(visitor.key) == ann


def test_the_shell_asks_whose_where_several_have_chats(store, ann, capsys):
    bob = store.owner("bob")
    store.begin_turn(bob, None, "from Bob", "m")
    assert main(["pair"]) == 1
    told = capsys.readouterr().err
    assert f"--owner {bob}: chats 1, browsers 1" in told
    assert "from Bob" not in told
    assert main(["pair", "--owner", "99"]) == 1
    assert main(["pair", "--owner", str(bob)]) == 0


def test_the_shell_says_where_there_is_nothing_to_pair(store, capsys, tmp_path, monkeypatch):
    assert main(["pair"]) == 1
    assert "Nobody has chats" in capsys.readouterr().err
    monkeypatch.setenv("HEARTH_DATABASE", str(tmp_path / "none.db"))
    assert main(["pair"]) == 1
    assert "There is no history yet" in capsys.readouterr().err
