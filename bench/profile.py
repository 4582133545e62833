"""`python -m bench.profile`: where the time to the first token goes, in stages and by kind of work.

Chromium is traced, which makes it somewhat slower than in `bench.run`: shares count here.
"""

import sqlite3
from contextlib import ExitStack, closing
from typing import Any

from playwright.sync_api import Page

from bench import probe
from bench.figures import MESSAGES, WARM_UP, Lab, Round, laboratory
from bench.process import database_in
from bench.table import median
from tests.browser.server import App

PROMPTS = 9  # a kind of chat
SPEC = "t50-n50"
CATEGORIES = ["toplevel", "devtools.timeline", "blink.user_timing", "v8"]
WORK = {
    "scripts (React)": {"FunctionCall", "RunMicrotasks", "TimerFire", "FireAnimationFrame"},
    "style and layout": {"UpdateLayoutTree", "Layout"},
    "paint": {"PrePaint", "Paint", "Layerize", "Commit"},
    "garbage": {"MinorGC", "MajorGC"},
}

Event = dict[str, Any]


def main() -> None:
    with laboratory() as lab:
        columns = {kind: _measured(lab, kind) for kind in MESSAGES}
    labels = next(iter(columns.values()))[0]
    print(f"{'medians of ' + str(PROMPTS):<36}" + "".join(f"{kind:>10}" for kind in columns))
    for label in labels:
        cells = [median(rounds, label) or 0 for rounds in columns.values()]
        print(f"{label + ', ms':<36}" + "".join(f"{cell:>10.1f}" for cell in cells))


def _measured(lab: Lab, kind: str) -> list[dict[str, float]]:
    with ExitStack() as until_its_end, Round(lab, until_its_end).page(kind) as (app, page):
        for _ in range(2):
            probe.await_reply(page, WARM_UP)
        return [_one(lab, app, page) for _ in range(PROMPTS)]


def _one(lab: Lab, app: App, page: Page) -> dict[str, float]:
    with Trace(page) as trace:
        seen = probe.await_reply(page, SPEC)
    model = lab.fake.timing(seen["tag"])
    enter, stored = seen["enter"], _latest_prompt(app)
    request, first = 1000 * model["request"], 1000 * model["first"]
    return {
        "Enter to the prompt at the server": stored - enter,
        "to the request at the model": request - stored,
        "first token to the page": seen["first"] - first,
        **trace.work(enter, seen["first"]),
    }


def _latest_prompt(app: App) -> float:
    """When it was taken for storing, in milliseconds since 1970."""
    with closing(sqlite3.connect(database_in(app.folder))) as database:
        query = "SELECT max(created_at) FROM messages WHERE role = 'user'"
        return float(database.execute(query).fetchone()[0])


class Trace:
    """What a page's main thread did, by Chromium's own account."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._events: list[Event] = []
        self._complete = False

    def __enter__(self) -> "Trace":
        self._session = self._page.context.new_cdp_session(self._page)
        self._session.on("Tracing.dataCollected", lambda data: self._events.extend(data["value"]))
        self._session.on("Tracing.tracingComplete", self._end)
        config = {"includedCategories": CATEGORIES, "excludedCategories": ["*"]}
        self._session.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
        mark = "performance.mark('now'); return Date.now()"
        self._marked = float(self._page.evaluate(f"(() => {{ {mark} }})()"))
        return self

    def __exit__(self, *failed: object) -> None:
        self._session.send("Tracing.end")
        while not self._complete:
            self._page.wait_for_timeout(20)
        self._session.detach()

    def _end(self, _: object) -> None:
        self._complete = True

    def work(self, since: float, until: float) -> dict[str, float]:
        """Milliseconds of CPU of the main thread between two moments, by kind; tasks in all."""
        mark = next(e for e in self._events if e["name"] == "now")
        offset = mark["ts"] / 1000 - self._marked
        thread = [
            event
            for event in self._events
            if event["ph"] == "X"
            and (event["pid"], event["tid"]) == (mark["pid"], mark["tid"])
            and since <= event["ts"] / 1000 - offset <= until
        ]
        tasks = _spent(thread, {"RunTask", "ThreadControllerImpl::RunTask"})
        kinds = {f"- of it {kind}": _spent(thread, names) for kind, names in WORK.items()}
        return {"main thread until then": tasks, **kinds}


def _spent(events: list[Event], names: set[str]) -> float:
    """Without what is inside another of the same kind."""
    total, end = 0.0, 0.0
    for event in sorted((e for e in events if e["name"] in names), key=lambda e: float(e["ts"])):
        if event["ts"] >= end:
            total += float(event.get("tdur", event["dur"])) / 1000
            end = event["ts"] + event["dur"]
    return total


if __name__ == "__main__":
    main()
