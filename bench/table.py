"""The figures as a person reads them: medians, with the least and the most of all rounds."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Rounds = Sequence[Mapping[str, float | None]]


@dataclass(frozen=True)
class Row:
    label: str
    unit: str
    key: str
    scale: float = 1.0
    digits: int = 0


@dataclass(frozen=True)
class Section:
    """Rows of one kind; a column for each figure that has them."""

    title: str
    columns: dict[str, str]
    rows: list[Row]


COLD = [Row("to HTTP 200", "ms", "http"), Row("to an interactive page", "ms", "interactive")]
REPLY = [
    Row("Enter to model request", "ms", "to_request"),
    Row("first token to page", "ms", "to_page"),
    Row("both: overhead to first token", "ms", "overhead"),
    Row("Enter to last token on page", "ms", "total"),
    Row("- of it the model's own time", "ms", "model"),
    Row("last token to page", "ms", "tail"),
    Row("server CPU", "s", "server_cpu", digits=2),
    Row("sent to the browser", "kB", "bytes", scale=1e-3, digits=1),
    Row("browser main thread busy", "ms", "main_thread"),
    Row("- of it in tasks over 50 ms", "ms", "long_tasks"),
]
LONG = [
    Row("open to last message shown", "ms", "open"),
    Row("sent to the browser by it", "kB", "open_bytes", scale=1e-3, digits=1),
]
CLIENT = [Row("by the official client alone", "ms", "8000")]
FIT = [
    Row("to a window of 8,192", "ms", "some", digits=2),
    Row("all of them", "ms", "all", digits=2),
    Row("all of them, none counted", "ms", "new", digits=2),
]
STOP = [
    Row("while it writes", "ms", "writing"),
    Row("- worst of 20", "ms", "writing_worst"),
    Row("while it reads the prompt", "ms", "reading"),
    Row("- worst of 20", "ms", "reading_worst"),
]
PAGES = [Row(f"{count} pages open", "MiB", count) for count in ("0", "1", "10", "50")]
PACES = {
    "first": "50 at 50/s",
    "waited": "... after 200 ms",
    "paced": "1,000 at 200/s",
    "2000": "2,000 at once",
    "8000": "8,000 at once",
}
SECTIONS = [
    Section("Cold start", {"cold": ""}, COLD),
    Section("A reply in a new chat: tokens", PACES, REPLY),
    Section("... after 30 messages, 50 chats", {f"{k}-used": v for k, v in PACES.items()}, REPLY),
    Section("8,000 tokens at once", {"client": ""}, CLIENT),
    Section("A chat of 500 messages", {"open-long": ""}, LONG),
    Section("... a reply in it: tokens", {"first-long": "50 at 50/s"}, REPLY),
    Section("1,000 messages fitted to the window", {"fit": ""}, FIT),
    Section("Stop to the model's disconnect", {"stop": ""}, STOP),
    Section("Memory of the server", {"memory": ""}, PAGES),
]


def median(rounds: Rounds, key: str) -> float | None:
    """None where it could not be measured."""
    values = [value for values in rounds if (value := values[key]) is not None]
    return statistics.median(values) if values else None


def table(figures: Mapping[str, Rounds]) -> str:
    """The sections that something was measured for."""
    lines = []
    for section in SECTIONS:
        if columns := {k: v for k, v in section.columns.items() if k in figures}:
            lines += ["", _line(section.title, list(columns.values()))]
            lines += [
                _line(f"  {row.label}, {row.unit}", [_cell(figures[name], row) for name in columns])
                for row in section.rows
            ]
    return "\n".join(lines)


def _line(label: str, cells: list[str]) -> str:
    return (f"{label:<34}" + "".join(f"{cell:>21}" for cell in cells)).rstrip()


def _cell(rounds: Rounds, row: Row) -> str:
    """212 (198-240)"""
    middle = median(rounds, row.key)
    if middle is None:
        return "not measured"
    values = [value for values in rounds if (value := values[row.key]) is not None]
    told, least, most = (
        f"{value * row.scale:,.{row.digits}f}" for value in (middle, min(values), max(values))
    )
    return told if len(rounds) == 1 else f"{told} ({least}-{most})"
