"""Temperatures make probabilities honest; thresholds keep the promised precision."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.classify.calibrate import LEAST, probabilities, temperature, threshold


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
