"""Keys of a rule that could do nothing are refused at their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_service.errors import RuleError
from qa_service.rules.load import load_packs
from tests.rules.building import folder, rule

A, B = {"phrases": ["pay"]}, {"phrases": ["now"]}


@pytest.mark.parametrize(
    ("match", "message"),
    [
        (
            {"select": {"a": {"phrases": ["pay", "PAY", "now"], "at_least": 3}}},
            "at_least: 3 different terms, and there are 2",
        ),
        (
            {"select": {"a": {"silence": {"at_least_s": 3}, "at_least": 2}}},
            "at_least: 2 different terms, and there is 1",
        ),
        ({"select": {"a": {"entity": {"kind": ["date"]}, "at_least": 2}}}, "there is 1"),
        ({"select": {"a": {"all": ["pay", "now"], "at_least": 2}}}, "here is only all"),
        ({"select": {"a": {"length": {"above_s": 3}, "count": 2}}}, "a call has length once"),
        ({"select": {"a": {"rate": {"above": 3, "per": "call"}, "count": 2}}}, "a call has rate once"),
        ({"select": {"a": {"interruption": {}, "count": 3}}}, "count: 3 in one turn"),
        ({"select": {"a": {"rate": {"above": 300}, "count": 2}}, "within": {"near": 9}}, "a turn has rate once"),
        ({"select": {"a": {"length": {"above_s": 3}, "speaker": "agent"}}}, "no side has length to itself"),
        (
            {"select": {"a": {"silence": {"at_least_s": 3, "kept_by": "agent"}, "speaker": "agent"}}},
            "kept_by says already",
        ),
        ({"select": {"a": {"entity": {"kind": ["date"]}, "gates": {"negation": False}}}}, "gates hold back words"),
        ({"select": {"a": {"rate": {"above": 9, "per": "call", "at_least_s": 3}}}}, "per: call asks about all"),
        ({"select": {"a": {"length": {"above_s": 60, "below_s": 600}}}}, "above 60 or below 600"),
        ({"select": {"a": {"rate": {"above": 100, "below": 300}}}}, "above 100 or below 300"),
        ({"select": {"a": {"talk": {"share_above": 0.2, "share_below": 0.5}}}}, "above 0.2 or below 0.5"),
        (
            {"select": {"a": A, "b": B, "c": {"between": {"start": "a", "end": "b", "above_s": 3, "below_s": 9}}}},
            "above 3 or below 9",
        ),
        ({"select": {"a": {"similar": {"to": ["pay it", "!!"]}}}}, "'!!' holds no word"),
        (
            {"select": {"a": {"phrases": ["pay", "pay it now"], "not_phrases": ["it now"]}}},
            "now' holds 'it now'",
        ),
        ({"select": {"a": {"all": ["你家人", "pay"], "not_phrases": ["家人"]}}}, "'你家人' holds '家人'"),
        ({"select": {"a": {"repeat": {"times": 1}}}}, "greater than or equal to 2"),
        ({"select": {"a": {"repeat": {"times": 2.5}}}}, "multiple of 1"),
        ({"select": {"a": {"repeat": {"within_turns": 0.5}}}}, "greater than or equal to 1"),
        ({"select": {"a": A, "b": B}, "order": ["a", "b", "a"]}, "nothing comes before itself"),
        (
            {
                "select": {"a": A, "b": B, "filter_c": {"phrases": ["sir"]}},
                "order": ["filter_c", "a"],
                "condition": "a and b and not filter_c",
            },
            "'filter_c' is not what the condition asks to be there",
        ),
    ],
)
def test_what_could_do_nothing_is_refused(tmp_path: Path, match: dict[str, Any], message: str) -> None:
    with pytest.raises(RuleError, match=message) as caught:
        load_packs(folder(tmp_path, rule(match)))
    assert (caught.value.line or 0) > 7  # in the match, not at the top


@pytest.mark.parametrize(
    "match",
    [
        {"select": {"a": {"phrases": ["pay"], "lexicon": ["rude"], "at_least": 3}}},
        {"select": {"a": {"hold": {"at_least_s": 3}, "count": 2}}, "within": {"call": True}},
        {"select": {"a": {"similar": {"to": ["pay it", "now then"]}, "at_least": 2, "gates": {"negation": False}}}},
        {"select": {"a": {"silence": {"at_least_s": 3}, "speaker": "customer"}}},
        {"select": {"a": {"repeat": {"times": "$cap"}}}},
        {"select": {"a": {"rate": {"above": 300, "below": 100}}}},
        {"select": {"a": {"rate": {"above": "$cap", "below": 100}}}},
        {"select": {"a": {"phrases": ["pay", "payment"], "not_phrases": ["pay it", "men"]}}},
        {"select": {"a": {"phrases": ["the US"], "not_phrases": ["the us"], "case": True}}},
        {"select": {"a": A, "b": B}, "order": ["b", "a"], "condition": "a or b"},
    ],
)
def test_what_can_be_is_taken(tmp_path: Path, match: dict[str, Any]) -> None:
    load_packs(folder(tmp_path, rule(match)))


def test_a_comma_that_cuts_a_value_is_told(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"a": A}}))
    text = (
        "match:\n  select: {a: {phrases: [pay]}}\n"
        "  flow: {steps: [{name: a, required_if: coalesce(overdue_days, 0) > 3}]}\n"
    )
    file = root / "house" / "h-1.yaml"
    head = file.read_text(encoding="utf-8").split("match:")[0]
    file.write_text(f"{head}{text}message: m\n", encoding="utf-8")
    with pytest.raises(RuleError, match="unknown key") as caught:
        load_packs(root)
    assert "in quotes" in caught.value.hint
    assert " — A comma" in str(caught.value)
