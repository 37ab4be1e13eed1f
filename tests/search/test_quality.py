"""The measures of scripts/search_quality.py, and the judgements of scripts/search_judgements.json."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from types import ModuleType

import pytest

from qa_service.search.protocol import SearchQuery
from qa_service.search.query import understood
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def scripts() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / "scripts"))
    yield
    sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture(scope="module")
def quality(scripts: None) -> ModuleType:
    return importlib.import_module("search_quality")


def test_ndcg_is_what_it_comes_to_by_hand(quality: ModuleType) -> None:
    """Gains 7, 3 and 1 with discounts 1, log2 3 and 2: the best order gives 7 + 1.8928 + 0.5."""
    grades = {"a": 3, "b": 2, "c": 1}
    assert quality.ndcg(["a", "b", "c"], grades) == 1
    assert quality.ndcg(["c", "b", "a"], grades) == pytest.approx((1 + 1.8928 + 3.5) / 9.3928, abs=1e-4)
    assert quality.ndcg(["x", "b"], grades) == pytest.approx(1.8928 / 9.3928, abs=1e-4)
    assert quality.ndcg([], grades) == 0


def test_ndcg_looks_no_deeper_than_it_is_told(quality: ModuleType) -> None:
    assert quality.ndcg(["x", "a"], {"a": 3}, 1) == 0
    many = {str(i): 3 for i in range(20)}
    assert quality.ndcg(list(many)[:10], many, 10) == 1


def test_chance_is_the_mean_over_every_order(quality: ModuleType) -> None:
    grades = {"a": 3, "b": 1}
    orders = list(itertools.permutations(["a", "b", "x", "y"]))
    mean = sum(quality.ndcg(order, grades, 2) for order in orders) / len(orders)
    assert quality.ndcg_by_chance(grades, 4, 2) == pytest.approx(mean)


def test_without_anything_relevant_there_is_no_ndcg(quality: ModuleType) -> None:
    with pytest.raises(ValueError, match="relevant"):
        quality.ndcg(["a"], {"a": 0})


def test_precision_is_of_what_is_shown_and_success_of_the_first(quality: ModuleType) -> None:
    grades = {"a": 3, "b": 2, "c": 1}
    assert quality.precision(["c", "b", "a", "x"], grades, 5) == 0.5
    assert quality.precision(["a", "b", "x", "x", "x", "a"], grades, 5) == 0.4
    assert quality.precision([], grades) == 0
    assert [quality.success(ranked, grades) for ranked in (["a"], ["b", "a"], [])] == [1, 0, 0]


def test_sixty_queries_are_judged_each_with_something_that_is_sought(scripts: None) -> None:
    judged = importlib.import_module("eval_search").judgements()
    assert len({one.id for one in judged}) == len({one.query for one in judged}) == len(judged) == 60
    assert min(Counter(one.kind for one in judged).values()) >= 19
    for one in judged:
        assert understood(SearchQuery(text=one.query))
        assert max(one.grades.values()) == 3
        assert set(one.grades.values()) <= {1, 2, 3}
        assert set(one.turns) <= set(one.grades)
