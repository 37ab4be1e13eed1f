"""A tree parted into conditions on the call and on the turn means what it meant."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qa_service.errors import QueryError
from qa_service.search.elastic.cells import ALWAYS, MOST, Cell, cells, looked_for
from qa_service.search.tree import EVERY, And, Fact, Node, Not, Or, Words

CALL = [Fact(name) for name in ("c1", "c2", "c3")]
TURN = [Fact(name, of_turn=True) for name in ("t1", "t2")]
LEAVES = [*CALL, *TURN]


def parts(node: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(node, min_size=1, max_size=3).map(tuple)
    return st.one_of(some.map(And), some.map(Or), node.map(Not))


TREES = st.recursive(st.sampled_from([*LEAVES, Fact(EVERY)]), parts, max_leaves=10)


def holds(node: Node, true: set[Node]) -> bool:
    match node:
        case And(parts=parts):
            return all(holds(part, true) for part in parts)
        case Or(parts=parts):
            return any(holds(part, true) for part in parts)
        case Not(part=part):
            return not holds(part, true)
    return node in true or node == Fact(EVERY)


@given(TREES)
def test_a_turn_is_in_one_cell_just_when_the_tree_holds_and_a_call_is_in_no_two(tree: Node) -> None:
    try:
        made = cells(tree)
    except QueryError:
        assume(False)
    for values in product([False, True], repeat=len(LEAVES)):
        true = {leaf for leaf, value in zip(LEAVES, values, strict=True) if value}
        mine = [cell for cell in made if holds(cell.call, true)]
        assert len(mine) <= 1
        assert holds(tree, true) == any(holds(cell.turn, true) for cell in mine)


def test_what_is_asked_of_the_call_and_of_the_turn_side_by_side_is_one_cell() -> None:
    team, agent, word = Fact("team"), Fact("agent"), Words(("钱",))
    assert cells(And((team, word, agent))) == (Cell(And((team, agent)), word),)
    assert cells(word) == (Cell(ALWAYS, word),)
    assert cells(And((team, Or((Not(team), word))))) == (Cell(team, word),)
    assert cells(And((word, Not(Fact(EVERY))))) == ()


def test_too_many_cells_are_refused_and_no_hours_are_spent_on_them() -> None:
    mixed = And(tuple(Or((Fact(f"c{i}"), Fact(f"t{i}", of_turn=True))) for i in range(40)))
    with pytest.raises(QueryError, match="too many ways"):
        cells(mixed)
    few = And(tuple(Or((Fact(f"c{i}"), Fact(f"t{i}", of_turn=True))) for i in range(5)))
    assert len(cells(few)) == MOST == 32


def test_words_that_must_be_absent_are_not_looked_for() -> None:
    here, absent = Words(("钱",)), Words(("家",))
    assert looked_for(And((here, Or((here, TURN[0])), Not(absent)))) == (here,)
