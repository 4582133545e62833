"""What is predicted of a chat's tokens, held against counts of the demo model.

counts.json holds chats with it as [prompt, prompt_eval_count, reply, eval_count], from
`python -m bench.counts`.
"""

import json
import statistics
from pathlib import Path

import pytest

from chatcore.counting import ENOUGH, IMAGE, Counter, Estimator, size, total
from chatcore.types import Part, Sample, Size

CHATS = json.loads(Path(__file__).with_name("counts.json").read_text())


def requests(chat):
    """For each reply of a chat: the messages of its request, and their count."""
    parts = []
    for prompt, count, reply, own in chat:
        parts.append(Part(len(parts), "user", size(prompt)))
        yield list(parts), count
        parts.append(Part(len(parts), "assistant", size(reply)))
        own_counts[id(chat), len(parts) - 1] = own


own_counts = {}


def sample(parts, count):
    return Sample(total(part.size for part in parts), count)


def predicted(counter, parts):
    return counter.request(bare=True) + sum(map(counter.tokens, parts))


def errors(chats):
    """Of each prediction after the third reply that the model ever gave."""
    samples = []
    for chat in chats:
        counted, last = [], None
        for parts, count in requests(chat):
            replies = {n: own for (of, n), own in own_counts.items() if of == id(chat)}
            counter = Counter(Estimator(samples), counted, last, replies)
            if len(samples) >= ENOUGH:
                yield abs(predicted(counter, parts) / count - 1)
            samples.append(sample(parts, count))
            counted, last = parts, count


def test_after_three_replies_the_median_error_is_a_tenth_at_most():
    assert statistics.median(errors(CHATS.values())) < 0.05
    for chat in CHATS.values():
        assert statistics.median(errors([chat])) < 0.10


def test_from_chat_to_chat_the_model_is_remembered():
    firsts = []
    for name, chat in CHATS.items():
        others = [other for key, other in CHATS.items() if key != name]
        samples = [sample(*request) for other in others for request in requests(other)]
        [parts, count] = next(requests(chat))
        firsts.append(abs(predicted(Counter(Estimator(samples)), parts) / count - 1))
    assert statistics.median(firsts) < 0.15


def test_three_counts_make_sure():
    known = [sample(*request) for request in requests(CHATS["prose"])]
    assert [Estimator(known[:n]).sure for n in (0, 2, 3)] == [False, False, True]


@pytest.mark.parametrize("wrong", [0, 30, 10**6])
def test_a_count_that_cannot_be_of_the_whole_request_teaches_nothing(wrong):
    """Some servers leave out what they had in their cache, or cut the chat."""
    known = [sample(*request) for chat in CHATS.values() for request in requests(chat)]
    long = max(known, key=lambda sample: sample.tokens)
    assert Estimator([*known, Sample(long.size, wrong)]).tokens(long.size) == pytest.approx(
        Estimator(known).tokens(long.size)
    )


def test_a_count_of_a_cut_request_changes_little():
    known = [sample(*request) for chat in CHATS.values() for request in requests(chat)]
    long = max(known, key=lambda sample: sample.tokens)
    spoiled = Estimator([*known, Sample(long.size, long.tokens // 2)])
    assert spoiled.tokens(long.size) == pytest.approx(Estimator(known).tokens(long.size), rel=0.01)


def test_a_longer_text_never_takes_fewer_tokens():
    odd = [Sample(Size(1, 1000 - n, n), 200 + n) for n in range(0, 900, 100)]
    estimator = Estimator(odd)
    assert estimator.tokens(Size(1, 500)) >= estimator.tokens(Size(1, 100)) >= 0
    assert estimator.tokens(Size(2, 500, 90)) >= estimator.tokens(Size(1, 500, 10))


def test_an_image_counts_as_ollama_counts_it():
    estimator = Estimator([])
    assert estimator.tokens(size("see", images=2)) - estimator.tokens(size("see")) == 2 * IMAGE


def test_the_size_of_a_text():
    assert size("then stone") == Size(1, 2)
    assert size("thé, 2026!\n") == Size(1, 3, 1, rare=1, digits=4, blanks=2)
    assert size("你好\ud800") == Size(1, 2, 4, rare=1)
    assert size("xqz getThem") == Size(1, 3, rare=4)
    assert total([size("a"), size("b c", images=1)]) == Size(2, 3, 0, 1)
    assert total([]) == Size()


def test_prose_is_not_reckoned_with_far_more_than_it_takes():
    samples = [sample(*request) for request in requests(CHATS["prose"])]
    counter = Counter(Estimator(samples))
    *_, (parts, count) = requests(CHATS["prose"])
    at_most = sum(counter.at_most(part) for part in parts)
    assert count < counter.request(bare=True) + at_most < 1.4 * count


def test_what_was_counted_is_surer_than_what_was_not():
    parts, count = list(requests(CHATS["prose"]))[3]
    new = Part(99, "user", Size(1, 400))
    guess, known = (
        Counter(Estimator(samples), parts, count)
        for samples in ([], [sample(parts, count)] * ENOUGH)
    )
    shares = [guess.at_most(new) / guess.tokens(new), known.at_most(new) / known.tokens(new)]
    assert shares == pytest.approx([1.4, 1.12])
    assert known.at_most(parts[0]) == pytest.approx(1.03 * known.tokens(parts[0]))


def test_a_request_that_was_refused_is_reckoned_with_more_of_all_of_it():
    parts, count = list(requests(CHATS["prose"]))[3]
    for counted in ((), parts):
        once, twice = (
            Counter(Estimator([]), counted, count, {1: 40}, more=more) for more in (1, 2)
        )
        assert predicted(twice, parts) == pytest.approx(2 * predicted(once, parts))


def test_a_reply_is_as_long_as_the_model_said():
    reply = Part(7, "assistant", Size(1, 400))
    counter = Counter(Estimator([]), replies={7: 150})
    assert 150 < counter.tokens(reply) < 160
