"""Temperatures make probabilities honest; thresholds keep the promised precision."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.classify.calibrate import LEAST, TEMPERATURES, probabilities, scaling, temperature, threshold


@pytest.mark.parametrize("truth", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_data_is_found_again(truth: float) -> None:
    random = np.random.default_rng(3)
    logits = random.normal(0, 4, 20_000)
    held = random.random(20_000) < probabilities(logits, truth)
    assert temperature(logits, held) == pytest.approx(truth, rel=0.1)


def test_probabilities_do_not_overflow() -> None:
    assert probabilities([[-1e9, 0.0, 1e9]], [1.0, 1.0, 1.0]).tolist() == [[pytest.approx(0, abs=1e-9), 0.5, 1.0]]


def test_a_threshold_is_the_least_one_that_is_precise_enough() -> None:
    chances = [0.99, 0.95, 0.9, 0.8, 0.7, 0.6]
    held = [1, 1, 1, 1, 0, 0]
    at = threshold(chances, held, precision=0.75)
    told = [c >= at for c in chances]
    assert told == [True, True, True, True, True, False]


def test_a_threshold_lies_between_what_is_told_and_what_is_not() -> None:
    assert threshold([0.9, 0.8, 0.6], [1, 1, 0]) == pytest.approx(0.7)


def test_what_is_never_precise_is_never_told() -> None:
    assert threshold([0.9, 0.8, 0.7], [0, 0, 1]) == 1.0
    assert threshold([], []) == 1.0


def test_a_label_that_is_far_likelier_not_to_hold_is_not_told() -> None:
    assert threshold([0.65, 0.3, 0.2], [1, 1, 1], precision=0.7) == LEAST
    assert threshold([0.3, 0.2], [1, 1], precision=0.5) == 1.0


def test_luck_with_few_turns_counts_half() -> None:
    lucky = threshold([0.9, 0.6, 0.6, 0.6], [1, 1, 1, 1], precision=0.9)
    assert lucky == pytest.approx(0.75)
    assert threshold([0.9, 0.8, 0.8, 0.8], [1, 1, 1, 1], precision=0.9) == LEAST
    unlucky = threshold([0.99, 0.99, 0.98, 0.5], [1, 0, 1, 0], precision=0.8)
    assert 0.5 < unlucky < 0.98


@pytest.mark.parametrize("offset", [-3.0, 0.0, 6.0])
def test_scaling_finds_what_the_logits_lack(offset: float) -> None:
    """Also where a hundredth held and all logits are far down."""
    draw = np.random.default_rng(1)
    sure = draw.normal(-6, 2, 40_000)
    held = draw.random(len(sure)) < 1 / (1 + np.exp(-sure))
    heat, found = scaling(sure * 2 - offset, held)
    assert (heat, found) == (pytest.approx(2, rel=0.15), pytest.approx(offset, abs=0.9))
    chances = probabilities(sure * 2 - offset, heat, found)
    assert chances.mean() == pytest.approx(held.mean(), rel=0.02)


@pytest.mark.parametrize(
    ("logits", "held"),
    [([-1.0, -2.0, 1.0, 2.0], [0, 0, 1, 1]), ([-3.0, -2.0], [0, 0]), ([1.0, 1.0], [0, 1]), ([-2.0, 2.0], [1, 0])],
    ids=["apart", "none held", "all alike", "the wrong way round"],
)
def test_scaling_of_what_has_no_best_is_still_a_number(logits: list[float], held: list[int]) -> None:
    heat, offset = scaling(logits, held)
    assert TEMPERATURES[0] <= heat <= TEMPERATURES[-1]
    assert np.isfinite(offset)
    signed = np.where(np.array(held) > 0, 1, -1)
    loss, as_it_was = (np.logaddexp(0, -signed * (np.array(logits) + move) / heat).mean() for move in (offset, 0.0))
    assert loss <= as_it_was + 1e-9
