"""Plans are sound before the first call is judged by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from qa_service.errors import RuleError
from qa_service.inspect.pipeline import Inspector
from qa_service.settings import Settings
from tests.rules.building import folder, rule

BASE = {"name": "base", "title": "all calls", "packs": ["house"]}
CARD = {"name": "card", "title": "cards", "overlay": True, "when": {"product": ["card"]}}


def inspector(root: Path, *plans: dict[str, Any]) -> Inspector:
    match = {"select": {"x": {"phrases": ["shut up"], "within_first_s": "$intro_s"}}}
    folder(root, rule(match))
    text = yaml.safe_dump({"plans": list(plans)}, sort_keys=False)
    (root / "plans" / "all.yaml").write_text(text, encoding="utf-8")
    return Inspector(Settings(rules_dir=root, data_dir=root / "data", _env_file=None))  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("plans", "message", "mend"),
    [
        ([{**BASE, "parameters": {"intro_s": "long"}}], "sets 'intro_s' to 'long', which is no number", "pack gives"),
        ([{**BASE, "parameters": {"intro_s": True}}], "which is no number", "pack gives"),
        ([{**BASE, "parameters": {"into_s": 5}}], "sets 'into_s', which none of its packs has", "cap, intro_s"),
        ([BASE, {**CARD, "parameters": {"cap": []}}], "plan 'card' sets 'cap'", "pack gives"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_told_at_load(
    tmp_path: Path, plans: list[dict[str, Any]], message: str, mend: str
) -> None:
    with pytest.raises(RuleError, match=message) as told:
        _ = inspector(tmp_path, *plans).plans
    assert told.value.file == "plans/all.yaml"
    assert (told.value.line or 0) > 1
    assert mend in told.value.hint


def test_sound_parameters_are_taken(tmp_path: Path) -> None:
    plans = inspector(tmp_path, {**BASE, "parameters": {"intro_s": 2.5}}, {**CARD, "parameters": {"cap": 1}}).plans
    assert [plan.parameters for plan in plans] == [{"intro_s": 2.5}, {"cap": 1}]


def test_a_number_that_the_rules_cannot_count_with_is_told_before_the_first_call(tmp_path: Path) -> None:
    made = inspector(tmp_path, BASE, {**CARD, "parameters": {"intro_s": -1}})
    with pytest.raises(RuleError, match="plan 'card' sets 'intro_s' to -1, which should be greater than 0") as told:
        made.pack("house")
    assert (told.value.file, "H-1 counts with it" in told.value.hint) == ("plans/all.yaml", True)
    assert inspector(tmp_path, BASE, {**CARD, "parameters": {"intro_s": 1}}).pack("house").name == "house"
