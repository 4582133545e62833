"""Whether a text says anything."""

import pytest

from chatcore.blank import is_blank


@pytest.mark.parametrize(
    "text", ["", " \t\n\u00a0\u3000", "\0\0", "\u200b\u200d\u2060\ufeff\u00ad"]
)
def test_what_is_not_seen_says_nothing(text):
    assert is_blank(text)


@pytest.mark.parametrize("text", [".", "\0x\0", "\u200b?", "👩‍👩‍👧", "ö", "\u05d0\u200f"])
def test_one_character_that_is_seen_says_something(text):
    assert not is_blank(text)
