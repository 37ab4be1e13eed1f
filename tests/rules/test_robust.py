"""Texts that nobody says but somebody will send, and properties that must hold whatever is said."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa_service.errors import RuleError
from qa_service.records import CallFacts, Evaluation, Role, Transcript, Turn
from qa_service.rules.compiled import Pack
from qa_service.rules.evaluate import evaluate
from qa_service.rules.load import load_packs
from qa_service.rules.operators import words
from qa_service.rules.plans import choose, load_plans
from qa_service.settings import bundled
from tests.rules.building import folder, judged, rule, said

LINES = [
    "agent: 您好,我是受南岭银行委托的海川公司工号一一二,通话录音",
    "customer: 你谁啊",
    "agent: 再不还你就准备去坐牢吧",
    "agent: 我们不会告诉你单位的",
    "customer: 你他妈有完没完",
    "agent: 你个王八蛋,我给你爆通讯录",
    "agent: 可能会依法起诉",
]


@pytest.fixture(scope="module")
def packs() -> list[Pack]:
    return list(load_packs(bundled("rules"), ["cn-collections"]).values())


def verdict(packs: list[Pack], transcript: Transcript) -> Evaluation:
    facts = CallFacts.model_validate({"direction": "outbound", "callee_role": "debtor"})
    return evaluate(packs, transcript, facts, None)


ENGLISH = [
    "agent: hello this is Dana with Harbor Recovery on a recorded line",
    "customer: how did you get this number",
    "agent: pay today or you are going to jail you idiot",
    "agent: we will never tell your boss",
    "customer: stop calling me, I have a lawyer",
    "agent: I will call your mother and your employer tonight",
]


@pytest.mark.parametrize(("language", "place", "lines"), [("zh", "CN", LINES), ("en", "US", ENGLISH)])
def test_order_of_packs_and_rules_changes_no_finding(language: str, place: str, lines: list[str]) -> None:
    call, root = said(*lines, language=language), bundled("rules")
    facts = CallFacts.model_validate(
        {"direction": "outbound", "callee_role": "debtor", "jurisdiction": place, "overdue_days": 120}
    )
    plan = choose(load_plans(root), facts, language, place)
    packs = list(load_packs(root, plan.packs).values())
    assert len(packs) > 1

    def verdict(packs: list[Pack]) -> Evaluation:
        return evaluate(packs, call, facts, None, parameters=plan.parameters)

    expected = verdict(packs)
    assert len({f.pack for f in expected.findings}) > 1
    for seed in range(5):
        chance = random.Random(seed)
        shuffled = [replace(p, rules=tuple(chance.sample(p.rules, len(p.rules)))) for p in packs]
        chance.shuffle(shuffled)
        found = verdict(shuffled)
        assert found.findings == expected.findings
        assert set(found.not_assessed) == set(expected.not_assessed)


def test_a_last_turn_of_the_customer_changes_no_finding_on_the_agent(packs: list[Pack]) -> None:
    call = said(*LINES, language="zh")
    more = Turn(index=len(LINES), role=Role.CUSTOMER, start_s=40, end_s=42, text="你个王八蛋等着坐牢吧")
    longer = call.model_copy(update={"turns": (*call.turns, more), "duration_s": 42.0})
    assert verdict(packs, longer).findings == verdict(packs, call).findings


BUSY = [
    "嗯", "你们这是暴力催收我要投诉", "别打给我单位", "我已经还过了", "我住院了", "你个王八蛋", "我叫我儿子来接",
    "好的知道了", "坐牢就坐牢", "多少钱", "我没录音",
]  # fmt: skip


def of_the_agent_alone(packs: list[Pack]) -> set[str]:
    """Rules that hear only the agent and count no turns."""
    return {
        rule.id
        for pack in packs
        for rule in pack.rules
        if rule.selections
        and {s.speaker for s in rule.selections} == {"agent"}
        and (rule.within is None or rule.within.turns is None)
        and not any("turn" in place for s in rule.selections for place in s.places)
        and not rule.spec.match.absent
    }


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(LINES)), words=st.sampled_from(BUSY))
def test_a_turn_of_the_customer_anywhere_changes_no_finding_on_the_agent_alone(
    packs: list[Pack], at: int, words: str
) -> None:
    """But through windows that count turns, and rules that listen to the customer too."""
    call = said(*LINES, language="zh")
    gap = call.turns[at - 1].end_s if at else 0.0
    more = Turn(index=99, role=Role.CUSTOMER, start_s=gap, end_s=gap, text=words)
    longer = call.model_copy(update={"turns": (*call.turns[:at], more, *call.turns[at:])})
    alone = of_the_agent_alone(packs)
    before, after = (
        [(f.rule_id, f.state, f.quote, f.turns) for f in verdict(packs, c).findings if f.rule_id in alone]
        for c in (call, longer)
    )
    assert before
    assert after == before


@pytest.mark.parametrize(
    "insult",
    [
        "\u202e废\u202c物", "废\ufe0e\u2066物", "废\u0301物\u0301", "废\U000e0100物",
        "废\u200b物", "废\u2060\ufeff物", "廢 物", "废,物", "废\u00ad物", "废\ufe0f物", "废、物",
    ],
)  # fmt: skip
def test_invisible_characters_do_not_hide_an_insult(tmp_path: Path, insult: str) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["废物"]}}}))
    (found,) = judged(root, said(f"agent: 你这个{insult}走", language="zh")).findings
    assert found.quote in insult
    assert insult.strip("\u202e\u0301").rstrip("\u0301") in found.quote


@pytest.mark.parametrize("insult", ["ＩＤＩＯＴ", "idi\u200bot", "i\u2060d\u200di\u200co\u00adt", "IDIOT"])
def test_width_and_case_do_not_hide_an_english_insult(tmp_path: Path, insult: str) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["idiot"]}, "y": {"regex": ["you idiots?"]}}}))
    (found,) = judged(root, said(f"agent: you {insult}, pay")).findings
    assert insult in found.quote


def test_unpaired_surrogates_are_read_over(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["shut up"]}}}))
    assert judged(root, said("agent: \ud800shut\udfff up")).findings


@pytest.mark.timeout(60)
def test_very_long_turn_and_very_many_turns_end(packs: list[Pack]) -> None:
    long = said("agent: " + "好的我们这边帮您登记一下" * 8_000, language="zh")
    assert verdict(packs, long) is not None
    many = said(*["agent: 好的我们这边帮您登记一下", "customer: 嗯我知道了谢谢"] * 1000, language="zh")
    assert verdict(packs, many) is not None


@pytest.mark.timeout(120)
def test_a_hundred_thousand_words_are_judged_to_the_last(tmp_path: Path) -> None:
    """Eleven hours of talk; the insult is in the last turn."""
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["idiot"]}, "y": {"regex": ["you idiots?"]}}}))
    talk = "agent: well so the balance on your account is what it was last month and we can talk about it"
    call = said(*[talk] * 5_300, "agent: pay up you idiot")
    assert sum(len(t.text.split()) for t in call.turns) > 100_000
    assert {f.turns for f in judged(root, call).findings} == {(5_300,)}


@pytest.mark.timeout(300)
def test_ten_megabytes_of_text_are_judged_to_the_last(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["废物"]}, "y": {"regex": ["废物{1,2}"]}}}))
    talk = "agent: " + "好的我们这边帮您登记一下," * 2_000
    call = said(*[talk] * 136, "agent: 你这个废物", language="zh")
    assert sum(len(t.text.encode()) for t in call.turns) > 9_500_000
    assert {f.turns for f in judged(root, call).findings} == {(136,)}


@pytest.mark.parametrize("turns", [1e9, 1e308])
def test_a_window_of_more_turns_than_any_call_has_is_the_whole_call_and_takes_no_memory(
    tmp_path: Path, turns: float
) -> None:
    select = {"pay": {"phrases": ["pay"]}, "home": {"phrases": ["home"]}}
    root = folder(tmp_path, rule({"select": select, "condition": "pay and home", "within": {"turns": turns}}))
    tracemalloc.start()
    found = judged(root, said("agent: pay", "customer: no", "agent: at home"))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [f.quote for f in found.findings] == ["pay … home"]
    assert most < 50e6


def test_a_pause_of_the_process_is_no_rule_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, wall = [0.0], [0.0]
    monkeypatch.setattr(words.time, "thread_time", lambda: cpu[0])
    monkeypatch.setattr(words.time, "perf_counter", lambda: wall[0])
    budget = words.Budget(100)
    for _ in range(50):
        with budget:
            wall[0] += 60  # other processes have the machine
    with budget:
        cpu[0] += 60  # a collection of garbage, say
    for _ in range(3):
        with budget:
            cpu[0] += 0.2
    with pytest.raises(words.PatternTimeoutError), budget:
        cpu[0] += 0.2


def test_a_rule_that_is_slow_on_every_turn_runs_out_of_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(words.time, "thread_time", lambda: clock[0])
    monkeypatch.setattr(words.time, "perf_counter", lambda: clock[0])
    budget, quick_enough = words.Budget(100), 2 * round(words.BUDGET_S / 0.2)

    def slow_turns(count: int) -> None:
        for _ in range(count):
            with budget:
                clock[0] += 0.2

    slow_turns(quick_enough // 2)
    with pytest.raises(words.PatternTimeoutError):
        slow_turns(quick_enough)


def test_a_search_that_a_pause_broke_off_is_made_once_more_and_a_slow_one_is_told() -> None:
    asked: list[int] = []

    def search(slow: int) -> str:
        asked.append(slow)
        if len(asked) <= slow:
            raise TimeoutError
        return "found"

    assert words.in_time(lambda: search(1), "x") == "found"
    assert len(asked) == 2
    asked.clear()
    with pytest.raises(words.PatternTimeoutError, match="a slow one"):
        words.in_time(lambda: search(9), "a slow one")
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("pattern", "at"), [("(?R)?a+b", 0), ("(?P<n>a(?&n)?b?)+c", 7), ("(a(?1)?)+b", 2), ("x(?P>n)(?P<n>a)", 1)]
)
def test_a_pattern_that_calls_itself_is_refused_before_it_takes_all_memory(
    tmp_path: Path, pattern: str, at: int
) -> None:
    plain = folder(tmp_path / "plain", rule({"select": {"x": {"regex": [r"x\(?R\)"]}}}))
    load_packs(plain)
    root = folder(tmp_path / "own", rule({"select": {"x": {"regex": [pattern]}}}))
    with pytest.raises(RuleError, match="calls itself") as refused:
        load_packs(root)
    written = (root / "house" / "h-1.yaml").read_text(encoding="utf-8").splitlines()
    assert written[(refused.value.line or 0) - 1][(refused.value.column or 0) - 1 :].startswith(pattern[at:])


@pytest.mark.parametrize(
    ("pattern", "at"),
    [
        ("pay{100000000}", 4),
        (r"pay.{2,1001}now", 7),
        (r"\[a{99999999,}\]", 4),
        (r"[{2}]a{,5000}b", 8),
        ("(?:(?:pay{1000}){1000}){1000}", 16),
        ("(?:a|(?:pay{90,100})b{3}c){200,}", 26),
    ],
)
def test_a_pattern_of_too_many_rounds_is_refused_before_it_takes_all_memory(
    tmp_path: Path, pattern: str, at: int
) -> None:
    plain = folder(
        tmp_path / "plain",
        rule(
            {
                "select": {
                    "x": {"regex": [r"x{1000}", r"x\{5000\}", "[{5000}]x", "(?:x{100}){100}", "z(?:yx{0,900}){0,90}"]}
                }
            }
        ),
    )
    load_packs(plain)
    root = folder(tmp_path / "own", rule({"select": {"x": {"regex": [pattern]}}}))
    with pytest.raises(RuleError, match="too much memory") as refused:
        load_packs(root)
    written = (root / "house" / "h-1.yaml").read_text(encoding="utf-8").splitlines()
    assert written[(refused.value.line or 0) - 1][(refused.value.column or 0) - 1 :].startswith(pattern[at:])


def test_a_pattern_that_runs_out_of_memory_is_not_assessed() -> None:
    def search() -> None:
        raise MemoryError

    with pytest.raises(words.PatternTimeoutError):
        words.in_time(search, "a pattern")
