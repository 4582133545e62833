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
    """Each with what stands below its bubble."""
    return page.locator("[class*='st-key-message_']:has([data-testid=stChatMessage])")


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
    return page.locator("[data-chat] a")


def link_to(page: Page, session_id: str) -> Locator:
    return page.locator(f"[data-chat='{session_id}'] a")


def menu_of(page: Page, session_id: str) -> Locator:
    """The button of the menu beside a chat."""
    return page.locator(f"[data-chat='{session_id}'] [aria-haspopup]")


def choose(page: Page, session_id: str, action: str) -> None:
    """An entry of the menu beside a chat."""
    menu_of(page, session_id).click()
    page.get_by_role("menuitem", name=action, exact=True).click()


def rename(page: Page, session_id: str, title: str) -> None:
    choose(page, session_id, "Rename")
    box = page.get_by_label("Name of the chat")
    box.fill(title)
    box.press("Enter")


def message_menu(page: Page, n: int, action: str) -> None:
    """An entry of the menu of the n-th message."""
    message = messages(page).nth(n)
    message.hover()
    message.locator("[class*='st-key-message_menu_'] button").first.click()
    entry = page.get_by_role("menuitem", name=action, exact=True)
    entry.or_(page.get_by_role("option", name=action, exact=True)).click()


def ready(page: Page) -> None:
    expect(page.locator(".st-key-prompt textarea")).to_be_enabled()
