"""How many tokens a text will take, learned from the model's own counts of earlier requests. Pure.

A model's tokens are told only by its server, and only after a request. What is learned of each
model is how many tokens a word makes, what the letters beyond ASCII cost, and what its template
adds to each message and to each request.
"""

import re
from collections.abc import Iterable, Sequence

from chatcore.types import Part, Sample, Size

ENOUGH = 3  # samples, for a model to be known
IMAGE = 768  # tokens, as Ollama reckons when it fits a chat to the window

# What is seldom less than a token: some letters, some digits, a sign, the end of a line.
WORD = re.compile(r"[^\W\d_]{1,8}|\d{1,3}|[^\w\s]|_|\n")
# Tokens a request, a message, a word, and a byte beyond one a character, before any sample.
FIRST_GUESS = (20.0, 6.0, 1.1, 0.5)
STUBBORN = 0.003  # how strongly the guess is held against what samples tell
# A share of the first prediction. What is beyond is no count of the whole request: some servers
# leave out what they had in their cache, and one that cuts counts the rest.
PLAUSIBLE = (0.4, 6.0)
OUTLIER = 0.75  # of what the other samples tell

# What a prediction may fall short of the truth by, as a share of what no reply has counted yet.
MARGIN = 0.15
MARGIN_AT_FIRST = 0.35
MARGIN_OF_COUNTED = 0.03


class Estimator:
    """For one model; `sure` once enough of its counts are known."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        usable = [sample for sample in samples if _is_plausible(sample)]
        self._learn(usable)
        usable = [s for s in usable if s.tokens > OUTLIER * (self.request + self.tokens(s.size))]
        self._learn(usable)
        self.sure = len(usable) >= ENOUGH

    def _learn(self, samples: Sequence[Sample]) -> None:
        # request: tokens that the template adds to each.
        self.request, self._message, self._word, self._extra = _learned(samples)

    def tokens(self, size: Size) -> float:
        """Of messages, without what the template adds to the request."""
        messages, words, extra, images = size
        return self._message * messages + self._word * words + self._extra * extra + IMAGE * images


class Counter:
    """Counts the messages of one chat, from what its last reply saw by the model's own count."""

    def __init__(
        self,
        estimator: Estimator,
        counted: Sequence[Part] = (),
        total: int | None = None,
        replies: dict[int, int] | None = None,
    ) -> None:
        """counted: the messages of a request that took `total` tokens; replies: tokens by id."""
        self._estimator = estimator
        self._replies = replies or {}
        self._counted: frozenset[int] = frozenset()
        self._scale = 1.0
        self._doubt = MARGIN if estimator.sure else MARGIN_AT_FIRST
        self.request = estimator.request
        estimated = sum(estimator.tokens(part.size) for part in counted)
        if total is not None and _is_near(total - estimator.request, estimated):
            self._scale = (total - estimator.request) / estimated
            self._counted = frozenset(part.id for part in counted)

    def knows(self, part: Part) -> bool:
        """Whether it was in the request that was counted."""
        return part.id in self._counted

    def tokens(self, part: Part) -> float:
        if part.id in self._replies and not self.knows(part):
            return self._replies[part.id] + self._estimator.tokens(Size(messages=1))
        return self._estimator.tokens(part.size) * self._scale

    def doubt(self, part: Part) -> float:
        """How far beyond that it may be, as a share."""
        return MARGIN_OF_COUNTED if self.knows(part) or part.id in self._replies else self._doubt


def total(sizes: Iterable[Size]) -> Size:
    return Size(*map(sum, zip(*sizes, strict=True))) if (sizes := list(sizes)) else Size()


def size(text: str, images: int = 0) -> Size:
    """Of one message."""
    words = sum(1 for _ in WORD.finditer(text))
    return Size(1, words, len(text.encode("utf-8", "replace")) - len(text), images)


def _features(size: Size) -> tuple[int, int, int, int]:
    return (1, size.messages, size.words, size.extra)


def _is_near(tokens: float, guess: float) -> bool:
    least, most = PLAUSIBLE
    return guess > 0 and least * guess <= tokens <= most * guess


def _is_plausible(sample: Sample) -> bool:
    weighted = zip(FIRST_GUESS, _features(sample.size), strict=True)
    guess = sum(weight * n for weight, n in weighted) + IMAGE * sample.size.images
    return _is_near(sample.tokens, guess)


def _learned(samples: Sequence[Sample]) -> tuple[float, ...]:
    """Least squares of the relative errors, drawn to the first guess (ridge regression)."""
    columns = range(len(FIRST_GUESS))
    matrix = [[STUBBORN * (i == j) for j in columns] for i in columns]
    right = [STUBBORN] * len(FIRST_GUESS)
    for sample in samples:
        row = [
            g * n / sample.tokens for g, n in zip(FIRST_GUESS, _features(sample.size), strict=True)
        ]
        text = 1 - IMAGE * sample.size.images / sample.tokens
        for i in columns:
            right[i] += row[i] * text
            for j in columns:
                matrix[i][j] += row[i] * row[j]
    factors = _solved(matrix, right)
    # None is negative: a longer text never takes fewer tokens.
    return tuple(guess * max(0.0, f) for guess, f in zip(FIRST_GUESS, factors, strict=True))


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gauss-Jordan. The matrix is positive definite, so no pivot is ever 0."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i, pivot in enumerate(rows):
        pivot[:] = [value / pivot[i] for value in pivot]
        for row in rows:
            if row is not pivot:
                factor = row[i]
                row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
    return [row[-1] for row in rows]
