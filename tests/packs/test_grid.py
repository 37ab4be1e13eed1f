"""Every stage, segment, product, country and kind of agent: one plan, packs that exist, numbers in range, steps."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from qa_service.records import CallFacts, Plan
from qa_service.rules.compiled import Step
from qa_service.rules.facts import FactsContext, parameters_of, truth
from qa_service.rules.load import load_packs
from qa_service.rules.plans import STAGES, choose, layers, stage
from qa_service.settings import bundled
from tests.packs.test_layers import plans

PACKS = load_packs(bundled("rules"))
#: First and last day of each stage, one beyond the last border, and a call that names none.
DAYS = (None, *sorted({day for _, first, last in STAGES for day in (first, last) if day is not None}), 4000)
SEGMENTS = (None, "私营业主", "在职", "离职", "学生", "退休", "自由职业", "self-employed", "employed", "PENSIONER")
PRODUCTS = (None, "信用卡", "经营贷", "房贷", "credit card", "mortgage", "花呗")
AGENTS = (None, "human", "robot")
PLACES = {"CN": "zh", "CN-GD": "zh", "US": "en", "US-CA": "en", "UK": "en", "GB-SCT": "en"}
COUNTRY = {"CN": "cn", "US": "us", "UK": "uk", "GB": "uk"}


def grid(place: str) -> list[tuple[dict[str, Any], Plan]]:
    found = []
    for days, segment, what, agent in product(DAYS, SEGMENTS, PRODUCTS, AGENTS):
        facts = {"overdue_days": days, "debtor_segment": segment, "product": what, "agent_type": agent}
        call = CallFacts.model_validate({"jurisdiction": place, "direction": "outbound", **facts})
        found.append((facts, choose(plans(), call, PLACES[place], place)))
    return found


def steps() -> tuple[Step, ...]:
    return next(rule for rule in PACKS["service-quality"].rules if rule.id == "SQ-SCRIPT-1").flow


@pytest.mark.parametrize("place", PLACES)
def test_each_call_has_one_plan_whose_packs_and_numbers_are_there(place: str) -> None:
    country = COUNTRY[place[:2]]
    for facts, plan in grid(place):
        robot = country == "cn" and facts["agent_type"] == "robot"
        assert plan.name == ("cn-robot" if robot else f"{country}-collections"), facts
        assert plan.packs == (f"{country}-collections", "pii", "service-quality"), facts
        shipped = {name: value for pack in plan.packs for name, value in PACKS[pack].parameters.items()}
        for name, value in plan.parameters.items():
            assert type(value) is type(shipped[name]) or isinstance(shipped[name], float), (facts, name)
            assert isinstance(value, bool) or value > 0, (facts, name)
        talk_share = plan.parameters.get("talk_share", 0.5)
        assert isinstance(talk_share, float)
        assert talk_share < 1, facts


@pytest.mark.parametrize("place", PLACES)
def test_the_script_of_each_call_can_be_followed(place: str) -> None:
    """What is asked for is what the layers say, whatever else is on top of them."""
    switches = {name for step in steps() if step.required_if for name in parameters_of(step.required_if)}
    for facts, plan in grid(place):
        on = {name for name in switches if {**PACKS["service-quality"].parameters, **plan.parameters}[name] is True}
        days, robot = facts["overdue_days"], facts["agent_type"] == "robot"
        assert ("step_reason" in on) is not (robot or days == 0 or (days or 0) > 180), facts
        assert ("step_consequence" in on) is (91 <= (days or 0) <= 180), facts
        assert ("step_settlement" in on) is ((days or 0) > 180), facts
        assert ("step_payday" in on) is (facts["debtor_segment"] in ("在职", "employed") and 1 <= (days or 0) <= 90), (
            facts
        )
        assert ("step_next" in on) is (days != 0), facts
        business = facts["debtor_segment"] in ("私营业主", "self-employed") or facts["product"] == "经营贷"
        assert ("step_cash_flow" in on) is (business and not robot), facts
        assert ("step_instalment" in on) is (facts["product"] in ("信用卡", "credit card") and (days or 0) > 30), facts


def test_each_step_is_asked_for_on_some_call() -> None:
    """A step that no plan's switches ever ask for is dead."""
    never = {step.name for step in steps()}
    for place in PLACES:
        for facts, plan in grid(place):
            known = CallFacts.model_validate({"direction": "outbound", "callee_role": "debtor", **facts})
            context = FactsContext(known.get, {**PACKS["service-quality"].parameters, **plan.parameters})
            never -= {s.name for s in steps() if s.required_if is None or truth(s.required_if, context) is True}
    assert never == set()


@pytest.mark.parametrize("place", PLACES)
def test_a_layer_that_changes_something_is_told_and_a_stage_is_the_days_own(place: str) -> None:
    for facts, plan in grid(place):
        call = CallFacts.model_validate({"jurisdiction": place, "direction": "outbound", **facts})
        chosen = layers(plans(), call, PLACES[place], place)
        assert [note[2:] for note in plan.notes if note.startswith("+ ")] == [layer.title for layer in chosen[1:]]
        assert len([layer for layer in chosen if layer.name.startswith("stage-")]) == (
            facts["overdue_days"] is not None
        )
        if facts["overdue_days"] is not None:
            name = stage(facts["overdue_days"])
            assert f"stage {name} ({facts['overdue_days']} days overdue)" in plan.notes
            assert any(layer.title.startswith(f"{name} ") for layer in chosen)
