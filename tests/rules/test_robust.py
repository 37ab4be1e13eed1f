"""Texts that nobody says but somebody will send, and properties that must hold whatever is said."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from qa_service.records import CallFacts, Evaluation, Role, Transcript, Turn
from qa_service.rules.compiled import Pack
from qa_service.rules.evaluate import evaluate
from qa_service.rules.load import load_packs
from qa_service.rules.operators.lines import Line
from qa_service.rules.operators.words import find
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


def test_order_of_rules_changes_no_finding(packs: list[Pack]) -> None:
    call = said(*LINES, language="zh")
    expected = verdict(packs, call)
    assert expected.findings
    for seed in range(5):
        rules = list(packs[0].rules)
        random.Random(seed).shuffle(rules)
        shuffled = Pack(packs[0].spec, tuple(rules), packs[0].parameters, packs[0].cues, packs[0].info)
        found = verdict([shuffled], call)
        assert found.findings == expected.findings
        assert set(found.not_assessed) == set(expected.not_assessed)


def test_a_last_turn_of_the_customer_changes_no_finding_on_the_agent(packs: list[Pack]) -> None:
    call = said(*LINES, language="zh")
    more = Turn(index=len(LINES), role=Role.CUSTOMER, start_s=40, end_s=42, text="你个王八蛋等着坐牢吧")
    longer = call.model_copy(update={"turns": (*call.turns, more), "duration_s": 42.0})
    assert verdict(packs, longer).findings == verdict(packs, call).findings


@pytest.mark.parametrize(
    "insult", ["废\u200b物", "废\u2060\ufeff物", "廢 物", "废,物", "废\u00ad物", "废\ufe0f物", "废、物"]
)
def test_invisible_characters_do_not_hide_an_insult(tmp_path: Path, insult: str) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["废物"]}}}))
    assert judged(root, said(f"agent: 你这个{insult}", language="zh")).findings


def test_unpaired_surrogates_are_read_over(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["shut up"]}}}))
    assert judged(root, said("agent: \ud800shut\udfff up")).findings


@pytest.mark.timeout(60)
def test_very_long_turn_and_very_many_turns_end(packs: list[Pack]) -> None:
    long = said("agent: " + "好的我们这边帮您登记一下" * 8_000, language="zh")
    assert verdict(packs, long) is not None
    many = said(*["agent: 好的我们这边帮您登记一下", "customer: 嗯我知道了谢谢"] * 1000, language="zh")
    assert verdict(packs, many) is not None


def test_the_quick_look_at_many_turns_misses_nothing() -> None:
    """Every term that is found in a turn alone may be in that turn among others."""
    rules = [rule for pack in load_packs(bundled("rules")).values() for rule in pack.rules]
    texts = [text for r in rules for e in r.spec.examples for t in e.turns if (text := t.agent or t.customer or "")]
    random.Random(1).shuffle(texts)
    lines = [Line(text) for text in texts]
    terms = [term for r in rules for s in r.selections for term in s.terms if term.phrase or term.anywhere]
    groups = [lines[i : i + 12] for i in range(0, len(lines), 12)]
    found = 0
    for group in groups[:60]:
        joined = "\n".join(line.stream.text for line in group)
        for term in terms:
            if not may_be_in(term, joined):
                assert not any(list(find(term, line)) for line in group), term.written
            else:
                found += 1
    assert found
