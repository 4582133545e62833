"""The README's pictures of the running app: light and dark, wide and narrow, full and empty."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import chromium
from tests.browser.actions import in_address, messages, ready, reply, send
from tests.browser.server import ROOT, App
from tests.fake_ollama import FakeOllama, Wait, fake_model

PICTURES = ROOT / "docs" / "pictures"
SIZES = {"1280": {"width": 1280, "height": 800}, "390": {"width": 390, "height": 844}}
EARLIER = ("Trip to Lisbon in March", "Letter to the landlord", "Why is the sky blue?")
PROMPT = "Why can't I hold two mutable references at once?"
REPLY = """Because two writers could disagree. A mutable reference is a promise that **nobody
else** is looking:

```rust
let mut v = vec![1, 2, 3];
let first = &mut v[0];
v.push(4);      // may move the buffer
*first = 10;    // dangling!
```

1. `push` may reallocate,
2. `first` would then point into freed memory,
3. so the compiler refuses the second borrow while the first lives.
"""


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        FakeOllama() as fake,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=chromium.ARGUMENTS
        )
        app = App(Path(folder), OLLAMA_HOST=fake.host, HEARTH_IDENTITY="single").start()
        try:
            address = _fill(browser, app, fake)
            _shoot_all(browser, {"chat": address, "empty": app.url})
        finally:
            app.stop()


def _fill(browser: Browser, app: App, fake: FakeOllama) -> str:
    """A few chats; the address of the last."""
    fake.models = [fake_model("qwen3:8b", parameter_size="8.2B", size=5_200_000_000)]
    page = browser.new_page()
    for prompt in EARLIER:
        page.goto(app.url)
        ready(page)
        send(page, prompt)
        reply(page, "tokens/s")
    page.goto(app.url)
    ready(page)
    fake.reply(*(f"{word} " for word in REPLY.split(" ")), Wait(0.5))
    send(page, PROMPT)
    reply(page, "tokens/s")
    in_address(page)
    return page.url


def _shoot_all(browser: Browser, addresses: dict[str, str]) -> None:
    for scheme in ("light", "dark"):
        for width, viewport in SIZES.items():
            page = browser.new_page(viewport=viewport, color_scheme=scheme)
            for name, address in addresses.items():
                page.goto(address)
                _settle(page, full=name == "chat")
                page.screenshot(path=PICTURES / f"{name}-{scheme}-{width}.png")
            page.close()
    print(f"Pictures in {PICTURES.relative_to(ROOT)}")


def _settle(page: Page, full: bool) -> None:
    ready(page)
    if full:
        expect(messages(page)).to_have_count(2)
    page.wait_for_timeout(1500)  # fonts, code colours


if __name__ == "__main__":
    main()
