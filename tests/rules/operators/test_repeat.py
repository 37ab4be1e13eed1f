"""The same thing again and again."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from qa_service.text.similar import alike
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


def test_an_exception_is_whole_words(tmp_path: Path) -> None:
    assert found(tmp_path, {"except": ["pay"]}, NAG, NAG, NAG) == []
    for part in ("pa", "mone", "hen will"):
        assert found(tmp_path, {"except": [part]}, NAG, NAG, NAG) == [(2,)]


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


@pytest.mark.parametrize("seed", range(20))
def test_each_time_is_counted_as_if_compared_with_all_before(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    wordings = [
        *("when will you pay this", "when will you pay it", "where do you live now", "what is your name then"),
        *("now when will you pay this sum", "when will they pay this", "will you when pay this", "pay pay pay pay"),
    ]
    lines = [". ".join(chance.choices(wordings, k=chance.randint(1, 3))) for _ in range(12)]
    times, width = chance.randint(2, 4), chance.randint(1, 6)
    told = [(at, sentence.split()) for at, line in enumerate(lines) for sentence in line.split(". ")]
    plainly = {
        at
        for i, (at, words) in enumerate(told)
        if 1 + sum(at - other < width and alike(w, words, 0.8) for other, w in told[:i]) >= times
    }
    operator = {"times": times, "within_turns": width}
    assert {t for turns in found(tmp_path, operator, *(f"agent: {line}" for line in lines)) for t in turns} == plainly


def test_thousands_of_different_sentences_take_little_time(tmp_path: Path) -> None:
    chance = random.Random(1)
    line = "。".join("".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(10)) for _ in range(6000))
    began = time.process_time()
    assert found(tmp_path, {}, f"agent: {line}", language="zh") == []
    assert time.process_time() - began < 5
