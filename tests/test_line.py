"""The line: nobody is forgotten, and nobody's flood delays another's single prompt."""

import asyncio
import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatcore.errors import TooBusy
from chatcore.line import Line


def told(line, tickets):
    """The waiting among them, as the line tells who goes before whom."""
    waiting = [ticket for ticket in tickets if not ticket.turn.done()]
    return sorted(waiting, key=line.ahead_of)


def served(line, tickets):
    """The same in the order in which they go, where one begins as another ends."""
    running = [ticket for ticket in tickets if ticket.turn.done()]
    waiting, order = [t for t in tickets if not t.turn.done()], []
    while waiting:
        line.leave(running.pop(0))
        gone = [ticket for ticket in waiting if ticket.turn.done()]
        waiting = [ticket for ticket in waiting if not ticket.turn.done()]
        order, running = order + gone, running + gone
    return order


def owners(tickets):
    return [ticket.owner for ticket in tickets]


def test_the_first_to_come_is_the_first_to_go():
    line = Line(lambda: 1)
    a, b, c = [line.enter(1) for _ in range(3)]
    assert [t.turn.done() for t in (a, b, c)] == [True, False, False]
    assert (line.ahead_of(a), line.ahead_of(b), line.ahead_of(c)) == (0, 0, 1)
    line.leave(a)
    assert [t.turn.done() for t in (b, c)] == [True, False]


def test_one_who_leaves_while_waiting_is_skipped():
    line = Line(lambda: 1)
    a, b, c = [line.enter(1) for _ in range(3)]
    line.leave(b)
    line.leave(a)
    assert c.turn.done()
    assert not b.turn.done()


@pytest.mark.parametrize("parallel", [1, 2, 3])
def test_a_single_prompt_waits_for_none_of_a_flood(parallel):
    line = Line(lambda: parallel)
    flood = [line.enter(1) for _ in range(6 + parallel)]
    single = line.enter(2)
    assert line.ahead_of(single) == 0
    line.leave(flood[0])
    assert single.turn.done()
    assert not flood[parallel].turn.done()


def test_owners_take_turns():
    line = Line(lambda: 1)
    tickets = [line.enter(owner) for owner in (1, 1, 1, 1, 2, 2, 3)]
    assert owners(served(line, tickets)) == [2, 3, 1, 2, 1, 1]


def test_who_comes_back_at_once_goes_behind_those_who_wait():
    line = Line(lambda: 1)
    running = line.enter(1)
    waiting = line.enter(2)
    for _ in range(3):
        again = line.enter(1)
        line.leave(running)
        assert waiting.turn.done()
        line.leave(waiting)
        running, waiting = again, line.enter(2)


@pytest.mark.parametrize("parallel", [1, 2])
def test_the_place_that_is_told_is_the_one_that_is_kept(parallel):
    for came in itertools.product([1, 2, 3], repeat=5):
        line = Line(lambda: parallel)
        tickets = [line.enter(owner) for owner in came]
        expected = told(line, tickets)
        assert [line.ahead_of(ticket) for ticket in expected] == list(range(len(expected)))
        assert served(line, tickets) == expected, came


def test_an_owner_has_no_more_than_their_share():
    line = Line(lambda: 4, per_owner=2)
    mine = [line.enter(1) for _ in range(3)]
    other = line.enter(2)
    assert [t.turn.done() for t in mine] == [True, True, False]
    assert other.turn.done()
    line.leave(mine[0])
    assert mine[2].turn.done()


def test_more_may_go_when_more_are_allowed():
    allowed = 1
    line = Line(lambda: allowed)
    tickets = [line.enter(1) for _ in range(3)]
    allowed = 2
    line.advance()
    assert [t.turn.done() for t in tickets] == [True, True, False]


def test_six_may_wait_and_a_seventh_is_refused():
    line = Line(lambda: 2)
    tickets = [line.enter(1) for _ in range(8)]
    with pytest.raises(TooBusy, match="6 prompts of yours"):
        line.enter(1)
    line.leave(tickets[0])
    line.enter(1)
    line.enter(2)


def test_of_all_who_come_at_once_no_more_than_six_wait():
    line = Line(lambda: 2)

    def enter(_):
        try:
            return line.enter(1)
        except TooBusy:
            return None

    with ThreadPoolExecutor(40) as threads:
        tickets = [ticket for ticket in threads.map(enter, range(40)) if ticket]
    assert len(tickets) == 8


def test_errands_and_what_was_accepted_before_are_not_refused():
    line = Line(lambda: 1)
    tickets = [line.enter(1) for _ in range(7)]
    errand = line.enter(1, is_errand=True)
    next_prompt = line.enter(1, accepted=True)
    assert served(line, [*tickets, errand, next_prompt])[-2:] == [errand, next_prompt]


def test_one_whose_wait_is_cancelled_is_still_in_line():
    async def scene():
        line = Line(lambda: 1)
        first, second = line.enter(1), line.enter(1)
        waiting = asyncio.create_task(second.wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        line.leave(first)
        await asyncio.wait_for(second.wait(), 10)
        return waiting.cancelled()

    assert asyncio.run(scene())
