"""The dashboard in a real browser: its charts under our policy, the ways to it and back."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.actions import chats, in_address, messages, ready, reply, send
from tests.fake_ollama import fake_model


def link(page):
    return page.get_by_role("link", name="Dashboard")


def on_dashboard(page):
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(page).to_have_url(re.compile("/insights"))


def chat(app, page, text):
    page.goto(app.url)
    ready(page)
    send(page, text)
    reply(page, f"You said: {text}")
    in_address(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_and_tables_draw_under_the_policy(app, page, scheme):
    page.emulate_media(color_scheme=scheme)
    errors = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    chat(app, page, "hello")
    link(page).click()
    on_dashboard(page)
    days, outcomes = (page.locator("[data-testid=stVegaLiteChart]").nth(n) for n in range(2))
    expect(days.locator(".mark-rect path:visible")).to_have_count(2)
    expect(outcomes.locator(".mark-rect path:visible")).to_have_count(1)
    expect(page.locator("[data-testid=stDataFrame] canvas").first).to_be_visible()
    assert errors == []


def test_to_the_dashboard_and_back_by_keyboard_and_by_back(app, page):
    chat(app, page, "hello")
    link(page).focus()
    page.keyboard.press("Enter")
    on_dashboard(page)
    expect(page.locator(".st-key-prompt")).to_have_count(0)
    chats(page).first.focus()
    page.keyboard.press("Enter")
    reply(page, "You said: hello")
    in_address(page)
    page.go_back()
    on_dashboard(page)
    page.go_back()
    reply(page, "You said: hello")


@pytest.mark.parametrize("period", [False, True])
def test_new_chat_leads_from_the_dashboard_to_an_empty_chat(app, page, period):
    chat(app, page, "hello")
    link(page).click()
    on_dashboard(page)
    if period:
        page.get_by_role("radio", name="all").click()
        expect(page).to_have_url(re.compile("period=all"))
    page.keyboard.press("Control+Shift+O")
    ready(page)
    expect(messages(page)).to_have_count(0)
    expect(page).to_have_url(f"{app.url}/")
    send(page, "more")
    reply(page, "You said: more")


def test_a_period_is_an_address_from_the_first_visit_on(app, page):
    page.goto(f"{app.url}/insights?period=all")
    on_dashboard(page)
    expect(page.get_by_role("radio", name="all")).to_have_attribute("aria-checked", "true")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_model_picked_for_a_new_chat_is_still_picked_after_a_look(app, fake, page):
    fake.models = [fake_model("alpha:1b"), fake_model("beta:2b")]
    page.goto(app.url)
    page.locator(".st-key-model button").click()
    page.get_by_role("option", name=re.compile("beta")).click()
    expect(page.get_by_placeholder("Message beta:2b")).to_be_visible()
    link(page).click()
    on_dashboard(page)
    expect(page.locator(".st-key-model")).to_have_count(0)
    page.go_back()
    expect(page.get_by_placeholder("Message beta:2b")).to_be_visible()


def test_an_open_dashboard_comes_back_with_its_frame_after_a_restart(app, page):
    chat(app, page, "hello")
    link(page).click()
    on_dashboard(page)
    everything = page.get_by_role("radio", name="all")
    expect(everything).to_be_visible()  # what Streamlit has not loaded by the kill stays unloaded
    app.kill()
    app.start()
    everything.click()
    expect(page).to_have_url(re.compile("/insights.period=all"))
    chats(page).first.click()
    reply(page, "You said: hello")
