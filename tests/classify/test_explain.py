"""The words that carried a decision, found by leaving them out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from qa_service.classify.explain import UNITS, carried_by
from qa_service.classify.passages import Passage, Said


class Listens:
    """Sure of its label to the weight of the words it listens for; counts what it was asked."""

    def __init__(self, **weights: float) -> None:
        self.weights = weights
        self.asked = 0

    def chances(self, passages: Sequence[Passage]) -> np.ndarray:
        self.asked += len(passages)
        logits = [[sum(w for word, w in self.weights.items() if word in p.turn.text) - 3] for p in passages]
        return 1 / (1 + np.exp(-np.array(logits)))


def words(scorer: Listens, text: str) -> tuple[str, ...]:
    return carried_by(scorer, Passage(Said(text, "agent")), 0)


def test_the_weightiest_words_come_first() -> None:
    assert words(Listens(单位=2, 孩子=5), "我去你单位问问你孩子") == ("孩子", "单位")
    assert words(Listens(boss=2, jail=5), "I will call your boss and you go to jail") == ("jail", "boss")


def test_neighbours_are_one_stretch() -> None:
    assert words(Listens(your=3, boss=3), "I will call your boss tomorrow") == ("your boss",)


def test_words_that_carry_little_are_left_out() -> None:
    assert words(Listens(jail=8, today=0.2), "pay today or jail") == ("jail",)


@pytest.mark.parametrize(("text", "told"), [("滚", ("滚",)), ("...", ()), ("", ())])
def test_one_word_or_none(text: str, told: tuple[str, ...]) -> None:
    assert words(Listens(滚=5), text) == told


def test_a_turn_that_nothing_carries_names_nothing() -> None:
    assert words(Listens(), "one two three") == ()


def test_a_long_turn_costs_no_more_than_its_units() -> None:
    scorer = Listens(jail=5)
    found = words(scorer, " ".join([*["word"] * 300, "jail", *["word"] * 300]))
    assert scorer.asked <= UNITS + 1
    assert any("jail" in w for w in found)
