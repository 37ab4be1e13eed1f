"""Looking only where it can matter finds what looking everywhere finds (``explain`` looks everywhere)."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from qa_service.records import CallFacts, Evaluation, Transcript
from qa_service.rules.evaluate import evaluate
from qa_service.rules.load import load_packs
from tests.rules.building import folder, rule, said

WORDS = ("alpha", "bravo", "charlie", "delta")
A, B, C, D = ({"phrases": [word]} for word in WORDS)
LOUD = {"loudness": {"raised": True}}


def both(root: Path, call: Transcript) -> tuple[Evaluation, Evaluation]:
    packs = list(load_packs(root).values())
    return evaluate(packs, call, CallFacts(), None), evaluate(packs, call, CallFacts(), None, explain=[])


def spoken(*words: str) -> Transcript:
    """Turns of the agent, each answered."""
    return said(*(turn for word in words for turn in (f"agent: {word or 'hm'}", "customer: yes")))


@pytest.mark.parametrize(
    ("match", "words", "found"),
    [
        # wanted in one branch and unwanted in the other
        (
            {"select": {"a": A, "b": B, "c": C, "d": D}, "condition": "(a and b) or (c and d and not a)",
             "within": {"turns": 4}}, ("alpha", "charlie", "delta"), 0,
        ),
        (
            {"select": {"a": A, "b": B, "c": C, "d": D}, "condition": "(a and b) or (c and d and not a)",
             "within": {"turns": 2}}, ("alpha", "", "", "charlie", "delta"), 1,
        ),
        # every anchor must have one
        (
            {"select": {"x": B, "a": {**A, "around": {"of": "x", "which": "every", "after_turns": 2}}, "c": C},
             "condition": "a and c"}, ("bravo", "alpha", "bravo", "alpha charlie"), 1,
        ),
        (
            {"select": {"x": B, "a": {**A, "around": {"of": "x", "which": "every", "after_turns": 2}}, "c": C},
             "condition": "a and c"}, ("bravo", "", "", "bravo", "alpha charlie"), 0,
        ),
        ({"select": {"a": A, "b": {**B, "count": 2}}, "condition": "a and b"}, ("alpha bravo", "bravo"), 0),
        ({"select": {"a": A, "b": {**B, "count": 2}}, "condition": "a and b"}, ("alpha bravo bravo", "bravo"), 1),
    ],
)  # fmt: skip
def test_what_is_found_does_not_hang_on_where_one_looks(
    tmp_path: Path, match: dict[str, Any], words: tuple[str, ...], found: int
) -> None:
    near, everywhere = both(folder(tmp_path, rule(match)), spoken(*words))
    assert near == everywhere
    assert len(near.findings) == found


@pytest.mark.parametrize(
    ("match", "words", "open_"),
    [
        ({"select": {"a": A, "b": {**B, "count": 2}, "l": LOUD}, "condition": "a and b and l"},
         ("alpha bravo", "bravo"), 0),
        ({"select": {"a": A, "l": LOUD, "filter_b": B}, "condition": "a and l and not filter_b",
          "within": {"seconds": 3}}, ("alpha", "", "", "bravo"), 1),
        ({"select": {"a": A, "filter_b": {**B, "around": {"of": "l", "before_turns": 1}}, "l": LOUD},
          "condition": "a and not filter_b"}, ("alpha", "", "bravo"), 0),
    ],
)  # fmt: skip
def test_what_is_open_does_not_hang_on_where_one_looks(
    tmp_path: Path, match: dict[str, Any], words: tuple[str, ...], open_: int
) -> None:
    near, everywhere = both(folder(tmp_path, rule(match)), spoken(*words))
    assert near == everywhere
    assert len(near.not_assessed) == open_


CONDITIONS = (
    "a and b", "a or b and c", "a and not filter_x", "2 of (a, b, c)", "a and (b or not c)", "not (a and b) and d",
    "(a and b) or (c and not filter_x)", "any of (a, b) and not filter_*", "all of (a, c) and not d",
)  # fmt: skip
WINDOWS: tuple[dict[str, Any], ...] = (
    {}, {"turns": 1}, {"turns": 3}, {"near": 2}, {"seconds": 4}, {"call": True},
)  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_rules_made_by_chance_find_the_same_everywhere(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = {"a": "alpha", "b": "bravo", "c": "charlie", "d": "delta", "filter_x": "echo"}
    select: dict[str, Any] = {name: {"phrases": [word]} for name, word in names.items()}
    for selection in select.values():
        selection.update(
            chance.choice(({}, {}, {"count": 2}, {"within_first_turns": 3}, {"within_last_s": 9}, {"speaker": "any"}))
        )
    match = {"select": select, "condition": chance.choice(CONDITIONS)}
    match |= {"within": within} if (within := chance.choice(WINDOWS)) else {}
    root = folder(tmp_path, rule(match))
    for _ in range(25):
        sides = (chance.choice(("agent", "agent", "customer")) for _ in range(chance.randrange(1, 9)))
        turns = (f"{side}: {' '.join(chance.choices((*names.values(), 'hm', 'so'), k=3))}" for side in sides)
        near, everywhere = both(root, said(*turns))
        assert near == everywhere, match
