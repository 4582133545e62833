"""Places for messages: in the order of the messages, whichever is filled first."""

from streamlit.testing.v1 import AppTest


def script():
    import streamlit as st

    from chatcore.ui.places import Places

    places = Places(st.container(), list(range(25)))
    for message_id in (24, 23, 0, 12):
        places[message_id].markdown(str(message_id))
    places.add(list(range(25, 32)))
    for message_id in (31, 25, *range(1, 12), *range(13, 23), *range(26, 31)):
        places[message_id].markdown(str(message_id))
    st.markdown(f"{31 in places} {32 in places}")


def test_messages_stand_in_order_whichever_is_drawn_first():
    page = AppTest.from_function(script).run()
    assert not page.exception
    assert [element.value for element in page.markdown] == [*map(str, range(32)), "True False"]


def groups():
    import streamlit as st

    from chatcore.ui.places import Places

    places = Places(st.container(), list(range(25)))
    places[24].markdown("last")


def test_what_is_not_drawn_yet_has_a_place_for_ten():
    page = AppTest.from_function(groups).run()
    [*earlier, last] = page.main.children[0].children.values()
    assert [len(group.children) for group in (*earlier, last)] == [0, 0, 5]
