from datetime import UTC, date, datetime

import pytest

from chatcore.generation import Phase
from chatcore.markdown import BREAK
from chatcore.types import Message, ModelInfo, Session, Usage
from chatcore.ui import words


def session(year, month, day):
    at = int(datetime(year, month, day, 12, tzinfo=UTC).timestamp() * 1000)
    return Session(1, f"{month}-{day}", "title", "m", None, at, at, 2)


def reply(usage):
    return Message(1, 1, None, "assistant", "done", "hi", "", "qwen3:8b", 0, usage)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/ada/.local/share/hearth/hearth.db", "~/.local/share/hearth/hearth.db"),
        ("/home/adam/hearth.db", "/home/adam/hearth.db"),
        ("/srv/home/ada/hearth.db", "/srv/home/ada/hearth.db"),
    ],
)
def test_a_path_in_the_home_folder_begins_there(path, shown):
    assert words.from_home(path, "/home/ada") == shown


@pytest.mark.parametrize(
    ("n", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (98_362_432, "98 MB"),
        (5_200_000_000, "5.2 GB"),
        (4_000_000_000_000, "4.0 TB"),
    ],
)
def test_sizes_are_counted_as_disks_count(n, shown):
    assert words.size(n) == shown


def test_a_label_shows_exactly_the_text():
    assert words.plain("![x](http://a) *b*\n:red[c]") == (
        rf"\!\[x\]\(http\:{BREAK}\/\/a\) \*b\* \:red\[c\]"
    )


def test_a_sentence_keeps_its_code_and_nothing_else():
    assert words.sentence("Run `ollama pull x`, *now*.") == r"Run `ollama pull x`\, \*now\*\."


def test_a_sentence_with_a_stray_backtick_is_plain():
    assert words.sentence("a ` b") == r"a \` b"
    assert words.sentence("a `` b ` `c`") == r"a \`\` b ` `c\`"


@pytest.mark.parametrize("shown_by", [words.sentence, words.plain])
def test_an_address_in_a_sentence_or_a_name_is_no_link(shown_by):
    shown = shown_by("See http://a.b, www.a.b or me@a.b.")
    assert shown == (rf"See http\:{BREAK}\/\/a\.b\, www{BREAK}\.a\.b or me\@{BREAK}a\.b\.")


def test_a_model_is_told_in_one_line():
    assert words.model(ModelInfo("q", "8.2B", "Q4_K_M", 5_200_000_000, loaded=True)) == (
        "8.2B · Q4_K_M · 5.2 GB · loaded"
    )
    assert words.model(ModelInfo("q", "", "", 1000, loaded=False)) == "1.0 kB"


def test_a_reply_tells_what_it_cost():
    usage = Usage(
        "stop",
        prompt_eval_count=12,
        eval_count=214,
        eval_duration=5_000_000_000,
        first_token_duration=4 * 10**8,
    )
    assert words.usage(reply(usage)) == (
        r"qwen3\:8b · 12 tokens in, 214 out · 43 tokens/s · first after 0.4 s"
    )


def test_a_count_that_nobody_told_is_unknown_and_never_0():
    assert words.usage(reply(None)) == r"qwen3\:8b · tokens and times unknown"
    assert words.usage(reply(Usage("length"))) == (
        r"qwen3\:8b · tokens and times unknown · cut at the length limit"
    )
    assert "unknown tokens in, 3 out" in words.usage(reply(Usage("stop", eval_count=3)))


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        ({"first_token_duration": 10**9}, "tokens unknown · speed unknown · first after 1.0 s"),
        (
            {"prompt_eval_count": 12, "eval_count": 4, "eval_duration": 10**9},
            "12 tokens in, 4 out · 4.0 tokens/s · first token unknown",
        ),
    ],
)
def test_each_figure_that_a_reply_has_is_told_or_unknown(known, shown):
    assert words.usage(reply(Usage("stop", **known))) == rf"qwen3\:8b · {shown}"


@pytest.mark.parametrize(
    ("phase", "shown"),
    [
        (Phase("queued", 0), "next in line"),
        (Phase("queued", 0, 2), "waiting in line, 2 ahead"),
        (Phase("starting", 0), "starting the model server"),
        (Phase("writing", 0, 14), "writing · 14 tokens · 7.0 tokens/s"),
        (Phase("writing", 0, 14, before=10), "writing · 14 tokens · 2.0 tokens/s"),
    ],
)
def test_the_clock_tells_what_a_reply_is_at(phase, shown):
    assert words.phase(phase, 2.0) == f":material/hourglass_top: {shown} · 2 s"


def test_chats_are_grouped_by_the_visitors_day():
    chats = [
        session(2026, 11, 22),
        session(2026, 11, 21),
        session(2026, 11, 15),
        session(2026, 1, 1),
    ]
    groups = words.by_day(chats, date(2026, 11, 22), UTC)
    assert {day: [c.id for c in members] for day, members in groups.items()} == {
        "Today": ["11-22"],
        "Yesterday": ["11-21"],
        "Previous 7 days": ["11-15"],
        "Older": ["1-1"],
    }


def test_a_clock_that_runs_ahead_is_still_today():
    assert list(words.by_day([session(2026, 11, 23)], date(2026, 11, 22), UTC)) == ["Today"]


@pytest.mark.parametrize(
    ("characters", "shown"),
    [
        (12_000, r"a\*b\.md · 12 kB · about 3,000 tokens"),
        (1, r"a\*b\.md · 12 kB · about 1 token"),
        (None, r"a\*b\.md · 12 kB"),
    ],
)
def test_a_file_is_named_with_its_size_and_what_it_costs(characters, shown):
    assert words.file("a*b.md", 12_000, characters) == shown


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [
        (2_000_000, "2 ms"),
        (42e9, "42 s"),
        (90e9, "2 min"),
        (3600e9, "1 h 0 min"),
        (9e15, "2,500 h 0 min"),
    ],
)
def test_times_are_added_up_to_hours(nanoseconds, shown):
    assert words.span(int(nanoseconds)) == shown


@pytest.mark.parametrize(("n", "shown"), [(0, "0"), (999_999, "999,999"), (1_250_000, "1.2 M")])
def test_large_counts_are_cut_short(n, shown):
    assert words.count(n) == shown


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [(0, "just now"), (5, "5 min ago"), (180, "3 h ago"), (3 * 1440, "3 days ago")],
)
def test_a_moment_is_as_far_away_as_people_say(minutes, shown):
    assert words.ago(0, minutes * 60_000) == shown


def test_one_thing_is_one_and_others_are_many():
    assert [words.things(n, "chat") for n in (0, 1, 1200)] == ["0 chats", "1 chat", "1,200 chats"]


def test_the_beginning_of_a_text_ends_with_a_word():
    assert words.short("one  two\nthree", 20) == "one two three"
    assert words.short("one two three", 10) == "one two…"
    assert words.short("x" * 300, 10) == "x" * 9 + "…"


def test_a_label_of_an_input_is_escaped_only_where_markdown_would_read_it():
    assert words.label("Into which  language?") == "Into which language?"
    assert words.label("![x](a) :red[b] <c>") == r"\!\[x\](a) \:red\[b\] \<c\>"
