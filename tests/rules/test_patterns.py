"""Patterns that can take for ever are refused before a call meets them; the others are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import regex

from qa_service.rules.checks.pattern_tree import parse, sample
from qa_service.rules.checks.patterns import too_slow
from qa_service.rules.lint import check
from tests.rules.building import folder, rule

FLAGS = regex.VERSION1 | regex.IGNORECASE


@pytest.mark.parametrize("written", ["(a+)+b", "(?:\\w*,?)*x", "pay (?:(?:very )+)+soon", "(?:a|(?:b+))*c"])
def test_repetition_of_a_repetition_is_seen_without_trying(written: str) -> None:
    assert "repeats a repetition" in too_slow(regex.compile(written, FLAGS))


@pytest.mark.parametrize(
    "written",
    [
        "随便(?:你|就|去|你就|去你)*投诉",  # two ways through every 你就
        "(?=(?:no |no no )*x)no",  # in a look ahead
    ],
)
def test_ambiguous_repetition_is_found_by_trying(written: str) -> None:
    assert "works longer than" in too_slow(regex.compile(written, FLAGS))


@pytest.mark.parametrize(
    "written",
    [
        "(?:a+b)+c",
        "(?:你|就|去)*投诉",
        "(?:a++)+b",
        "再不.{0,8}(?:还|付).{0,8}(?:上门|法院)",
        r"\b(?:we|i)(?:'ll| will) (?:\w+ ){0,4}?(?:sue|arrest)\b",
        r"(?<!不)[\p{Han}--[的了]]{2,6}(?:$|\n)",
        "[]a]{12,}x",
    ],
)
def test_sound_pattern_is_left_alone(written: str) -> None:
    assert too_slow(regex.compile(written, FLAGS)) == ""


@pytest.mark.parametrize(
    "written",
    ["再(?:不|别)还{2}", r"(?P<n>a|b)\d{2,4}?[^x]", r"(?i:call) \p{Han}+[一-三]", "a(?#why)b|c", "[[a-z]--[b]]{3}z"],
)
def test_sample_of_a_tree_is_matched_by_its_pattern(written: str) -> None:
    assert regex.fullmatch(written, sample(parse(written)), FLAGS)


def test_check_names_the_pattern_and_the_cue(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"regex": ["fine", "(?:o+)+ bad"]}}}, status="draft"))
    gates = root / "gates" / "en.yaml"
    gates.write_text(gates.read_text(encoding="utf-8").replace("cues:\n", "cues:\n    - (o+)+ said\n", 1), "utf-8")
    slow = [p for p in check(root) if "repeats a repetition" in p.message]
    assert [p.file for p in slow] == ["gates/en.yaml", "house/h-1.yaml"]
    for problem in slow:
        line = (root / problem.file).read_text(encoding="utf-8").splitlines()[problem.line - 1]
        assert line[problem.column - 1 :].startswith(("(o+)+ said", "(?:o+)+ bad", "'(?:o+)+ bad"))
