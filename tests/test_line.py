"""The line: nobody is forgotten, and nobody's flood delays another's single prompt."""

import asyncio

import pytest

from chatcore.errors import TooBusy
from chatcore.line import Line, Ticket


def played(scene):
    """Run a scene in which tickets enter a line by `enter(owner)` and leave by `leave(ticket)`."""

    async def play():
        tasks = {}

        async def hold(line, ticket):
            async with line.place(ticket):
                await asyncio.Event().wait()

        async def enter(line, owner):
            ticket = Ticket(owner)
            tasks[ticket] = asyncio.create_task(hold(line, ticket))
            await asyncio.sleep(0)
            return ticket

        async def leave(ticket):
            tasks[ticket].cancel()
            await asyncio.gather(tasks[ticket], return_exceptions=True)
            await asyncio.sleep(0)

        await scene(enter, leave)
        for ticket in tasks:
            await leave(ticket)

    asyncio.run(play())


def test_the_first_to_come_is_the_first_to_go():
    async def scene(enter, leave):
        line = Line(lambda: 1)
        a, b, c = [await enter(line, 1) for _ in range(3)]
        assert [t.turn.is_set() for t in (a, b, c)] == [True, False, False]
        assert (line.ahead_of(b), line.ahead_of(c)) == (0, 1)
        await leave(a)
        assert [t.turn.is_set() for t in (b, c)] == [True, False]

    played(scene)


def test_one_who_leaves_while_waiting_is_skipped():
    async def scene(enter, leave):
        line = Line(lambda: 1)
        a, b, c = [await enter(line, 1) for _ in range(3)]
        await leave(b)
        await leave(a)
        assert c.turn.is_set()
        assert not b.turn.is_set()

    played(scene)


def test_owners_take_turns():
    async def scene(enter, leave):
        line = Line(lambda: 2)
        flood = [await enter(line, 1) for _ in range(6)]
        single = await enter(line, 2)
        await leave(flood[0])
        assert single.turn.is_set()
        assert not flood[2].turn.is_set()

    played(scene)


def test_an_owner_has_no_more_than_their_share():
    async def scene(enter, leave):
        line = Line(lambda: 4, per_owner=2)
        mine = [await enter(line, 1) for _ in range(3)]
        other = await enter(line, 2)
        assert [t.turn.is_set() for t in mine] == [True, True, False]
        assert other.turn.is_set()

    played(scene)


def test_six_may_wait_and_a_seventh_is_refused():
    async def scene(enter, leave):
        line = Line(lambda: 1)
        for _ in range(7):
            line.check(1)
            await enter(line, 1)
        with pytest.raises(TooBusy, match="6 prompts of yours"):
            line.check(1)
        line.check(2)

    played(scene)
