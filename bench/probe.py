"""A page with an observer in it: when the words of a reply reached it, and what they cost it."""

import itertools
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.browser.actions import send

PROMPT = ".st-key-prompt textarea"
LIMIT = 120_000  # ms that a reply may take

# Notes the moments, in milliseconds since 1970, when Enter is pressed and when the first and the
# last word of the awaited reply enter the document: insertion, which is a frame before the paint.
OBSERVER = """(() => {
  const seen = window.hearthBench = {};
  addEventListener("keydown", event => {
    if (event.key === "Enter") seen.enter = Date.now();
  }, true);
  new PerformanceObserver(list => {
    for (const task of list.getEntries()) seen.longTasks += task.duration;
  }).observe({type: "longtask"});
  const look = text => {
    if (!seen.first && text.includes("START" + seen.tag)) seen.first = Date.now();
    if (!seen.last && text.includes("END" + seen.tag)) {
      seen.last = Date.now();
      console.log("last of " + seen.tag);
    }
  };
  new MutationObserver(list => {
    if (!seen.tag || seen.last) return;
    for (const change of list) {
      if (change.type === "characterData") look(change.target.data);
      else for (const node of change.addedNodes) look(node.textContent);
    }
  }).observe(document, {subtree: true, childList: true, characterData: true});
})()"""

AWAIT = "tag => Object.assign(hearthBench, {tag, enter: 0, first: 0, last: 0, longTasks: 0})"

_numbers = itertools.count(1)


def observe(context: BrowserContext) -> None:
    """Put the observer into every page of this context."""
    context.add_init_script(OBSERVER)


def open_page(context: BrowserContext, url: str) -> Page:
    """A page where a person could type and send."""
    page = context.new_page()
    page.goto(url, wait_until="commit")
    wait_until_interactive(page)
    return page


def wait_until_interactive(page: Page) -> None:
    page.locator(f"{PROMPT}:enabled").wait_for()


def await_reply(page: Page, spec: str) -> dict[str, Any]:
    """Send a prompt, wait for the last word of its reply; what the observer saw.

    spec: what the scripted model server shall answer, e.g. t200-n1000.
    """
    tag = f"{next(_numbers)}x"
    page.evaluate(AWAIT, tag)
    with page.expect_console_message(lambda said: said.text == f"last of {tag}", timeout=LIMIT):
        send(page, f"[[{spec}.{tag}]] How are you?")
    page.wait_for_timeout(500)  # the reply's figures are drawn, its text is stored
    seen: dict[str, Any] = page.evaluate("hearthBench")
    return seen


def stop_reply(page: Page, spec: str, timing: Callable[[str], dict[str, Any]]) -> float:
    """Milliseconds from Escape until the model server, told by `timing`, saw the client go."""
    tag = f"{next(_numbers)}x"
    page.evaluate(AWAIT, tag)
    send(page, f"[[{spec}.{tag}]] How are you?")
    page.locator(".st-key-stop button").wait_for(timeout=LIMIT)
    page.evaluate("addEventListener('keydown', () => hearthBench.escape = Date.now(), true)")
    page.keyboard.press("Escape")
    page.locator(".st-key-stop button").wait_for(state="detached", timeout=LIMIT)
    return 1000 * float(timing(tag)["gone"]) - float(page.evaluate("hearthBench.escape"))


class MainThread:
    """How long a page's main thread was busy."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def busy(self) -> float:
        """Milliseconds so far."""
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return 1000 * float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))
