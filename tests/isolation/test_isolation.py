"""The short version of what `make torture` does at length, and that it leaves nothing out."""

import re
from pathlib import Path
from typing import get_type_hints

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from chatcore.store import Store
from tests.isolation.machine import LIKE, Isolation
from tests.isolation.probes import (
    BY_PAGES,
    FIELDS,
    METHODS,
    NOT_PROBED,
    PAGES,
    PARTS,
    ROUTES,
    asked,
    fields,
    kind_of,
    methods,
    parameters,
    public,
    routes_of_the_server,
    unknown,
    value_of,
)
from tests.isolation.world import ROWS, World

ROOT = Path(__file__).parents[2]
SHORT = settings(
    max_examples=12,  # not every one plays all of its steps
    stateful_step_count=50,
    phases=[Phase.generate],  # what fails is told as it is: to shorten it takes minutes
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_no_row_of_another_is_read_changed_or_told_of():
    run_state_machine_as_test(Isolation, settings=SHORT)  # raises at the first
    assert Isolation.tried == {*METHODS, *map(str, [*ROUTES, *PAGES])}
    assert Isolation.steps >= 500


def test_every_part_of_the_store_is_tried():
    parts = {name for name, hint in get_type_hints(Store).items() if hint is not str}
    assert parts == set(PARTS)


def test_every_method_is_tried_or_named_with_a_reason():
    assert set(NOT_PROBED) <= set(methods())
    assert set(METHODS) == set(methods()) - set(NOT_PROBED)
    assert set(public(Store)) <= set(methods())


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_parameter_has_a_meaning(name):
    for key, parameter in parameters(name).items():
        assert kind_of(name, key) or value_of(parameter)


def test_every_route_is_tried():
    tried = {(route.method, route.path) for route in ROUTES}
    assert tried | {BY_PAGES} == routes_of_the_server()
    assert BY_PAGES not in tried


def test_all_that_a_page_reads_of_its_address_is_tried():
    read = re.compile(r"query_params(?:\.get\(|\.pop\(|\[)\"(\w+)\"")
    sources = [ROOT / "frame.py", *ROOT.glob("pages/*.py"), *ROOT.glob("chatcore/ui/*.py")]
    found = {name for path in sources for name in read.findall(path.read_text(encoding="utf-8"))}
    assert found == {name for page in PAGES for name in page.query}


def test_whoever_only_reads_leaves_no_row():
    world = World()
    before = world.everyone()
    fresh = {"cookie": world.cookie(world.services.cookie.new())}
    for route in (each for each in ROUTES if each.method == "GET"):
        given = fields(world, route, lambda kind: unknown(world, kind, LIKE.get(kind, "")))
        world.acts(lambda route=route, given=given: asked(world, route, given, fresh), [])
        assert world.everyone() == before, route
    world.close()


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_every_field_of_a_route_has_a_meaning(route):
    assert {*route.body, *route.headers} <= {*route.ids, *FIELDS}


def test_the_rows_of_every_table_are_watched():
    world = World()
    tables = {name for name in world.tables() if not name.startswith(("messages_fts", "sqlite_"))}
    world.close()
    assert tables - {"_sqlite_migrations"} == set(ROWS)
