"""Which messages fit a window: what holds for every chat."""

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from chatcore.context import CUT, Fit, fit, is_cut, room, sent
from chatcore.errors import PromptTooLong
from chatcore.types import Part, Seen, Size


class Exact:
    """A token a character, two a message, three a request, no more."""

    def request(self, bare):
        return 3.0

    def tokens(self, part):
        return 2.0 + part.size.words

    def margin(self, part):
        return 0.0


class WithMargin(Exact):
    def margin(self, part):
        return 0.5


def chat(*lengths, **kept):
    """Prompts and replies in turn; pinned=2 pins the second message, left_out=3 the third."""
    wishes = {n: keep for keep, n in kept.items()}
    return [
        Part(n, ("assistant", "user")[n % 2], Size(1, length), wishes.get(n, ""))
        for n, length in enumerate(lengths, 1)
    ]


parts = st.builds(
    lambda rows: [Part(n, *row) for n, row in enumerate(rows, 1)],
    st.lists(
        st.tuples(
            st.sampled_from(["user", "assistant", "user", "assistant", "system"]),
            st.integers(0, 60).map(lambda words: Size(1, words)),
            st.sampled_from(["", "", "", "pinned", "left_out"]),
        ),
        min_size=1,
        max_size=30,
    ),
).filter(lambda parts: any(part.role == "user" for part in parts))
counts = st.sampled_from([Exact(), WithMargin()])


def fitted(parts, count, num_ctx=400):
    """A chat that is refused is one whose messages that must be in are too much indeed."""
    try:
        return fit(parts, num_ctx, None, count)
    except PromptTooLong:
        assert 3 + sum(map(count.tokens, by_id(parts, must_be_in(parts)))) > 300
        reject()


def must_be_in(parts):
    """System messages, pinned messages with their turns, and the last turn."""
    last, turn, turns = prompt_of(parts), None, {}
    for part in parts:
        wanted = part.role != "system" and (part.keep != "left_out" or part.id >= last)
        if wanted and part.role == "user":
            turn = part.id
        if wanted and turn:
            turns.setdefault(turn, []).append(part)
    kept = [t for n, t in turns.items() if n == last or any(p.keep == "pinned" for p in t)]
    system = [p.id for p in parts if p.role == "system" and p.keep != "left_out"]
    return [*system, *(part.id for turn in kept for part in turn)]


def by_id(parts, ids):
    wanted = set(ids)
    return [part for part in parts if part.id in wanted]


def prompt_of(parts):
    return max(part.id for part in parts if part.role == "user")


@given(parts, counts)
def test_it_is_never_over_budget_and_nothing_is_counted_twice(parts, count):
    found = fitted(parts, count)
    assert found.tokens == 3 + sum(count.tokens(part) for part in by_id(parts, found.sent))
    assert found.tokens <= found.budget == 300
    if set(found.sent) > set(must_be_in(parts)):
        reckoned = [count.tokens(part) for part in by_id(parts, found.sent)]
        assert 3 + sum(reckoned) * (1 + count.margin(None)) <= 300
    assert len(set(found.sent)) == len(found.sent)


@given(parts, counts)
def test_order_is_kept_and_a_person_begins(parts, count):
    found = fitted(parts, count)
    kept = by_id(parts, found.sent)
    assert [part.id for part in kept] == list(found.sent)
    assert next(part.role for part in kept if part.role != "system") == "user"


@given(parts, counts)
def test_system_prompts_and_the_last_prompt_are_always_in(parts, count):
    found = fitted(parts, count)
    system = {p.id for p in parts if p.role == "system" and p.keep != "left_out"}
    assert system | {prompt_of(parts)} <= set(found.sent)


@given(parts, counts)
def test_pinned_messages_are_in_or_it_is_told_that_no_prompt_stands_before_them(parts, count):
    found = fitted(parts, count)
    last = prompt_of(parts)
    prompts = [p.id for p in parts if p.role == "user" and (p.keep != "left_out" or p.id == last)]
    pinned = {p.id for p in parts if p.keep == "pinned"}
    assert pinned - set(found.sent) == set(found.unsent)
    assert all(n < prompts[0] for n in found.unsent)


@given(parts, counts)
def test_what_the_person_left_out_is_never_sent(parts, count):
    found = fitted(parts, count)
    last = prompt_of(parts)
    assert all(part.keep != "left_out" or part.id >= last for part in by_id(parts, found.sent))


@given(parts, counts)
def test_fitting_what_fits_changes_nothing(parts, count):
    found = fitted(parts, count)
    assert fit(by_id(parts, found.sent), 400, None, count).sent == found.sent


@given(parts, counts)
def test_what_was_sent_is_found_again_from_what_is_kept_of_it(parts, count):
    found = fitted(parts, count)
    ids = [part.id for part in parts]
    at = ids.index(found.first)
    seen = Seen(
        400, 0, 0, True, Size(), found.first,
        tuple(n for n in ids[:at] if n in found.sent),
        tuple(n for n in ids[at:] if n not in found.sent),
    )  # fmt: skip
    assert sent(ids, seen) == set(found.sent)
    assert not set(found.left_out) & set(ids[at:])


def test_whole_turns_are_left_out_the_oldest_first():
    found = fit(chat(50, 50, 50, 50, 50), 250, None, Exact())
    assert found == Fit((3, 4, 5), (1, 2), 3, 159, 188, 250, 29, 3)


def test_a_prompt_that_is_longer_by_what_is_spare_leaves_out_no_more():
    for last, count in [(0, Exact()), (20, Exact()), (20, WithMargin())]:
        before = fit(chat(*[30] * 12, last), 400, None, count)
        longer = int(before.spare / (1 + count.margin(None)))
        for more, same in [(longer, True), (longer + 2, False)]:
            after = fit(chat(*[30] * 12, last + more), 400, None, count)
            assert (after.left_out == before.left_out) is same


def test_a_pinned_message_keeps_its_turn():
    found = fit(chat(20, 20, 60, 60, 50, 50, 10, pinned=2), 280, None, Exact())
    assert (found.sent, found.left_out, found.first) == ((1, 2, 5, 6, 7), (3, 4), 5)


def test_a_reply_whose_prompt_is_left_out_does_not_begin():
    found = fit(chat(5, 5, 5, 5, 5, left_out=1), 400, None, Exact())
    assert found.sent == (3, 4, 5)
    assert found.left_out == ()


def test_what_is_left_out_is_known_before_a_short_prompt_is_written():
    lengths = [30] * 12
    empty, written = (fit(chat(*lengths, last), 400, None, Exact()).left_out for last in (0, 20))
    assert empty == written != ()
    assert empty != fit(chat(*lengths, 60), 400, None, Exact()).left_out


def test_what_may_take_more_leaves_out_more():
    assert len(fit(chat(*[30] * 9), 400, None, WithMargin()).sent) == 5
    assert len(fit(chat(*[30] * 9), 400, None, Exact()).sent) == 9


def test_a_system_message_that_is_left_out_begins_no_request():
    class Bare(Exact):
        def request(self, bare):
            return 20.0 * bare

    system, prompt = Part(1, "system", Size(1, 9)), Part(2, "user", Size(1, 8))
    assert fit([system, prompt], 400, None, Bare()).tokens == 21
    assert fit([system._replace(keep="left_out"), prompt], 400, None, Bare()).tokens == 30


def test_a_prompt_that_cannot_fit_is_refused_with_what_to_do():
    with pytest.raises(PromptTooLong, match=r"This prompt takes about 505 tokens.* 300 of .* 400 "):
        fit(chat(500), 400, None, Exact())
    with pytest.raises(PromptTooLong, match=r"with what is always sent before it.*unpin"):
        fit(chat(5, 290, 5, pinned=1), 400, None, Exact())


def test_a_reply_that_cannot_go_on_says_how_it_can():
    with pytest.raises(PromptTooLong, match=r"This reply, with .*: unpin .* then press Continue"):
        fit(chat(100, 250), 400, None, Exact())


def test_room_for_the_reply_is_what_was_asked_for_or_a_quarter():
    assert [room(8192, None), room(512, None), room(8192, 300)] == [1024, 128, 300]
    assert [room(512, 5000), room(512, -1)] == [256, 128]


def test_what_must_be_in_is_not_refused_for_what_it_may_take():
    assert fit(chat(260), 400, None, WithMargin()).sent == (1,)


def test_the_summary_is_named_where_it_leaves_no_room():
    summary = Part(-7, "system", Size(1, 290))
    with pytest.raises(PromptTooLong, match="shorten the summary"):
        fit([summary, *chat(50)], 400, None, Exact())
    with pytest.raises(PromptTooLong, match=r"unpin messages, or choose"):
        fit(chat(5, 290, 5, pinned=1), 400, None, Exact())


def seen(**facts):
    return Seen(8192, 4000, 300, True, Size(), 1, **facts)


@pytest.mark.parametrize(
    ("count", "cut"),
    [(4100, False), (3500, False), (CUT * 4000 - 1, True), (2048, True), (420, False), (0, False)],
)
def test_a_server_that_read_far_less_than_was_sent_cut_it(count, cut):
    """But for one that counts only what was not in its cache, about the 300 that are new."""
    assert is_cut(seen(), count) is cut


def test_nothing_is_said_of_a_guess():
    assert not is_cut(Seen(8192, 4000, 300, False, Size(), 1), 2048)


@pytest.mark.parametrize(("count", "cut"), [(3899, True), (3901, False), (420, False)])
def test_a_count_that_did_not_grow_with_the_chat_is_of_a_part(count, cut):
    assert is_cut(Seen(8192, 4000, 300, False, Size(), 1, least=3900), count) is cut


def test_a_request_of_which_nothing_can_be_cached_is_cut_where_far_less_was_read():
    assert is_cut(Seen(8192, 5569, 5569, True, Size(), 1), 2048)
    assert not is_cut(Seen(8192, 5569, 5000, True, Size(), 1), 2048)
