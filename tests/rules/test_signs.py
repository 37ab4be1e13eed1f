"""Mistakes of somebody who types Chinese, or knows other languages: told as what they are, where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_service.errors import RuleError
from qa_service.rules.load import load_packs
from tests.rules.building import folder

GOOD = """\
id: H-1
title: 一条规则
version: 1
status: draft
severity: major
match:
  select:
    night: {phrases: [半夜, 凌晨]}
    filter_asked: {phrases: [您让我们]}
  condition: night and not filter_*
score: {deduct: 15, once: true}
message: 夜间
"""


def refused(root: Path, text: str) -> RuleError:
    folder(root)
    (root / "house" / "h-1.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_packs(root)
    return caught.value


def test_the_rule_is_sound(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "house" / "h-1.yaml").write_text(GOOD, encoding="utf-8")
    load_packs(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "says"),
    [
        ("severity: major", "severity：major", 5, 9, "full-width colon"),
        ("severity: major", "severity： major", 5, 9, "full-width colon"),
        ("id: H-1", "id：H-1", 1, 3, "full-width colon"),
        ("match:", "match：", 6, 6, "full-width colon"),
        ("night: {", "night： {", 8, 10, "full-width colon"),
        ("night: {phrases: ", "night: {phrases：", 8, 20, "full-width colon"),
        ("deduct: 15, once", "deduct: 15，once", 11, 19, "full-width comma"),
        ("{phrases: [半夜, 凌晨]}", "｛phrases: [半夜, 凌晨]｝", 8, 12, "full-width brace"),
        ("severity: major", "severity:major", 5, 9, "a space is missing"),
        ("severity: major", "severity:\u00a0major", 5, 10, "U+00A0"),
        ("    night", "   \u3000night", 8, 4, "U+3000"),
        ("[半夜, 凌晨]", "[半夜，凌晨]", 8, 23, "'，' does not part"),
        ("[半夜, 凌晨]", "[更, 半夜、凌晨]", 8, 26, "'、' does not part"),
        ("night and not", "night && not", 10, 20, "Write `and`"),
        ("night and not", "night AND not", 10, 20, "Write `and`"),
        ("night and not", "night 且 not", 10, 20, "Write `and`"),
        ("night and not", "（night and not", 10, 14, "Write `(`"),
        ("title:", "applies_to: {facts: overdue_days = 3}\ntitle:", 2, 34, "Write `==`"),
        ("[半夜, 凌晨]", "半夜", 8, 22, "[半夜]"),
        ("[半夜, 凌晨]", "[]", 8, 22, "the list is empty"),
        ("id: H-1", "id: h-1", 1, 5, "capitals"),
        ("version: 1", "version: '1'", 3, 10, "without quotes"),
        ("once: true", "once: ture", 11, 27, "true or false"),
        ("severity: major", "severity: majr", 5, 11, "Did you mean `major`"),
        ("  condition", "  within: 2\n  condition", 10, 11, "{key: value}"),
    ],
)
def test_a_slip_is_named_at_its_place(tmp_path: Path, old: str, new: str, line: int, column: int, says: str) -> None:
    assert old in GOOD
    wrong = refused(tmp_path, GOOD.replace(old, new, 1))
    assert says in str(wrong)
    assert (wrong.line, wrong.column) == (line, column)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[半夜, 凌晨]", "['半夜，凌晨']"),
        ("title: 一条规则", "title: 他说：半夜，凌晨"),
        ("message: 夜间", "description: >-\n  note：半夜，凌晨\nmessage: 夜间"),
        ("phrases: [半夜, 凌晨]", "regex: ['半夜(?:，|、)?凌晨', 三更]"),
    ],
)
def test_full_width_signs_in_words_are_words(tmp_path: Path, old: str, new: str) -> None:
    folder(tmp_path)
    (tmp_path / "house" / "h-1.yaml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    load_packs(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("message: 夜间", "description: |\n  note：半夜\n wrong: 1\nmessage: 夜间", 14),
        ("{phrases: [半夜, 凌晨]}", "\n      phrases:\n        - urn:night\n       x: 1", 11),
        ("message: 夜间", "message: '夜, note：间\n'x", 13),
    ],
)
def test_a_sign_within_words_is_not_blamed_for_another_slip(tmp_path: Path, old: str, new: str, line: int) -> None:
    assert old in GOOD
    wrong = refused(tmp_path, GOOD.replace(old, new, 1))
    assert "full-width" not in str(wrong)
    assert "space is missing" not in str(wrong)
    assert wrong.line in (line, line - 1)
