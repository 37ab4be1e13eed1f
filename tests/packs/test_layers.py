"""The shipped layers: stage, segment, product and kind of agent each change what is asked of the same call."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from qa_service.records import CallFacts, Finding, Measures, SpeakerMeasures
from qa_service.rules.evaluate import evaluate
from qa_service.rules.load import Pack, load_packs
from qa_service.rules.plans import PlanSpec, choose, load_plans
from qa_service.settings import bundled
from tests.rules.building import said

ROOT = bundled("rules")
#: An agent who says next to nothing, to a customer who listens.
ZH = said(
    "agent: 您好,这里是晨江银行", "customer: 嗯", "agent: 您的账单到期了", "customer: 哦", "agent: 您看看吧",
    "customer: 嗯", "agent: 就这样", "customer: 哦", "agent: 嗯", language="zh",
)  # fmt: skip
EN = said(
    "agent: hello", "customer: hello", "agent: your bill is here", "customer: right", "agent: well", "customer: hm",
    "agent: so", "customer: hm", "agent: right",
)  # fmt: skip
PLAIN = {"reason", "propose", "next"}


@lru_cache(maxsize=1)
def plans() -> tuple[PlanSpec, ...]:
    return load_plans(ROOT)


@lru_cache(maxsize=1)
def pack() -> Pack:
    return load_packs(ROOT, ["service-quality"])["service-quality"]


def findings(place: str, measures: Measures | None = None, **given: Any) -> list[Finding]:
    facts = CallFacts.model_validate({"direction": "outbound", "callee_role": "debtor", **given})
    call = ZH if place == "CN" else EN
    plan = choose(plans(), facts, call.language, place)
    assert "service-quality" in plan.packs
    return list(evaluate([pack()], call, facts, measures, parameters=plan.parameters).findings)


def asked(place: str, **given: Any) -> set[str]:
    return {f.reason.removeprefix("missing: ") for f in findings(place, **given) if f.rule_id == "SQ-SCRIPT-1"}


@pytest.mark.parametrize(
    ("facts", "steps"),
    [
        ({}, PLAIN),
        ({"overdue_days": 0}, set()),
        ({"overdue_days": 18}, PLAIN | {"close"}),
        ({"overdue_days": 31}, PLAIN | {"hardship"}),
        ({"overdue_days": 91}, PLAIN | {"consequence"}),
        ({"overdue_days": 181}, {"propose", "next", "settlement"}),
        ({"debtor_segment": "私营业主"}, PLAIN | {"cash_flow"}),
        ({"debtor_segment": "在职", "overdue_days": 18}, PLAIN | {"close", "payday"}),
        ({"debtor_segment": "离职"}, PLAIN | {"hardship"}),
        ({"debtor_segment": "学生"}, PLAIN | {"hardship"}),
        ({"debtor_segment": "退休"}, PLAIN | {"hardship"}),
        ({"product": "信用卡", "overdue_days": 40}, PLAIN | {"hardship", "instalment"}),
        ({"product": "信用卡", "overdue_days": 18}, PLAIN | {"close"}),
        ({"product": "经营贷"}, PLAIN | {"cash_flow"}),
        ({"product": "房贷"}, PLAIN | {"hardship"}),
        ({"agent_type": "robot"}, PLAIN - {"reason"}),
        ({"agent_type": "robot", "product": "经营贷", "overdue_days": 120}, {"propose", "next", "consequence"}),
    ],
)
def test_what_the_script_asks_for(facts: dict[str, Any], steps: set[str]) -> None:
    assert asked("CN", **facts) == steps


@pytest.mark.parametrize(
    ("place", "account", "left"),
    [
        ("UK", "breathing_space", {"propose", "consequence"}),
        ("US", "cease_written", {"propose", "consequence"}),
        ("US", "attorney_on_file", {"propose", "consequence"}),
        ("US", "time_barred", {"consequence"}),
        ("US", "dispute_flag", {"consequence"}),
        ("UK", "paid", {"propose", "consequence"}),
    ],
)
def test_a_script_asks_for_nothing_that_the_law_forbids(place: str, account: str, left: set[str]) -> None:
    before = asked(place, overdue_days=120)
    assert before - asked(place, overdue_days=120, account={account: True}) == left


@pytest.mark.parametrize("words", ["我不想活了", "我爱人上个月去世了"])
def test_a_script_asks_nothing_about_money_of_somebody_in_distress(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = [(turn.role.value, turn.text) for turn in ZH.turns]
    told = said(*(f"{role}: {text}" for role, text in turns), f"customer: {words}", language="zh")
    monkeypatch.setattr(f"{__name__}.ZH", told)
    assert asked("CN", overdue_days=120) == {"next"}


def test_countries_differ_in_what_conduct_rules_already_ask_for() -> None:
    assert asked("US") - asked("UK") == {"verify"}
    assert {"identify", "name"} <= asked("UK")
    assert not {"identify", "name", "verify"} & asked("CN")
    assert "name" not in asked("US", agent_type="robot")


@pytest.mark.parametrize("days", [None, 0, 10, 30, 31, 200])
def test_a_robot_announces_itself_as_robots_do_at_every_stage(days: int | None) -> None:
    facts = {"direction": "outbound", "agent_type": "robot", "overdue_days": days}
    robot = choose(plans(), CallFacts.model_validate(facts), "zh", "CN")
    human = choose(plans(), CallFacts.model_validate({**facts, "agent_type": "human"}), "zh", "CN")
    assert (robot.name, robot.parameters["intro_s"]) == ("cn-robot", 20)
    assert (human.name, human.parameters.get("intro_s")) == ("cn-collections", None)


@pytest.mark.parametrize(("segment", "fast"), [("在职", False), ("学生", False), ("退休", True)])
def test_how_fast_may_be_said_to_whom(segment: str, fast: bool) -> None:
    side = SpeakerMeasures(speech_s=30, talk_ratio=0.5, rate_per_min=360)
    found = findings("CN", Measures(duration_s=60, speakers={"agent": side}), debtor_segment=segment)
    assert ("SQ-RATE-1" in {f.rule_id for f in found}) is fast


@pytest.mark.parametrize(
    ("given", "steps"),
    [
        ({"product": " Credit_Card ", "overdue_days": 40}, {"hardship", "instalment"}),
        ({"product": "credit-card", "overdue_days": 40}, {"hardship", "instalment"}),
        ({"debtor_segment": "个体工商户"}, {"cash_flow"}),
        ({"debtor_segment": "SELF_EMPLOYED"}, {"cash_flow"}),
        ({"debtor_segment": "退休人员"}, {"hardship"}),
        ({"product": "按揭贷款"}, {"hardship"}),
    ],
)
def test_names_as_systems_write_them(given: dict[str, Any], steps: set[str]) -> None:
    assert asked("CN", **given) - PLAIN == steps


@pytest.mark.parametrize(("segment", "layer"), [("退休", True), ("自由职业", False), ("在职", False)])
def test_a_segment_that_changes_nothing_is_told(segment: str, layer: bool) -> None:
    facts = CallFacts.model_validate({"debtor_segment": segment, "overdue_days": 120})
    notes = choose(plans(), facts, "zh", "CN").notes
    assert (f"segment {segment}" in notes) is layer
    assert (f"segment {segment}: no layer is for it on this call" in notes) is not layer


@pytest.mark.parametrize(("segment", "most"), [("退休", 340), ("学生", 360), (None, 360)])
def test_a_robot_is_no_faster_than_a_person_may_be(segment: str | None, most: int) -> None:
    facts = CallFacts.model_validate({"agent_type": "robot", "debtor_segment": segment})
    assert choose(plans(), facts, "zh", "CN").parameters["fast_zh"] == most


@pytest.mark.parametrize(("product", "years"), [("信用卡", 2), ("credit card", 2), ("消费贷", None), (None, None)])
def test_records_of_cards_are_kept_for_two_years(product: str | None, years: int | None) -> None:
    facts = CallFacts(product=product, overdue_days=3)
    assert choose(plans(), facts, "zh", "CN").parameters.get("retention_years") == years


@pytest.mark.parametrize(("until", "found"), [("2028-01-10", 0), ("2028年1月10日", 0), ("2028/1/5", 1)])
def test_two_years_to_the_day_are_two_years(until: str, found: int) -> None:
    """Two years without a leap day hold 730 days, less the hours before the call."""
    facts = CallFacts(started_at="2026-01-10T22:00:00+08:00", account={"retention_until": until})  # type: ignore[arg-type]
    call = said("agent: 您好", language="zh")
    judged = evaluate(
        [load_packs(ROOT, ["cn-collections"])["cn-collections"]], call, facts, None, parameters={"retention_years": 2},
        which=lambda rule: rule.spec.id == "CN-COLL-REC-4",
    )  # fmt: skip
    assert len(judged.findings) == found


def test_nothing_of_the_pack_is_a_veto_or_costs_much() -> None:
    scores = [rule.spec.score for rule in pack().rules]
    assert not any(score.veto for score in scores)
    assert max(score.deduct for score in scores) <= 2
