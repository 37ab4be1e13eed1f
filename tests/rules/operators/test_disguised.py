"""Words hidden by signs, letters and pinyin are found, and nothing else is found otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_service.records import FindingState
from qa_service.rules.operators.disguised import Uncoverer
from qa_service.rules.operators.lines import Line
from tests.rules.building import folder, judged, rule, said

WORDS = ("废物", "垃圾", "王八蛋", "神经病", "通讯录", "弱智", "编一个")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("你就是个废*物", "你就是个废物"),
        ("爆*通*讯*录", "爆通讯录"),
        ("你这个废。物", "你这个废物"),
        ("弄。死。你", "弄死你"),
        ("你这f废w物", "你这废物"),
        ("王八dan", "王八蛋"),
        ("你个Feiwu", "你个废物"),
        ("la ji东西", "垃圾东西"),
        ("神j病", "神经病"),
        ("我弄si你", "我弄死你"),
        # Nothing is hidden: answers, products, names of things, other words
        ("账单还清了。好。谢谢您", None),
        ("您先休息。物业会来", None),
        ("在App里点还款，POS机刷的那笔", None),
        ("您做的B超，A卡尾号一一二二", None),
        ("B一个", None),
        ("Your U-shaped feiwu", None),
    ],
)
def test_what_is_written_out(text: str, read: str | None) -> None:
    found = list(Uncoverer(lambda: WORDS).read([Line(text)]))
    assert [reading.line.text for reading in found] == ([] if read is None else [read])


@pytest.mark.parametrize(
    ("call", "quote"),
    [
        ("agent: 你就是个废*物吧", "废*物"),
        ("agent: 你这f废w物", "废w物"),
        ("agent: 我弄si你", "弄si你"),
        ("agent: 你就是个废物", "废物"),
    ],
)
def test_a_hidden_word_is_found_as_it_was_written(tmp_path: Path, call: str, quote: str) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["废物", "弄死你"]}}}, status="stable"))
    (found,) = judged(root, said(call, language="zh")).findings
    assert (found.quote, found.state) == (quote, FindingState.CONFIRMED)


@pytest.mark.parametrize("call", ["agent: 您的设备报废。物流单收到了吗", "agent: 我不是说您废*物", "customer: 废*物"])
def test_borders_denials_and_sides_hold(tmp_path: Path, call: str) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["废物"]}}}))
    assert judged(root, said(call, language="zh")).findings == ()
