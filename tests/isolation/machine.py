"""Three people use one server, and each of them tries what is the others'."""

from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from chatcore.identity import browser_key
from chatcore.sharing import make_key
from chatcore.types import Turn
from tests.isolation import links, newcomers
from tests.isolation.probes import (
    FORGERIES,
    METHODS,
    PAGES,
    ROUTES,
    Route,
    alike,
    arguments,
    asked,
    called,
    fields,
    forged,
    kind_of,
    unknown,
)
from tests.isolation.world import MODEL, ORIGIN, Answer, Link, World, words

PEOPLE = st.integers(0, 2)
NAMES = st.sampled_from(sorted(METHODS))
ROUTED = st.sampled_from(ROUTES)
LIKE = dict.fromkeys(("pk", "file", "token", "summary", "saved", "persona", "version"), 1)
LIKE["message"] = 1 << 41
"""What an unknown id looks like where nobody has one yet; else it is text."""
NEVER_COMES = "[[t1-n1-w3600000.never]]"


class Isolation(RuleBasedStateMachine):
    """Raises AssertionError where a row of another's changed, or a word of another's was told."""

    tried: ClassVar[set[str]] = set()
    """The methods, routes and pages that any world was asked by."""
    steps: ClassVar[int] = 0
    """The rules played in any world, without what ends each."""
    pages = cycle(PAGES)
    """Each world goes on where the one before it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.store = self.world.store
        self.empty = newcomers.told(self.world)

    def teardown(self) -> None:
        try:
            self._set_the_scene()
            links.try_all(self.world, *self.world.links[-4:])
            self._try_everything()
            assert newcomers.told(self.world) == self.empty
        finally:
            self.world.close()

    @rule(n=PEOPLE, data=st.data())
    def converse(self, n: int, data: st.DataObject) -> None:
        """A prompt with a file, and its reply, in a new chat or an old one."""
        owner = self._step(n)
        ids = [None, *self.world.mine(owner, "session")]
        self._converse(owner, data.draw(st.sampled_from(ids)))

    def _converse(self, owner: int, session_id: str | None = None) -> None:
        usual = arguments(self.world, "finish_reply", lambda _kind: None)

        def converse() -> Any:
            turn = self._begin(owner, session_id)
            return self.store.finish_reply(owner, **usual | {"message_id": turn.reply.id})

        self.world.acts(converse, [owner])

    def _begin(self, owner: int, session_id: str | None = None) -> Turn:
        given = arguments(self.world, "begin_turn", lambda _kind: None)
        return self.store.begin_turn(owner, **given | {"session_id": session_id})

    @rule(n=PEOPLE)
    def ask_what_is_never_answered(self, n: int) -> None:
        """A reply that really is under way."""
        world, owner = self.world, self._step(n)
        if world.live is None:
            world.acts(lambda: self._ask(owner, f"{NEVER_COMES} {world.word()}"), [owner])

    def _ask(self, owner: int, prompt: str) -> None:
        """Until it waits for the model: what its request holds is written shortly before."""
        asked = len(self.world.fake.requests)
        self.world.live = self.world.services.generations.start(owner, None, prompt, MODEL)
        self.world.fake.wait_for_request(asked + 1)
        self.store.check()

    @rule(n=PEOPLE)
    def make_a_token(self, n: int) -> None:
        world, owner = self.world, self._step(n)
        world.acts(lambda: self._keep_token(owner, f"A program {world.word()}"), [owner])

    def _keep_token(self, owner: int, name: str) -> None:
        secret = self.store.tokens.create(owner, name)
        self.world.tokens[self.store.tokens.of(owner)[0].id] = secret

    @rule(n=PEOPLE, data=st.data(), thinking=st.booleans(), expires_at=st.sampled_from([None, 1]))
    def share(self, n: int, data: st.DataObject, thinking: bool, expires_at: int | None) -> None:
        owner = self._step(n)
        if ids := self.world.mine(owner, "session"):
            self._share(owner, data.draw(st.sampled_from(ids)), thinking, expires_at)

    def _share(
        self, owner: int, session_id: str, thinking: bool = False, expires_at: int | None = None
    ) -> None:
        link = Link(session_id, make_key(), thinking, set())

        def share() -> None:
            self.store.shares.create(owner, session_id, link.key_hash, expires_at, thinking)
            link.words.update(self._shown(owner, session_id, thinking))
            self.world.links.append(link)

        self.world.acts(share, [owner])

    def _shown(self, owner: int, session_id: str, thinking: bool) -> set[str]:
        """The words of a chat as a link to it shows them."""
        texts = [self.store.session(owner, session_id).title]
        for message in self.store.messages(owner, session_id):
            texts += [message.body, message.thinking if thinking else ""]
            for each in message.attachments:
                texts += [each.name, str(self.store.content(owner, each.id))]
        return {word for text in texts for word in words(text)}

    @rule(n=PEOPLE, data=st.data(), copy=st.booleans())
    def open_a_link(self, n: int, data: st.DataObject, copy: bool) -> None:
        world, owner = self.world, self._step(n)
        if not world.links:
            return
        link = data.draw(st.sampled_from(world.links))
        links.use(world, owner, "shares.copy" if copy else "shares.read", link, link.session_id)

    @rule(n=PEOPLE, other=PEOPLE)
    def pair(self, n: int, other: int) -> None:
        """The other person's browser shows this one's chats, too, from now on."""
        world, target = self.world, self._step(n)
        source, browser = world.person(other), world.browsers[other]
        self._end_replies(source)
        token = self.store.identities.invite(target)
        headers = {"cookie": world.cookie(browser), "origin": ORIGIN}
        answer = world.acts(
            lambda: world.asks("POST", f"/pair/{token}", headers=headers), [source, target]
        )
        if answer.kind == 303:
            world.joined(source, target)
            world.invitations[token] = {source, target}

    @rule(n=PEOPLE, other=PEOPLE)
    def bring_chats(self, n: int, other: int) -> None:
        """What another browser has becomes this person's, who has signed in."""
        world, target = self.world, self._step(n)
        source, key = world.person(other), browser_key(world.browsers[other])
        self._end_replies(source)
        answer = world.acts(lambda: self.store.identities.bring(key, target), [source, target])
        if not answer.kind:
            world.joined(source, target)

    @rule(n=PEOPLE)
    def withdraw_a_pairing_link(self, n: int) -> None:
        world, owner = self.world, self._step(n)
        token = self.store.identities.invite(owner)
        world.acts(lambda: self.store.identities.withdraw(owner), [owner])
        world.invitations[token] = {owner}

    @rule(n=PEOPLE)
    def open_a_page(self, n: int) -> None:
        world, owner = self.world, self._step(n)
        key, label = browser_key(world.browsers[n]), f"A browser {world.word()}"
        world.acts(lambda: self.store.identities.seen(key, label), [owner])
        world.acts(lambda: self.store.identities.has_chats(key), [owner])
        world.open_page(n)

    @rule(n=PEOPLE, name=NAMES, data=st.data())
    def use_a_method(self, n: int, name: str, data: st.DataObject) -> None:
        """On what is one's own."""
        owner = self._step(n)
        given = arguments(self.world, name, lambda kind: self._own(owner, kind, data))
        self._call(owner, name, given)

    @rule(n=PEOPLE, stale=st.booleans(), name=NAMES, data=st.data())
    def try_a_method(self, n: int, stale: bool, name: str, data: st.DataObject) -> None:
        """With at least some ids of others, or of nobody any more; also as who is gone."""
        owner = self._step(n)
        if stale:
            owner = data.draw(st.sampled_from(self.world.everyone()))
        self._try_method(owner, name, lambda ids: data.draw(st.sampled_from(ids)), data)

    @rule(n=PEOPLE, route=ROUTED, data=st.data(), by_token=st.booleans())
    def use_a_route(self, n: int, route: Route, data: st.DataObject, by_token: bool) -> None:
        owner = self._step(n)
        given = fields(self.world, route, lambda kind: self._own(owner, kind, data))
        self._ask_route(owner, route, given, self._credentials(n, owner, by_token))

    @rule(n=PEOPLE, route=ROUTED, data=st.data(), by_token=st.booleans())
    def try_a_route(self, n: int, route: Route, data: st.DataObject, by_token: bool) -> None:
        owner = self._step(n)
        credentials = self._credentials(n, owner, by_token)
        self._try_route(owner, route, credentials, lambda ids: data.draw(st.sampled_from(ids)))

    @rule(n=PEOPLE, page=st.sampled_from(PAGES), data=st.data())
    def try_a_page(self, n: int, page: Route, data: st.DataObject) -> None:
        owner = self._step(n)
        self._try_page(n, owner, page, lambda ids: data.draw(st.sampled_from(ids)))

    def _try_page(
        self, n: int, owner: int, page: Route, choose: Callable[[list[Any]], Any]
    ) -> None:
        self._try_route(owner, page, self._credentials(n, owner, by_token=False), choose)

    @rule(n=PEOPLE, route=ROUTED, how=st.sampled_from(FORGERIES), data=st.data())
    def try_a_forgery(self, n: int, route: Route, how: str, data: st.DataObject) -> None:
        """With ids of the one whose browser it pretends to be."""
        owner = self._step(n)
        given = fields(self.world, route, lambda kind: self._own(owner, kind, data))
        self._try_forgery(self.world.browsers[n], route, given, how)

    def _step(self, n: int) -> int:
        Isolation.steps += 1
        return self._turn(n)

    def _turn(self, n: int) -> int:
        """Whoever acts now, and writes their own words."""
        self.world.fresh = set()
        return self.world.person(n)

    def _end_replies(self, owner: int) -> None:
        for reply in self.world.streaming(owner):
            end = partial(self.store.finish_reply, owner, reply, "done", "That is all.")
            self.world.acts(end, [owner])

    def _own(self, owner: int, kind: str, data: st.DataObject) -> Any:
        ids = self.world.mine(owner, kind)
        return data.draw(st.sampled_from(ids)) if ids else self._unknown(kind)

    def _unknown(self, kind: str, like: Any = None) -> Any:
        return unknown(self.world, kind, LIKE.get(kind, "") if like is None else like)

    def _credentials(self, n: int, owner: int, by_token: bool) -> dict[str, str]:
        secret = self.world.secret_of(owner) if by_token else None
        if secret:
            return {"authorization": f"Bearer {secret}"}
        return {"cookie": self.world.cookie(self.world.browsers[n])}

    def _call(self, owner: int, name: str, given: dict[str, Any]) -> Answer:
        self.tried.add(name)
        answer = self.world.acts(lambda: called(self.world, owner, name, given), [owner])
        if name == "belongings.erase" and not answer.kind:
            self.world.erased(owner)
        if name == "shares.update" and not answer.kind:
            self._note_update(owner, given["key_hash"])
        return answer

    def _note_update(self, owner: int, hashed: str) -> None:
        for link in self.world.links:
            if link.key_hash == hashed:
                link.words.update(self._shown(owner, link.session_id, link.thinking))

    def _ask_route(
        self, owner: int, route: Route, given: dict[str, Any], credentials: dict[str, str]
    ) -> Answer:
        self.tried.add(str(route))
        return self.world.acts(lambda: asked(self.world, route, given, credentials), [owner])

    def _try_method(
        self,
        owner: int,
        name: str,
        choose: Callable[[list[Any]], Any],
        data: st.DataObject | None = None,
    ) -> None:
        never: dict[Any, Any] = {}
        own: list[Any] = []

        def pick(kind: str) -> Any:
            if data is not None and data.draw(st.integers(0, 3)) == 0:
                own.append(self._own(owner, kind, data))
                return own[-1]
            return self._foreign(owner, kind, choose, never)

        given = arguments(self.world, name, pick)
        if "key_hash" in given and self.world.is_open_by(
            given.get("session_id", ""), given["key_hash"]
        ):
            return  # that is the link, which may be used
        before = self.world.rows
        told = self._call(owner, name, given)
        if own and self.world.rows != before:
            return  # what is one's own is not as it was: a second answer may differ
        if never:
            instead = {key: self._instead(name, key, value, never) for key, value in given.items()}
            alike(told, given, self._call(owner, name, instead), instead)

    def _instead(self, name: str, key: str, value: Any, never: dict[Any, Any]) -> Any:
        kind = kind_of(name, key)
        return never.get((kind, value), value) if kind else value

    def _foreign(
        self,
        owner: int,
        kind: str,
        choose: Callable[[list[Any]], Any],
        never: dict[Any, Any],
    ) -> Any:
        """An id of another, and beside it one that never was."""
        ids = self.world.others(owner, kind)
        if not ids:
            return self._unknown(kind)
        chosen = choose(ids)
        never[kind, chosen] = self._unknown(kind, chosen)
        return chosen

    def _try_route(
        self,
        owner: int,
        route: Route,
        credentials: dict[str, str],
        choose: Callable[[list[Any]], Any],
    ) -> None:
        never: dict[Any, Any] = {}
        given = fields(self.world, route, lambda kind: self._foreign(owner, kind, choose, never))
        told = self._ask_route(owner, route, given, credentials)
        if never:
            kinds = route.ids
            instead = {
                key: never.get((kinds.get(key), value), value) if key in kinds else value
                for key, value in given.items()
            }
            again = self._ask_route(owner, route, instead, credentials)
            alike(told, given, again, instead)

    def _try_forgery(self, browser: str, route: Route, given: dict[str, Any], how: str) -> None:
        """As if a browser that never was had been forged; who is new has nothing."""
        never = self.world.services.cookie.new()
        told, again = (
            self.world.acts(
                lambda each=each: asked(self.world, route, given, forged(self.world, each, how)), []
            )
            for each in (browser, never)
        )
        alike(told, given, again, given)

    def _set_the_scene(self) -> None:
        """A link of each kind, and replies under way, whatever the steps before came to."""
        for ends in ("never", "expired", "trashed", "revoked"):
            owner = self._turn(0)
            self._converse(owner)
            session_id = self.world.mine(owner, "session")[-1]
            self._share(owner, session_id, expires_at=1 if ends == "expired" else None)
            if ends == "trashed":
                self.world.acts(partial(self.store.trash.put, owner, session_id), [owner])
            if ends == "revoked":
                hashed = self.world.links[-1].key_hash
                self.world.acts(partial(self.store.shares.revoke, owner, hashed), [owner])
        for n in (1, 2):  # so that each has another whose reply is under way
            owner = self._turn(n)
            self.world.acts(partial(self._begin, owner), [owner])

    def _try_everything(self) -> None:
        """Each person, each method, each route, with what another has now, or had."""
        world = self.world
        ways: list[Callable[[list[Any]], Any]]
        ways = [lambda ids: ids[-1], world.gone, world.under_way]
        for n in range(len(self.world.browsers)):
            for i, name in enumerate(sorted(METHODS)):
                self._try_method(self._turn(n), name, ways[(n + i) % 3])
            for i, route in enumerate(ROUTES):
                owner = self._turn(n)
                credentials = self._credentials(n, owner, by_token=False)
                self._try_route(owner, route, credentials, ways[(n + i) % 3])
                how = FORGERIES[world.count() % len(FORGERIES)]
                self._try_forgery(world.browsers[n], route, self._newest(owner, route), how)
        for page in islice(self.pages, 4):  # it takes its time
            i = world.count() % 9
            self._try_page(i % 3, self._turn(i % 3), page, ways[i // 3])

    def _newest(self, owner: int, route: Route) -> dict[str, Any]:
        def pick(kind: str) -> Any:
            ids = self.world.mine(owner, kind)
            return ids[-1] if ids else self._unknown(kind)

        return fields(self.world, route, pick)
