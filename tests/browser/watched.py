"""A page that is watched for what its policy must keep out."""

from playwright.sync_api import Page

from tests.browser.server import App

# What no text may become: whether its address is asked for is up to the policy.
MADE_OF_TEXT = """() => {
    const isElsewhere = address => typeof address == "string" && address
        && !["blob:", "data:"].includes(new URL(address, location).protocol)
        && new URL(address, location).origin != location.origin;
    return [...document.querySelectorAll("*")].filter(element =>
        element.matches("[onerror], [onload], [onfocus], video[src], audio[src], source[src]")
        || [element.src, element.poster, element.data].some(isElsewhere)
    ).map(element => element.outerHTML);
}"""


class Watched:
    """A page, and what it asked of other hosts, was forbidden by the policy, or ran."""

    def __init__(self, page: Page, app: App) -> None:
        self.page = page
        self.found: list[str] = []
        self.refused: list[str] = []
        self._ours = (app.url, app.url.replace("http", "ws", 1), "blob:", "data:")
        page.on("dialog", lambda dialog: (self.found.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: self._asked(request.url))
        page.on("console", lambda said: self._said(said.text))

    def _asked(self, url: str) -> None:
        if not url.startswith(self._ours):
            self.found.append(url)

    def _said(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.refused.append(text)
        elif "pwned" in text:
            self.found.append(text)

    def breaches(self) -> list[str]:
        """What got through, and what the policy had to stop."""
        return [*self.got_through(), *self.refused]

    def got_through(self) -> list[str]:
        """All until now, and what was made of text that should have stayed text.

        Enough to ask where a hostile diagram is drawn: Mermaid itself parses what its labels hold.
        """
        self.page.wait_for_timeout(1000)  # what is drawn late asks late
        elements = self.page.evaluate(MADE_OF_TEXT)
        ran = self.page.evaluate("window.pwned ? ['a script'] : []")
        return [*self.found, *elements, *ran]
