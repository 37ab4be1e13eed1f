"""Words that run on from one turn into the next of the same speaker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_service.records import FindingState
from qa_service.rules.evaluate import Suppressed
from tests.rules.building import folder, judged, rule, said

BOSS = {"regex": ["打给你.{0,4}领导"], "phrases": ["打到你单位", "call your boss"], "pinyin": True}


def rules(root: Path, **more: Any) -> Path:
    return folder(root, rule({"select": {"it": BOSS | more}}, status="stable"))


def test_a_sentence_cut_by_a_listening_word(tmp_path: Path) -> None:
    call = said(
        "agent: 您好",
        "agent: 你再不还我就打给你",
        ("customer: 嗯", 4.5),
        ("agent: 单位领导", 5.0),
        language="zh",
    )
    (finding,) = judged(rules(tmp_path), call).findings
    assert finding.quote == "打给你 … 单位领导"
    assert finding.turns == (1, 3)
    assert 2.0 < (finding.start_s or 0) < 4.0
    assert 5.0 < (finding.end_s or 0) <= 7.0


def test_whatever_the_other_side_says_meanwhile(tmp_path: Path) -> None:
    call = said("agent: 我就打给你", ("customer: 钱我已经还了", 1.5), ("agent: 单位领导", 3.0), language="zh")
    (finding,) = judged(rules(tmp_path), call).findings
    assert finding.turns == (0, 2)


def test_a_breath(tmp_path: Path) -> None:
    (finding,) = judged(rules(tmp_path), said("agent: Or shall I call your", "agent: boss then?")).findings
    assert (finding.quote, finding.turns) == ("call your … boss", (0, 1))


def test_by_sound(tmp_path: Path) -> None:
    call = said("agent: 我现在打到你", ("customer: 对", 2.1), ("agent: 担为去", 2.5), language="zh")
    (finding,) = judged(rules(tmp_path), call).findings
    assert "“打到你 … 担为” read as “打到你单位”" in finding.reason
    assert (finding.quote, finding.state) == ("打到你 … 担为", FindingState.CONFIRMED)


@pytest.mark.parametrize(
    "lines",
    [
        ("agent: 我就打给你。", "agent: 单位领导会不会接我不知道"),  # the sentence ends
        ("agent: 我就打给你", "customer: 单位领导"),  # somebody else goes on
        ("agent: 我就打给你", ("agent: 单位领导", 9.0)),  # a long pause
        ("unknown: 我就打给你", "unknown: 单位领导"),  # nobody knows whether it is one speaker
    ],
)
def test_no_sentence_at_all(tmp_path: Path, lines: tuple[Any, ...]) -> None:
    assert judged(rules(tmp_path), said(*lines, language="zh")).findings == ()


def test_what_stands_in_one_turn_is_found_once(tmp_path: Path) -> None:
    at_least_two = rules(tmp_path, count=2)
    one = said("agent: 我打给你领导", "agent: 领导说你领导", language="zh")
    assert judged(at_least_two, one).findings == ()


def test_gates_read_both_turns(tmp_path: Path) -> None:
    explain: list[Suppressed] = []
    call = said("agent: 您放心我们不会打给你", ("customer: 嗯", 2.1), ("agent: 单位领导", 2.5), language="zh")
    assert judged(rules(tmp_path), call, explain=explain).findings == ()
    assert [(s.gate, s.turn) for s in explain] == [("negation", 0)]


def test_with_words_of_another_selection_in_one_turn(tmp_path: Path) -> None:
    match = {"select": {"it": BOSS, "more": {"phrases": ["今天不还"]}}, "condition": "it and more"}
    call = said("agent: 今天不还我就打给你", ("customer: 嗯嗯", 2.1), ("agent: 单位领导", 2.5), language="zh")
    (finding,) = judged(folder(tmp_path, rule(match, status="stable")), call).findings
    assert finding.quote == "今天不还我就打给你 … 单位领导"


TOLD = {"phrases": ["告诉你单位", "坐牢", "tell your boss"]}
DENIALS = [
    ("zh", "我们绝对不会", "告诉你单位", "negation"),
    ("zh", "您刚才说有人跟您讲", "坐牢", "quotation"),
    ("en", "we will never ever", "tell your boss", "negation"),
]


@pytest.mark.parametrize("answer", [None, "嗯", "uh-huh"])
@pytest.mark.parametrize(("language", "before", "behind", "gate"), DENIALS)
def test_a_denial_cut_by_a_breath_is_no_accusation(
    tmp_path: Path, language: str, before: str, behind: str, gate: str, answer: str | None
) -> None:
    explain: list[Suppressed] = []
    meanwhile = [(f"customer: {answer}", 2.1)] if answer else []
    call = said(f"agent: {before}", *meanwhile, (f"agent: {behind}", 2.5), language=language)
    root = folder(tmp_path, rule({"select": {"it": TOLD}}))
    assert judged(root, call, explain=explain).findings == ()
    assert [s.gate for s in explain] == [gate]


@pytest.mark.parametrize(
    "lines",
    [
        ("agent: 我们绝对不会。", ("agent: 告诉你单位", 2.5)),  # a sentence ends
        ("agent: 我们绝对不会", ("agent: 告诉你单位", 9.0)),  # much later
        ("agent: 我们绝对不会", ("customer: 你们到底要怎样", 2.1), ("agent: 告诉你单位", 3.0)),  # an answer
        ("customer: 我们绝对不会", ("agent: 告诉你单位", 2.5)),  # somebody else's denial
    ],
)
def test_a_denial_of_another_sentence_clears_nothing(tmp_path: Path, lines: tuple[Any, ...]) -> None:
    root = folder(tmp_path, rule({"select": {"it": TOLD}}))
    assert [f.quote for f in judged(root, said(*lines, language="zh")).findings] == ["告诉你单位"]
