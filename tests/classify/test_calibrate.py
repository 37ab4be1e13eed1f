"""Temperatures make probabilities honest; thresholds keep the promised precision."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.classify.calibrate import LEAST, chosen, probabilities, temperature, threshold


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
    assert threshold([0.45, 0.3, 0.2], [1, 1, 1]) == LEAST
    assert threshold([0.3, 0.2], [1, 1]) == 1.0


def test_a_label_that_a_few_doubtful_turns_would_silence_takes_the_lower_precision() -> None:
    chances = np.linspace(1, 0.01, 100)
    held = np.zeros(100)
    held[:50] = 1
    held[[0, 3, 8, 15, 20, 25]] = 0
    assert threshold(chances, held, precision=0.9) == 1.0
    assert chosen(chances, held) == threshold(chances, held, precision=0.85) < 0.6
    assert chosen(chances, held, least=0.9) == 1.0


@pytest.mark.parametrize(("few", "many", "stays"), [(30, 44, False), (40, 44, True)])
def test_the_lower_precision_is_taken_only_where_it_finds_enough_more(few: int, many: int, stays: bool) -> None:
    held = [1.0] * few + [0.0] * 6 + [1.0] * (many - few) + [0.0] * 50
    chances = np.linspace(0.99, 0.41, len(held)).tolist()
    strict, lower = (threshold(chances, held, precision=p) for p in (0.9, 0.85))
    assert lower < strict < 1.0
    assert chosen(chances, held) == (strict if stays else lower)
