"""What is still to be drawn of a page."""

from chatcore.ui.rest import MANY, Rest


def test_the_rest_is_drawn_in_order_and_what_is_added_meanwhile_after_it():
    rest, drawn = Rest(), []
    rest.add(lambda: rest.add(lambda: drawn.append("last")))
    rest.add(lambda: drawn.append("first"))
    rest.draw()
    assert drawn == ["first", "last"]
    assert not rest.draw_some()


def test_of_very_many_things_some_are_drawn_at_a_time():
    rest, drawn = Rest(), []
    for n in range(2 * MANY):
        rest.add(lambda n=n: drawn.append(n))
    assert rest.draw_some()
    assert drawn == [0, 1, 2]
    rest.draw()
    assert drawn == [*range(2 * MANY)]


def test_one_thing_is_drawn_at_a_time():
    rest, drawn = Rest(), []
    for name in ("a", "b"):
        rest.add(lambda name=name: drawn.append(name))
    assert rest.draw_some()
    assert drawn == ["a"]
    assert not rest.draw_some()
    assert drawn == ["a", "b"]
