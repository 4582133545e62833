"""How many tokens a text will take, learned from the model's own counts of earlier requests. Pure.

A model's tokens are told only by its server, and only after a request. What is learned of each
model is what each kind of piece that texts are made of takes (Size), and what its template adds to
each message and to each request. No such estimate is a bound: of a request that is longer all the
same its server tells, and refuses it.
"""

import re
from collections import Counter as Tally
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from chatcore.context import is_bare
from chatcore.types import Part, Sample, Size

ENOUGH = 3  # samples, for a model to be known
IMAGE = 768  # tokens, as Ollama reckons when it fits a chat to the window

# What is seldom less than a token: some letters of one case, a sign, a line of the same signs.
WORD = re.compile(r"[A-Z]?[^\W\d_A-Z]{1,8}|[A-Z]{1,8}|([-=#*_~.])\1{0,15}|[^\w\s]|_")
DIGIT = re.compile(r"\d")
# White space, but for the one space before a word, which is a part of the word's token.
BLANK = re.compile(r" {2,16}|\t{1,4}|\n{1,4}| (?=[\s\d])|[^\S \t\n]")
# Pairs of letters that are frequent in English, on which most vocabularies were made. Words of
# other pairs (other languages, names, capitals, hashes) fall into more tokens.
_FREQUENT = (
    "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve"
    " co me de hi ri ro ic ne ea ra ce li ch be ma si om ur ca el ta la ns di fo ho pe ec pr no ct"
    " us ac ot il tr ly nc et ut so rs un lo wa ge ie wh wi em ad ol rt po we na ul ni ts mo ow pa"
    " im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex"
    " ke fr av ag if ap gr od bo sp rd do uc bu ei ov by rm ep oc fa ef cu rn sc gi"
)
FREQUENT = frozenset(_FREQUENT.split())

# Tokens a request, one without a system message beside that, and a message, word, rare pair, digit,
# blank and extra byte, before any sample; and how far each may be from that, as a share.
FIRST_GUESS = (6.0, 14.0, 6.0, 0.9, 0.4, 1.0, 1.0, 0.7)
SPREAD = (0.5, 1.0, 0.5, 0.2, 1.0, 0.3, 0.3, 1.2)
NOISE = 0.1  # how far a count may be from what the pieces tell, as a share
# A share of the first prediction. What is beyond is no count of the whole request: some servers
# leave out what they had in their cache, and one that cuts counts the rest.
PLAUSIBLE = (0.2, 4.0)
OUTLIER = 0.75  # of what the other samples tell

# Shares by which a text may take more, so that few requests have to be made twice: of one that a
# count has told of, of others by a model that is known, and by one that is not.
MARGIN_OF_COUNTED, MARGIN, MARGIN_OF_GUESS = 0.03, 0.12, 0.4
LEAST_OF_NEW, LEAST_OF_REPLY = 0.5, 0.9  # shares of what is predicted and what was counted


class Estimator:
    """For one model; `sure` once enough of its counts are known."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        usable = [sample for sample in samples if _is_plausible(sample)]
        self._learn(usable)
        usable = [s for s in usable if s.tokens > OUTLIER * self._whole(s)]
        self._learn(usable)
        self.sure = len(usable) >= ENOUGH

    def _learn(self, samples: Sequence[Sample]) -> None:
        self._request, self._bare, *weights = _learned(samples)
        self._weights = tuple(weights)

    def request(self, bare: bool) -> float:
        """What the template adds to each. bare: without a system message."""
        return self._request + self._bare * bare

    def _whole(self, sample: Sample) -> float:
        return self.request(sample.bare) + self.tokens(sample.size)

    def tokens(self, size: Size) -> float:
        """Of messages, without what the template adds to the request."""
        # Written out, since it is asked of each message whenever a chat is fitted.
        messages, words, extra, images, rare, digits, blanks = size
        message, word, pair, digit, blank, byte = self._weights
        return (
            message * messages
            + word * words
            + pair * rare
            + digit * digits
            + blank * blanks
            + byte * extra
            + IMAGE * images
        )


class Counter:
    """Counts the messages of one chat, from what its last reply saw by the model's own count."""

    def __init__(
        self,
        estimator: Estimator,
        counted: Sequence[Part] = (),
        total: int | None = None,
        replies: dict[int, int] | None = None,
        sent: Collection[int] = (),
        more: float = 1,
    ) -> None:
        """counted: the messages of a request that took `total` tokens; replies: tokens by id;
        sent: what the last request held; more: how many times as many tokens all of it takes."""
        self._estimator = estimator
        self._replies = replies or {}
        self._total = 0
        self._sent = frozenset(sent)
        # What was refused was not cut, whatever is reckoned with.
        self.sure = estimator.sure and more == 1
        self._more = more
        self._counted: frozenset[int] = frozenset()
        self._scale = 1.0
        estimated = sum(estimator.tokens(part.size) for part in counted)
        beside = estimator.request(is_bare(counted))
        if total is not None and _is_near(total - beside, estimated):
            self._scale = (total - beside) / estimated
            self._counted = frozenset(part.id for part in counted)
            self._total = total

    def request(self, bare: bool) -> float:
        return self._more * self._estimator.request(bare)

    def knows(self, part: Part) -> bool:
        """Whether it was in the request that was counted."""
        return part.id in self._counted

    def is_new(self, part: Part) -> bool:
        """Whether no request held it that the server may have in its cache."""
        return part.id not in self._sent

    def tokens(self, part: Part) -> float:
        if part.id in self._replies and not self.knows(part):
            of_template = self._estimator.tokens(Size(messages=1))
            return self._more * (self._replies[part.id] + of_template)
        return self._more * self._estimator.tokens(part.size) * self._scale

    def at_most(self, part: Part) -> float:
        """How many they are to be reckoned with."""
        return self.tokens(part) * (1 + self.margin(part))

    def margin(self, part: Part) -> float:
        """The share by which they are to be reckoned with beyond that."""
        if self.knows(part) or part.id in self._replies:
            return MARGIN_OF_COUNTED
        return MARGIN if self.sure else MARGIN_OF_GUESS

    def least(self, parts: Sequence[Part]) -> int:
        """What these take at least, as they hold all that was counted; 0 where nothing was."""
        if self._more != 1 or not self._counted or not self._counted <= {part.id for part in parts}:
            return 0
        new = [part for part in parts if not self.knows(part)]
        return self._total + round(sum(map(self._least, new)))

    def _least(self, part: Part) -> float:
        if part.id in self._replies:
            return LEAST_OF_REPLY * self._replies[part.id]
        return LEAST_OF_NEW * self.tokens(part) if self.sure else 1


def total(sizes: Iterable[Size]) -> Size:
    return Size(*map(sum, zip(*sizes, strict=True))) if (sizes := list(sizes)) else Size()


def size(text: str, images: int = 0) -> Size:
    """Of one message."""
    return Size(
        messages=1,
        words=sum(1 for _ in WORD.finditer(text)),
        extra=len(text.encode("utf-8", "replace")) - len(text),
        images=images,
        rare=_rare_pairs(text),
        digits=sum(1 for _ in DIGIT.finditer(text)),
        blanks=sum(1 for _ in BLANK.finditer(text)),
    )


def _rare_pairs(text: str) -> int:
    return sum(
        n
        for (a, b), n in Tally(pairwise(text)).items()
        if a.isalpha() and b.isalpha() and a + b not in FREQUENT
    )


def _pieces(size: Size) -> tuple[float, ...]:
    messages, words, extra, _, rare, digits, blanks = map(float, size)
    return messages, words, rare, digits, blanks, extra


def _is_near(tokens: float, guess: float) -> bool:
    least, most = PLAUSIBLE
    return guess > 0 and least * guess <= tokens <= most * guess


def _is_plausible(sample: Sample) -> bool:
    return _is_near(sample.tokens, sum(_row(sample)) + IMAGE * sample.size.images)


def _row(sample: Sample) -> list[float]:
    pieces = (1.0, float(sample.bare), *_pieces(sample.size))
    return [g * n for g, n in zip(FIRST_GUESS, pieces, strict=True)]


def _learned(samples: Sequence[Sample]) -> list[float]:
    """What the pieces take, as FIRST_GUESS: Bayesian linear regression of the relative errors of
    that."""
    columns = range(len(FIRST_GUESS))
    held = [(NOISE / spread) ** 2 for spread in SPREAD]
    matrix = [[held[i] * (i == j) for j in columns] for i in columns]
    right = list(held)
    for sample in samples:
        row = [tokens / sample.tokens for tokens in _row(sample)]
        text = 1 - IMAGE * sample.size.images / sample.tokens
        for i in columns:
            right[i] += row[i] * text
            for j in columns:
                matrix[i][j] += row[i] * row[j]
    # None is negative: a longer text never takes fewer tokens.
    factors = [max(0.0, factor) for factor in _solved(matrix, right)]
    return [g * f for g, f in zip(FIRST_GUESS, factors, strict=True)]


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
