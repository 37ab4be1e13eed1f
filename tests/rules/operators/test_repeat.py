"""The same thing again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.rules.building import folder, judged, rule, said

NAG = "agent: when will you pay this money"


def found(root: Path, operator: dict[str, Any], *lines: str, **more: Any) -> list[tuple[int, ...]]:
    call = said(*lines, language=more.pop("language", "en"))
    rules = folder(root, rule({"select": {"it": {"repeat": operator, **more}}}))
    return [f.turns for f in judged(rules, call).findings]


def test_third_time_within_the_window(tmp_path: Path) -> None:
    calm = "customer: I told you already"
    assert found(tmp_path, {}, NAG, calm, NAG, calm, NAG) == [(4,)]
    assert found(tmp_path, {}, NAG, calm, NAG, calm) == []
    assert found(tmp_path, {"within_turns": 4}, NAG, calm, NAG, calm, NAG) == []
    assert found(tmp_path, {"times": 2}, NAG, calm, NAG) == [(2,)]


def test_nearly_the_same_counts_and_another_thing_does_not(tmp_path: Path) -> None:
    near = [
        "agent: when will you pay this money",
        "agent: so when will you pay this money",
        NAG,
    ]
    assert found(tmp_path, {}, *near) == [(2,)]
    assert found(tmp_path, {"alike": 1.0}, *near) == []
    other = [
        "agent: when will you pay this money",
        "agent: where do you live these days",
        "agent: what is your date of birth",
    ]
    assert found(tmp_path, {}, *other) == []


def test_it_is_one_side_that_repeats_itself(tmp_path: Path) -> None:
    assert found(tmp_path, {}, NAG, NAG.replace("agent", "customer"), NAG) == []


@pytest.mark.parametrize(
    ("operator", "hits"), [({}, 1), ({"except": ["您什么时候还"]}, 0), ({"at_least_units": 12}, 0)]
)
def test_mandarin_sentences_inside_turns(tmp_path: Path, operator: dict[str, Any], hits: int) -> None:
    line = "agent: 我听到了。您什么时候还这笔钱?"
    assert len(found(tmp_path, operator, line, "agent: 您什么时候还这笔钱啊", line, language="zh")) == hits
