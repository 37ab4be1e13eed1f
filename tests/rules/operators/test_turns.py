"""Sets of turns as bits, against sets of positions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qa_service.rules.operators.turns import first_turns, holds, in_at_least, places_of, turns_at, union, widened

PLACES = st.frozensets(st.integers(0, 90))


@given(PLACES)
def test_positions_come_back_in_their_order(places: frozenset[int]) -> None:
    turns = turns_at(places)
    assert places_of(turns) == sorted(places)
    assert [at for at in range(95) if holds(turns, at)] == sorted(places)


@given(PLACES, st.integers(0, 12))
def test_widened_takes_the_neighbours_in(places: frozenset[int], by: int) -> None:
    near = {at + d for at in places for d in range(-by, by + 1) if 0 <= at + d < 91}
    assert set(places_of(widened(turns_at(places), by) & first_turns(91))) == near


@given(st.lists(PLACES, max_size=6), st.integers(1, 6))
def test_in_at_least_counts_the_sets(sets: list[frozenset[int]], need: int) -> None:
    found = places_of(in_at_least([turns_at(s) for s in sets], need))
    assert found == [at for at in range(91) if sum(at in s for s in sets) >= need]


def test_a_union_of_nothing_is_empty() -> None:
    assert places_of(union([])) == []
