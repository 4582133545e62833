"""Figures and names in words. Pure."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from chatcore.context import Fit
from chatcore.generation import Phase
from chatcore.markdown import BREAK
from chatcore.sharing import Share
from chatcore.types import CHARACTERS_PER_TOKEN, Message, ModelInfo, Seen, Session, Usage

DIGEST = 12  # characters of it, as `ollama list` shows
NEAR = 0.8  # of what there is room for

MARKS = re.compile(r"([\\`*_\[\]<>$:~|&#!])")
CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
ADDRESS = re.compile(r"\\:(?=\\/\\/)|www(?=\\\.)|\\@", re.IGNORECASE)
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """Text as Markdown that shows exactly it: for labels, where Streamlit reads Markdown too."""
    return _no_link(one_line(text))


def one_line(text: str) -> str:
    return " ".join(text.split())


def from_home(path: str, home: str) -> str:
    """As a shell takes it, too."""
    inside = path.removeprefix(home)
    return f"~{inside}" if inside != path and inside[:1] in "/\\" else path


def short(text: str, most: int = 100) -> str:
    """Its beginning, on one line."""
    line = one_line(text[: 2 * most])
    return line if len(line) <= most else f"{line[: most - 1].rsplit(' ', 1)[0]}…"


def label(text: str) -> str:
    """As plain, for the label of an input: screen readers are told it as it is written here, so
    what Markdown reads nothing into stays bare."""
    return MARKS.sub(r"\\\1", one_line(text))


def sentence(text: str) -> str:
    """One of our errors as Markdown: `code` stays code, all else is shown as it is.

    What is quoted in it may hold backticks: only one before and one after are code to anybody.
    """
    parts = CODE.split(one_line(text))
    return "".join(f"`{part}`" if i % 2 else _no_link(part) for i, part in enumerate(parts))


def _no_link(text: str) -> str:
    """Streamlit looks for addresses after escapes are resolved; it finds none across a span."""
    return ADDRESS.sub(rf"\g<0>{BREAK}", PUNCTUATION.sub(r"\\\1", text))


def size(n: int) -> str:
    """Bytes as disks and `ollama list` count them: 5.2 GB."""
    value = float(n)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def file(name: str, n: int, characters: int | None) -> str:
    """notes.txt · 12 kB · about 3,000 tokens, as Markdown; `n` bytes, None for an image."""
    parts = [plain(name), size(n)]
    if characters is not None:
        tokens = max(1, characters // CHARACTERS_PER_TOKEN)
        parts.append(f"about {tokens:,} token{'s' * (tokens > 1)}")
    return " · ".join(parts)


def seconds(nanoseconds: int) -> str:
    value = nanoseconds / 1e9
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def span(nanoseconds: int) -> str:
    """A time to be added up: 42 s, 12 min, 3 h 5 min."""
    minutes = round(nanoseconds / 60e9)
    if nanoseconds < 60e9:
        return seconds(nanoseconds)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"


def ago(at: int, now: int) -> str:
    """Two moments in milliseconds: just now, 5 min ago, 3 h ago, 12 days ago."""
    minutes = (now - at) // 60_000
    if minutes < 2:
        return "just now"
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440:,} days ago"


def things(n: int, name: str) -> str:
    """1 chat, 2 chats."""
    return f"{n:,} {name}{'s' * (n != 1)}"


def count(n: int) -> str:
    """1,204 or, where that would be too wide, 1.2 M."""
    return f"{n:,}" if n < 1_000_000 else f"{n / 1e6:,.1f} M"


def model(info: ModelInfo) -> str:
    """8.2B · Q4_K_M · 5.2 GB · loaded"""
    parts = [info.parameter_size, info.quantization_level, size(info.size)]
    return " · ".join([part for part in parts if part] + ["loaded"] * info.loaded)


def usage(message: Message) -> str:
    """What a reply cost: qwen3:8b · 12 tokens in, 214 out · 41 tokens/s · first after 0.4 s ..."""
    spent = message.usage or Usage()
    parts = [plain(message.model)] if message.model else []
    parts += _figures(spent)
    if spent.load_duration is not None:
        parts.append(f"loaded in {seconds(spent.load_duration)}")
    if spent.done_reason == "length":
        parts.append("cut at the length limit")
    if message.state == "stopped":
        parts.append("stopped")
    return " · ".join(parts)


def _figures(spent: Usage) -> list[str]:
    """Those that each reply has, known or not."""
    rate, first = spent.tokens_per_second, spent.first_token_duration
    if (spent.prompt_eval_count, spent.eval_count, rate, first) == (None, None, None, None):
        return ["tokens and times unknown"]
    return [
        _counts(spent),
        "speed unknown" if rate is None else speed(rate),
        "first token unknown" if first is None else f"first after {seconds(first)}",
    ]


def _counts(spent: Usage) -> str:
    if spent.prompt_eval_count is None and spent.eval_count is None:
        return "tokens unknown"
    known = [
        "unknown" if n is None else f"{n:,}" for n in (spent.prompt_eval_count, spent.eval_count)
    ]
    return f"{known[0]} tokens in, {known[1]} out"


def speed(rate: float) -> str:
    return f"{rate:.0f} tokens/s" if rate >= 10 else f"{rate:.1f} tokens/s"


def gauge(fit: Fit, compact: bool) -> str:
    """What the next request will hold: 14 messages, 3,100 of 8,192 tokens"""
    told = f"{things(fit.messages, 'message')}, {fit.tokens:,} of {fit.num_ctx:,} tokens"
    if fit.unsent:
        pinned = things(len(fit.unsent), "pinned message")
        told = f"{told} · {pinned} not sent, as no prompt before is"
    if fit.left_out:
        oldest = things(len(fit.left_out), "older message")
        if compact:
            return warning(f"up to {told} · {oldest} or more will be summed up first")
        return warning(f"{told} · {oldest} will be left out, above the line")
    if fit.tokens > NEAR * fit.budget:
        return warning(f"{told} · nearly full")
    return warning(told) if fit.unsent else told


def seen(of: Seen) -> str:
    """The same of a request that was made."""
    told = f"{things(of.size.messages, 'message')}, about {of.tokens:,} of {of.num_ctx:,} tokens"
    return f"{told} · {things(of.left_out, 'older message')} left out" if of.left_out else told


def build(of: Seen, model: str) -> str:
    """Who made a reply: qwen3:8b · Q4_K_M · digest 500a1f067a9f · server 0.12.6 · seed 7"""
    digest, quantization, version = of.build
    parts = [plain(model), plain(quantization) if quantization else "quantization unknown"]
    parts.append(f"digest {plain(digest[:DIGEST])}" if digest else "digest unknown")
    parts.append(f"server {plain(version)}" if version else "server version unknown")
    return " · ".join([*parts, f"seed {of.options.get('seed', 'unknown')}"])


def options(chosen: Mapping[str, Any]) -> str:
    """Options that are set: temperature 0.2 · seed 7 · stop "END"."""
    return " · ".join(plain(f"{name} {_option(value)}") for name, value in chosen.items())


def _option(value: float | str | list[str]) -> str:
    if isinstance(value, list):
        told = json.dumps(value[0], ensure_ascii=False)
        return told if len(value) == 1 and len(told) <= 20 else f"at {things(len(value), 'text')}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def window(usual: int, model: str, trained: int | None) -> str:
    """What holds of num_ctx beside what is chosen."""
    told = f"num_ctx is {min(usual, trained or usual):,} tokens where none is chosen"
    if trained:
        told += f", and at most {trained:,}, for which {model} was trained"
    return plain(f"{told}. A change reloads the model, and a larger one takes more memory.")


def cut(of: Seen, prompt_eval_count: int) -> str:
    return (
        f"The model server read only {prompt_eval_count:,} of about {of.tokens:,} tokens, and so"
        " left out more than Hearth did: choose a smaller num_ctx under Options, or give the"
        " server a larger window."
    )


def warning(markdown: str) -> str:
    return f":orange[{markdown}]"


def thoughts(message: Message) -> str:
    """The name of the block that holds them: Thought for 12 s"""
    spent = message.usage and message.usage.thinking_duration
    return f"Thought for {seconds(spent)}" if spent else "Thoughts"


def phase(at: Phase, elapsed: float) -> str:
    """What a reply under way is at, and for how long: reading the prompt · 1,204 tokens · 2 s"""
    match at.doing:
        case "queued":
            parts = [f"waiting in line, {at.tokens} ahead" if at.tokens else "next in line"]
        case "starting":
            parts = ["starting the model server"]
        case "summing":
            parts = ["summing up older messages"]
        case "loading":
            parts = ["loading the model"]
        case "reading":
            parts = ["reading the prompt", f"about {at.tokens:,} tokens"]
        case "thinking":
            parts = ["thinking"]
        case "writing":
            tokens = f"{at.tokens:,} {'token' if at.tokens == 1 else 'tokens'}"
            rate = (at.tokens - at.before) / elapsed if elapsed >= 1 else 0
            parts = ["writing", tokens] + [speed(rate)] * bool(rate)
    return f":material/hourglass_top: {' · '.join([*parts, f'{elapsed:.0f} s'])}"


def day(milliseconds: int, zone: tzinfo | None) -> str:
    """3 May 2026"""
    moment = datetime.fromtimestamp(milliseconds / 1000, zone)
    return f"{moment.day} {moment:%B %Y}"


def moment(milliseconds: int, zone: tzinfo | None) -> str:
    """3 May 2026, 14:05"""
    return f"{day(milliseconds, zone)}, {datetime.fromtimestamp(milliseconds / 1000, zone):%H:%M}"


def share(link: Share, now: int, zone: tzinfo | None) -> str:
    """Made 3 May 2026 · ends 10 May 2026, 14:05 · last opened 4 May 2026, 9:12"""
    parts = [f"Made {day(link.created_at, zone)}"]
    if link.expires_at is not None:
        ends = "ended" if link.has_ended(now) else "ends"
        parts.append(f"{ends} {moment(link.expires_at, zone)}")
    if link.thinking:
        parts.append("with thoughts")
    if link.last_opened_at is None:
        parts.append("never opened")
    else:
        parts.append(f"last opened {moment(link.last_opened_at, zone)}")
    if not link.current:
        parts.append(f"shows the chat of {moment(link.pinned_at, zone)}")
    return " · ".join(parts)


def by_day(sessions: list[Session], today: date, zone: tzinfo | None) -> dict[str, list[Session]]:
    """Sessions under Today, Yesterday, Previous 7 days and Older, as the visitor's clock has it."""
    groups: dict[str, list[Session]] = {}
    for session in sessions:
        day = datetime.fromtimestamp(session.updated_at / 1000, zone).date()
        groups.setdefault(_day(day, today), []).append(session)
    return groups


def _day(day: date, today: date) -> str:
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return "Previous 7 days" if day >= today - timedelta(days=7) else "Older"


def choice(name: str, info: ModelInfo | None) -> str:
    """A model as the picker lists it, its name first."""
    return f"{name} · {model(info)}" if info else name


def chosen(label: str) -> str:
    """The name in a choice."""
    return label.split(" · ")[0]
