"""Windows about another selection, the time between two, shares of the call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_service.errors import RuleError
from qa_service.rules.load import load_packs
from tests.rules.building import folder, judged, rule, said

CALL = said(
    ("agent: sorry about that", 0.0),
    ("customer: I have a complaint", 5.0),
    ("agent: fine", 8.0),
    ("agent: sorry I hear you", 15.0),
    ("customer: another complaint", 30.0),
    ("agent: goodbye", 40.0),
)
COMPLAINT = {"phrases": ["complaint"], "speaker": "customer"}


def turns(root: Path, match: dict[str, Any]) -> list[tuple[int, ...]]:
    return [f.turns for f in judged(folder(root, rule(match)), CALL).findings]


@pytest.mark.parametrize(
    ("around", "found"),
    [
        ({"after_turns": 2}, [(3,)]),
        ({"after_turns": 1}, []),
        ({"before_turns": 1}, [(0,), (3,)]),
        ({"which": "first", "before_turns": 1}, [(0,)]),
        ({"before_turns": 1, "after_turns": 2}, [(0,), (3,)]),
        ({"after_s": 10}, [(3,)]),
        ({"after_s": 5}, []),
        ({"after_turns": 2, "after_s": 5}, []),
        ({"which": "last", "before_s": 16}, [(3,)]),
        ({"which": "first", "before_s": 16}, [(0,)]),
        ({"which": 2, "before_s": 16}, [(3,)]),
        ({"which": 3, "before_s": 99}, []),
        ({"which": "every", "before_s": 16}, [(0,), (3,)]),
        ({"which": "every", "after_turns": 2}, []),
    ],
)
def test_windows(tmp_path: Path, around: dict[str, Any], found: list[tuple[int, ...]]) -> None:
    sorry = {"phrases": ["sorry"], "around": {"of": "complaint", **around}}
    assert turns(tmp_path, {"select": {"sorry": sorry, "complaint": COMPLAINT}, "condition": "sorry"}) == found


@pytest.mark.parametrize(
    ("between", "found"),
    [
        ({"above_s": 7}, [(3,)]),
        ({"above_s": 11}, []),
        ({"below_s": 11}, [(3,)]),
        ({"above_s": 7, "every": True}, [(3,)]),
    ],
)
def test_time_between_two_events(tmp_path: Path, between: dict[str, Any], found: list[tuple[int, ...]]) -> None:
    select = {
        "complaint": COMPLAINT,
        "sorry": {"phrases": ["sorry"]},
        "late": {"between": {"start": "complaint", "end": "sorry", **between}},
    }
    assert turns(tmp_path, {"select": select, "condition": "late"}) == found


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ({"within_first_share": 0.3}, [(0,)]),
        ({"within_last_share": 0.7}, [(3,)]),
        ({"within_last_share": 0.5}, []),
        ({"within_first_share": 0.4}, [(0,), (3,)]),
    ],
)
def test_shares_of_the_call(tmp_path: Path, place: dict[str, Any], found: list[tuple[int, ...]]) -> None:
    assert turns(tmp_path, {"select": {"sorry": {"phrases": ["sorry"], **place}}}) == found


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ({"a": {"phrases": ["x"], "around": {"of": "b", "after_s": 1}}}, "no selection is called 'b'"),
        ({"a": {"phrases": ["x"], "around": {"of": "a", "after_s": 1}}}, "'a' leans on itself"),
        (
            {
                "a": {"phrases": ["x"], "around": {"of": "b", "after_s": 1}},
                "b": {"between": {"start": "a", "end": "a", "above_s": 1}},
            },
            "'a' leans on itself",
        ),
        ({"a": {"phrases": ["x"], "around": {"of": "a"}}}, "give before_turns"),
        ({"a": {"phrases": ["x"], "silence": {"at_least_s": 3}}}, "has words, silence"),
        ({"a": {"silence": {"at_least_s": 3}, "pinyin": True}}, "pinyin belongs to words"),
        ({"a": {"silence": {"at_least_s": "$nothing"}}}, r"no number is called \$nothing"),
        ({"a": {"rate": {}}}, "give above or below, or both"),
        ({"a": {"count": 2}}, "has none"),
        ({"a": {"repeat": {"except": ["pay", "。"]}}}, "'。' holds no word"),
        ({"a": {"silence": {"at_least_s": 3, "except_phrases": ["..."]}}}, r"'\.\.\.' holds no word"),
    ],
)
def test_mistakes_are_told_at_load(tmp_path: Path, select: dict[str, Any], message: str) -> None:
    with pytest.raises(RuleError, match=message) as told:
        load_packs(folder(tmp_path, rule({"select": select, "condition": "a"})))
    assert told.value.line
