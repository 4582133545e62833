"""What a person does on the page, and what they look at."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.server import App
from tests.fake_ollama import PAUSE, FakeOllama, Step


def send(page: Page, text: str) -> None:
    box = page.locator(".st-key-prompt textarea")
    box.fill(text)
    box.press("Enter")


def messages(page: Page) -> Locator:
    return page.locator("[class*='st-key-message_'] [data-testid=stChatMessage]")


def reply(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait until the last message says this."""
    expect(messages(page).last).to_contain_text(text)


def in_address(page: Page) -> str:
    """Wait until the address names a session; returns its id."""
    expect(page).to_have_url(re.compile(r"\?session=[\w-]+$"))
    return page.url.split("session=")[1]


def chat(app: App, page: Page, text: str) -> str:
    """A new chat, answered once; its id."""
    page.goto(app.url)
    ready(page)
    send(page, text)
    reply(page, f"You said: {text}")
    return in_address(page)


def replying(app: App, fake: FakeOllama, page: Page, first: str, *then: Step) -> str:
    """A new chat in mid-reply, the rest of which waits for fake.release(); its id."""
    fake.reply(first, PAUSE, *then)
    page.goto(app.url)
    send(page, "hello")
    reply(page, first.strip())
    return in_address(page)


def chats(page: Page) -> Locator:
    """The links of the sidebar's chats, from the top."""
    return page.locator("[class*='st-key-session_'] [data-testid=stPageLink-NavLink]")


def choose(page: Page, session_id: str, action: str) -> None:
    """An entry of the menu beside a chat."""
    page.locator(f".st-key-session_{session_id}").hover()
    page.locator(f".st-key-session_menu_{session_id} button").click()
    page.get_by_role("menuitem", name=action).or_(page.get_by_role("option", name=action)).click()


def message_menu(page: Page, n: int, action: str) -> None:
    """An entry of the menu of the n-th message."""
    message = messages(page).nth(n)
    message.hover()
    message.locator("[class*='st-key-message_menu_'] button").first.click()
    entry = page.get_by_role("menuitem", name=action, exact=True)
    entry.or_(page.get_by_role("option", name=action, exact=True)).click()


def ready(page: Page) -> None:
    expect(page.locator(".st-key-prompt textarea")).to_be_enabled()
