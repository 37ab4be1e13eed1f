"""Resemblance, entities and what a classifier says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_service.records import CallFacts, Evaluation, FindingState, Signal, Transcript
from qa_service.rules.evaluate import Suppressed, evaluate
from qa_service.rules.load import load_packs
from tests.rules.building import folder, judged, rule, said


def one(root: Path, selection: dict[str, Any], **more: Any) -> Path:
    return folder(root, rule({"select": {"it": selection}}, **more))


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("我们会把您的情况告诉您单位领导", True),
        ("您的情况我们会告诉单位领导的", True),  # another order
        ("我们会把您的情况高速您单位领导", True),  # sounds the same
        ("我们会把您的账单发到您邮箱", False),
    ],
)
def test_resemblance_in_mandarin(tmp_path: Path, text: str, hit: bool) -> None:
    root = one(tmp_path, {"similar": {"to": ["我们会把您的情况告诉您单位的领导"], "at_least": 0.6}}, status="stable")
    found = judged(root, said(f"agent: {text}", language="zh")).findings
    assert [(f.state, f.reason.split(":")[0]) for f in found] == [(FindingState.NEEDS_REVIEW, "similar")] * hit


def test_words_beside_a_resemblance_confirm(tmp_path: Path) -> None:
    match = {"select": {"alike": {"similar": {"to": ["we will tell your boss"]}}, "boss": {"phrases": ["your boss"]}}}
    either = folder(tmp_path, rule({**match, "condition": "alike or boss"}, status="stable"))
    (finding,) = judged(either, said("agent: we will tell your boss")).findings
    assert finding.state is FindingState.CONFIRMED


@pytest.mark.parametrize(
    ("kind", "text", "quote"),
    [
        ("phone", "call me on 212-555-0134 please", "212-555-0134"),
        ("phone", "我的电话是幺三八零零幺三八零零零", "幺三八零零幺三八零零零"),
        ("amount", "您还欠六千四百二十元", "六千四百二十元"),
        ("amount", "you owe $1,250.50 today", "$1,250.50"),
        ("amount", "that is twelve hundred dollars", "twelve hundred dollars"),
        ("percent", "利息百分之二十四", "百分之二十四"),
        ("date", "十一月十八号之前", "十一月十八号"),
        ("date", "by March 3rd at the latest", "March 3rd"),
        ("time", "下午三点半给您打", "下午三点半"),
        ("time", "call at 10:30 am", "10:30 am"),
        ("duration", "逾期十八天了", "十八天"),
        ("duration", "in six months", "six months"),
    ],
)
def test_entities(tmp_path: Path, kind: str, text: str, quote: str) -> None:
    root = one(tmp_path, {"entity": {"kind": [kind]}})
    language = "en" if text.isascii() else "zh"
    (finding,) = judged(root, said(f"agent: {text}", language=language)).findings
    assert finding.quote == quote


@pytest.mark.parametrize(
    "text", ["我想跟您了解一下情况", "有一点请您理解", "one of us will call", "no number here", "我给您三分钟也没用"]
)
def test_no_amounts_where_none_are(tmp_path: Path, text: str) -> None:
    root = one(tmp_path, {"entity": {"kind": ["amount", "percent", "phone", "id", "card", "date", "time"]}})
    assert judged(root, said(f"agent: {text}", language="en" if text.isascii() else "zh")).findings == ()


def test_two_kinds_of_entity_are_two_terms(tmp_path: Path) -> None:
    root = one(tmp_path, {"entity": {"kind": ["amount", "date"]}, "at_least": 2})
    assert judged(root, said("agent: pay $50 by March 3rd")).findings
    assert not judged(root, said("agent: pay $50 or $60")).findings


CALL = said("agent: your whole village will know", "customer: please stop", "agent: all right")


def signalled(root: Path, call: Transcript, *signals: Signal) -> Evaluation:
    return evaluate(list(load_packs(root).values()), call, CallFacts(), None, signals=signals)


def test_a_signal_alone_is_for_a_person_to_decide(tmp_path: Path) -> None:
    root = one(tmp_path, {"signal": {"label": "threat_soft", "at_least": 0.8}}, status="stable")
    sure = [Signal(turn=i, label="threat_soft", probability=p) for i, p in ((0, 0.93), (1, 0.99), (2, 0.4))]
    (finding,) = signalled(root, CALL, *sure).findings
    assert (finding.turns, finding.state) == ((0,), FindingState.NEEDS_REVIEW)
    assert finding.reason == "model_only: threat_soft 0.93"
    assert signalled(root, CALL, Signal(turn=0, label="insult", probability=0.9)).findings == ()


def test_words_are_judged_where_no_classifier_ran(tmp_path: Path) -> None:
    match = {"select": {"words": {"phrases": ["whole village"]}, "model": {"signal": {"label": "threat_soft"}}}}
    root = folder(tmp_path, rule({**match, "condition": "any of (words, model)"}, status="stable"))
    assert judged(root, CALL).findings[0].state is FindingState.CONFIRMED
    assert judged(root, said("agent: good morning")).not_assessed[0].reason.startswith("missing_signals")
    assert signalled(root, said("agent: good morning")).not_assessed == ()


ALIKE = {"similar": {"to": ["我会把这件事告诉您单位的领导", "I am going to tell your boss about it"], "at_least": 0.55}}


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("我们绝对不会把这件事告诉您单位的领导", "negation"),
        ("不会把这件事告诉您单位的领导", "negation"),
        ("您刚才说我会把这件事告诉您单位的领导", "quotation"),
        ("I am not going to tell your boss about it", "negation"),
        ("You said I am going to tell your boss about it", "quotation"),
        ("我会把这件事告诉您单位的领导", ""),
        ("I'm going to tell your boss about it", ""),
    ],
)
def test_gates_hold_back_what_only_resembles(tmp_path: Path, text: str, gate: str) -> None:
    root = one(tmp_path, ALIKE, status="stable")
    explain: list[Suppressed] = []
    language = "en" if text.isascii() else "zh"
    found = judged(root, said(f"agent: {text}", language=language), explain=explain).findings
    assert [e.gate for e in explain] == ([gate] if gate else [])
    assert [f.gates for f in found] == ([] if gate else [("speaker", "quotation", "negation")])


def test_a_denial_that_an_example_asks_for_is_found(tmp_path: Path) -> None:
    root = one(tmp_path, {"similar": {"to": ["我们不会给您任何分期方案"], "at_least": 0.6}}, status="stable")
    assert judged(root, said("agent: 我们不会给您分期方案的", language="zh")).findings
