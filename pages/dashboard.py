"""The dashboard: how much was said, how fast each model answered, and how replies ended."""

import streamlit as st

from chatcore.ui import actions, dashboard, state

st.set_page_config(page_title="Dashboard · Hearth")
view = state.view()


def draw() -> None:
    st.header("Dashboard", anchor=False)
    actions.tell_failure()
    period = dashboard.choose_period()
    first = dashboard.first_day(period)
    records = view.services.store.records(view.owner, dashboard.midnight(first), dashboard.MOST)
    if records:
        dashboard.draw(records, first)
    else:
        dashboard.empty(view, period)


view.rest.add(draw)
