"""Lists of words read letter by letter match what they matched word by word."""

from __future__ import annotations

import pytest
import regex

from qa_service.rules.operators.alternations import with_shared_starts
from qa_service.rules.operators.lines import Line
from tests.rules.test_index import packs, varied


@pytest.mark.parametrize(
    ("written", "rewritten"),
    [
        ("(?:care|card|cut|do)", "(?:(?:c(?:ar(?:e|d)|ut)|do))"),
        ("x(cards|card|cart|car)y", "x(car(?:d(?:s)?|t)?)y"),
        (r"(?:\bto\ be\b|\btoo\b|\bto\b|欠款|欠钱)", r"(?:\bto(?:\ be|o)?\b|欠(?:款|钱))"),
    ],
)
def test_words_with_one_beginning_share_it(written: str, rewritten: str) -> None:
    assert with_shared_starts(written) == rewritten


@pytest.mark.parametrize(
    "written",
    [
        "(?:care|card|cut)",  # too few
        "(car|card|cart|cut)",  # the shorter one is meant to be tried first
        r"(?:\b3\b|3天|4天|5天)",  # one list would be tried before the other
        r"\(a|b|c|d\)", "[(a|b|c|d)]", "[](a|b|c|d)]+", r"[\](a|b|c|d)]+", "(?i)(?:car|Cat|cut|do)",
        "(?x:(?:a b|c d|e f|g h))", r"(?:a\w|b|c|d|e)", "(?<!a|b|c|d)x", "(?P<name>a|b|c|d)",
    ],
)  # fmt: skip
def test_what_is_no_list_of_plain_words_is_left(written: str) -> None:
    assert with_shared_starts(written) == written


@pytest.mark.parametrize("language", ["zh", "en"])
def test_patterns_that_ship_match_as_they_are_written(language: str) -> None:
    lines = [line for turn in varied(language, 120, 4).turns if (line := Line(turn.text)).stream.is_plain]
    selections = [s for p in packs() for r in p.rules if language in r.languages for s in r.selections]
    terms = (t for s in selections for t in (*s.terms, *s.excluded) if not t.cased)
    patterns = {t.pattern.written: t.pattern for t in terms if t.pattern is not None}
    changed = {written: pattern for written, pattern in patterns.items() if with_shared_starts(written) != written}
    assert len(changed) > 100
    for written, pattern in changed.items():
        plain = regex.compile(written, regex.VERSION1)
        for line in lines:
            found, wanted = (list(p.finditer(line.stream.text)) for p in (pattern.quick, plain))
            assert [m.span() for m in found] == [m.span() for m in wanted], (written, line.text)
            assert [m.groups() for m in found] == [m.groups() for m in wanted], (written, line.text)
