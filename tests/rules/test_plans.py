"""Plans in layers: the most specific plan, and the overlays on top of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from qa_service.errors import RuleError
from qa_service.records import CallFacts, Plan
from qa_service.rules.plans import PlanSpec, choose, layers, load_plans, words_of_layers

BASE = {"name": "base", "title": "all calls", "when": {"jurisdiction": "CN"}, "packs": ["one"], "parameters": {"a": 1}}
LATE = {
    "name": "late", "title": "late stage", "overlay": True, "when": {"overdue_days": [91, None]},
    "packs": ["two", "one"], "parameters": {"a": 2, "b": 2}, "vocabulary": {"names": ["Lender"], "prompt": ["suit"]},
}  # fmt: skip
STUDENT = {
    "name": "student", "title": "student", "overlay": True, "when": {"debtor_segment": ["学生"]},
    "parameters": {"b": 3}, "vocabulary": {"names": ["Lender", "School"]},
}  # fmt: skip


def plans(*entries: dict[str, Any]) -> list[PlanSpec]:
    return [PlanSpec.model_validate(entry) for entry in entries]


def chosen(*entries: dict[str, Any], **facts: Any) -> Plan:
    return choose(plans(*entries), CallFacts.model_validate(facts), "zh", "CN")


def test_overlays_add_packs_and_later_ones_win() -> None:
    plan = chosen(BASE, LATE, STUDENT, overdue_days=120, debtor_segment="学生")
    assert (plan.name, plan.packs, plan.parameters) == ("base", ("one", "two"), {"a": 2, "b": 3})
    assert plan.notes[-2:] == ("+ late stage", "+ student")


def test_an_overlay_needs_every_fact_it_asks_for() -> None:
    assert chosen(BASE, LATE, STUDENT, overdue_days=90).parameters == {"a": 1}
    assert chosen(BASE, LATE, STUDENT).notes == ("all calls", "jurisdiction CN (assumed from the language)")


def test_an_overlay_alone_makes_no_plan() -> None:
    assert chosen(LATE, overdue_days=120).packs == ()


def test_a_specific_overlay_does_not_displace_the_plan() -> None:
    narrow = {**STUDENT, "when": {"jurisdiction": "CN", "language": "zh", "debtor_segment": ["学生"]}}
    assert chosen(narrow, BASE, debtor_segment="学生").packs == ("one",)


def test_names_are_compared_without_regard_to_case() -> None:
    card = {**STUDENT, "when": {"product": ["credit card"]}}
    assert chosen(BASE, card, product="Credit Card").notes[-2:] == ("product Credit Card", "+ student")


@pytest.mark.parametrize("asked", ["CA", "California", "US-CA", "ca"])
@pytest.mark.parametrize(
    "facts", [{"state": "california"}, {"state": "CA"}, {"state": " us-ca "}, {"jurisdiction": "US-CA"}]
)
def test_a_state_is_read_as_conditions_read_it(asked: str, facts: dict[str, str]) -> None:
    overlay = {**STUDENT, "when": {"state": ["NY", asked]}}
    assert chosen(BASE, overlay, **facts).parameters == {"a": 1, "b": 3}
    assert not layers(plans({**BASE, "when": {"state": [asked]}}), CallFacts(state="Nevada"), "en", "US")


def test_a_state_that_is_none_is_noted() -> None:
    there = {**BASE, "when": {"jurisdiction": "US"}}
    plan = choose(plans(there), CallFacts(state="Califonia", jurisdiction="US"), "en", "US")
    assert plan.notes[-1].startswith("state 'Califonia' is none of the United States; California (CA)")
    assert plan.notes[-1].endswith("rules for one state are not assessed")
    assert "state" not in str(choose(plans(there), CallFacts(state="CA", jurisdiction="US"), "en", "US").notes)


def test_a_part_of_another_country_is_a_state_by_its_own_name() -> None:
    overlay = {**STUDENT, "when": {"state": ["广东", "Guang dong"]}}
    for facts in ({"state": "广东"}, {"state": "guang_dong"}):
        assert chosen(BASE, overlay, **facts).parameters == {"a": 1, "b": 3}
    assert chosen(BASE, overlay, jurisdiction="CN-GD").parameters == {"a": 1}


def test_words_of_all_layers_each_once() -> None:
    facts = CallFacts(overdue_days=120, debtor_segment="学生")
    words = words_of_layers(layers(plans(BASE, LATE, STUDENT), facts, "zh", "CN"))
    assert (words.names, words.prompt) == (("Lender", "School"), ("suit",))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"name": "a", "title": "a"}, "a plan needs packs"),
        ({"name": "a", "title": "a", "overlay": True}, "an overlay needs when"),
    ],
)
def test_mistakes_are_told_at_load(tmp_path: Path, entry: dict[str, Any], message: str) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "a.yaml").write_text(yaml.safe_dump({"plans": [entry]}), encoding="utf-8")
    with pytest.raises(RuleError, match=message):
        load_plans(tmp_path)


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        (
            "plans:\n  - {name: a, title: a, packs: [x], whn: {}}\n",
            (2, 37),
            "unknown key 'whn'",
            "Did you mean `when`?",
        ),
        ("plans:\n  - name: a\n    title: a\n    packs: x\n", (4, 12), "packs", "A list is needed"),
        ("plans:\n  - {name: a, name: b}\n", (2, 15), "stands here twice", "Keep one"),
        ("plans:\n  - {name: a, title: a, packs: [x]}\n  - {name: a, title: b, packs: [x]}\n", (3, 12), "already", ""),
        ("plans:\n  - name: a\n   title: b\n", (3, 4), "not YAML", "Indent the keys"),
    ],
)
def test_a_mistake_is_told_at_its_place(
    tmp_path: Path, text: str, place: tuple[int, int], message: str, hint: str
) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match=message) as caught:
        load_plans(tmp_path)
    assert (caught.value.file, caught.value.line, caught.value.column) == ("plans/a.yaml", *place)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"language": "cn"}, "plans.0.when.language: input should be 'zh' or 'en'"),
        ({"agent_type": "robto"}, "'human' or 'robot'"),
        ({"overdue_days": [30, 1]}, "the first day is after the last"),
        ({"overdue_days": [-5, 1]}, "greater than or equal to 0"),
        ({"jurisdiction": " "}, "at least 1 character"),
        ({"product": [""]}, "at least 1 character"),
    ],
)
def test_what_no_call_can_have_is_refused(tmp_path: Path, when: dict[str, Any], message: str) -> None:
    (tmp_path / "plans").mkdir()
    text = yaml.safe_dump({"plans": [{**BASE, "when": when}]})
    (tmp_path / "plans" / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_plans(tmp_path)
    assert message in caught.value.message
    assert caught.value.line


@pytest.mark.parametrize(
    ("when", "jurisdiction"),
    [({"language": "ZH"}, "CN"), ({"jurisdiction": "GB"}, "UK"), ({"jurisdiction": "gb"}, "GB-SCT")],
)
def test_other_ways_to_write_what_a_plan_asks_for(when: dict[str, Any], jurisdiction: str) -> None:
    plan = PlanSpec.model_validate({**BASE, "when": when})
    assert choose([plan], CallFacts(), "zh", jurisdiction).name == "base"
