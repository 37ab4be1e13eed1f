"""How far texts are apart where neighbours may change places."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa_service.text.distance import alignment, distance


@pytest.mark.parametrize(
    ("one", "other", "edits"), [("payment", "paymnet", 1), ("ca", "abc", 3), ("", "ab", 2), ("same", "same", 0)]
)
def test_neighbours_change_places_once(one: str, other: str, edits: int) -> None:
    assert alignment(one, other, 5) == edits


@settings(max_examples=400, deadline=None)
@given(st.text("abc", max_size=6), st.text("abc", max_size=6), st.integers(0, 3))
def test_as_defined_letter_by_letter_and_no_more_than_asked_for(one: str, other: str, most: int) -> None:
    @cache
    def steps(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        swap = i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]
        return min(
            steps(i - 1, j) + 1,
            steps(i, j - 1) + 1,
            steps(i - 1, j - 1) + (one[i - 1] != other[j - 1]),
            steps(i - 2, j - 2) + 1 if swap else i + j,
        )

    assert alignment(one, other, most) == min(steps(len(one), len(other)), most + 1)


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [("坐牢", "做牢", 1), ("", "ab", 2), ("ca", "ac", 2), (("pay", "it", "now"), ("pay", "now"), 1)],
)
def test_insertions_deletions_and_replacements(one: str | tuple[str, ...], other: str, edits: int) -> None:
    assert distance(one, other) == distance(other, one) == edits
    assert distance(one, other, edits) == edits
    assert distance(one, other, edits - 1) == edits
