"""Hesitations inside a phrase hide it no longer, and nothing else is found or judged otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_service.records import FindingState
from qa_service.rules.operators.fluent import fluent
from qa_service.rules.operators.lines import Line
from tests.rules.building import folder, judged, rule, said


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("再不还就打,嗯,电话给你单位", "再不还就打电话给你单位"),
        ("打电话给呃你单位", "打电话给你单位"),
        ("打电话,那个,呃,给你单位", "打电话给你单位"),
        ("We'll, you know, garnish, um, your wages", "We'll garnish your wages"),
        ("we will uh garnish it", "we will garnish it"),
        ("打给那个单位,额度不够,好啊你等着", None),
        ("嗯,好的。呃。那个,你等着", None),
        ("I like you, well done, her umbrella", None),
        ("Um, hello. Uh, yes", None),
    ],
)
def test_what_is_left_out(text: str, read: str | None) -> None:
    found = list(fluent([Line(text)]))
    assert [reading.line.text for reading in found] == ([] if read is None else [read])


@pytest.mark.parametrize(
    ("call", "quote"),
    [
        ("agent: 你再不还我就打电话给,嗯,你单位", "打电话给,嗯,你单位"),
        ("agent: 我打电话,那个,给呃你单位说", "打电话,那个,给呃你单位"),
        ("agent: we will, you know, tell uh your boss", "tell uh your boss"),
        ("agent: 打电话给你单位", "打电话给你单位"),
    ],
)
def test_a_hesitation_inside_a_phrase_does_not_hide_it(tmp_path: Path, call: str, quote: str) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["打电话给你单位", "tell your boss"]}}}, status="stable"))
    (found,) = judged(root, said(call, language="zh" if "给" in call else "en")).findings
    assert (found.quote, found.state) == (quote, FindingState.CONFIRMED)


def test_a_denial_holds_over_a_hesitation(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["tell your boss"]}}}))
    assert judged(root, said("agent: we will not, um, tell, you know, your boss")).findings == ()
