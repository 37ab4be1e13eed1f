"""Words that count only with their capitals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_service.errors import RuleError
from qa_service.rules.load import load_packs
from tests.rules.building import folder, judged, rule, said


def found(root: Path, selection: dict[str, Any], text: str) -> list[str]:
    rules = folder(root, rule({"select": {"it": selection}}, status="stable"))
    return [f.quote for f in judged(rules, said(f"agent: {text}")).findings]


@pytest.mark.parametrize(
    ("selection", "text", "quotes"),
    [
        ({"phrases": ["US law"]}, "That is US law, sir", ["US law"]),
        ({"phrases": ["US law"]}, "It is for us law firms", []),
        ({"phrases": ["us"]}, "Call US or us", ["us"]),
        ({"all": ["Will Smith"]}, "I spoke to Will  Smith", ["Will  Smith"]),
        ({"all": ["Will Smith"]}, "he will smith it", []),
        ({"regex": ["\\bWill\\b"]}, "ask Will; he will pay", ["Will"]),
        ({"regex": ["\\bwill\\b"]}, "Will will", ["will"]),
        ({"phrases": ["Will"], "not_phrases": ["ask will"]}, "ask Will", []),  # exclusions ignore case
        ({"phrases": ["ＵＳ"]}, "the US way", ["US"]),
        ({"lexicon": ["rude"]}, "You MORON", []),
        ({"lexicon": ["rude"]}, "You moron", ["moron"]),
    ],
)
def test_case(tmp_path: Path, selection: dict[str, Any], text: str, quotes: list[str]) -> None:
    assert found(tmp_path, selection | {"case": True}, text) == quotes


def test_case_is_ignored_otherwise(tmp_path: Path) -> None:
    assert found(tmp_path, {"phrases": ["Will"]}, "he will pay") == ["will"]


def test_a_pack_that_listens_to_sounds_reads_a_cased_selection_as_written(tmp_path: Path) -> None:
    select = {"select": {"it": {"phrases": ["律师函A"], "case": True}}}
    rules = folder(tmp_path, rule(select, status="stable"), pack={"pinyin": True})
    assert judged(rules, said("agent: 绿师函A", language="zh")).findings == ()
    assert len(judged(rules, said("agent: 律师函A", language="zh")).findings) == 1
    assert judged(rules, said("agent: 律师函a", language="zh")).findings == ()


def test_nor_by_the_phonetic_words_of_the_pack(tmp_path: Path) -> None:
    for case, hits in ((False, 1), (True, 0)):
        select = {"select": {"it": {"phrases": ["garnish"], "case": case}}}
        rules = folder(tmp_path / str(case), rule(select, status="stable"), pack={"phonetic": ["garnish"]})
        assert len(judged(rules, said("agent: we garnich it")).findings) == hits


@pytest.mark.parametrize("other", ["pinyin", "phonetic"])
def test_not_together_with_sounds(tmp_path: Path, other: str) -> None:
    with pytest.raises(RuleError, match="give one"):
        load_packs(folder(tmp_path, rule({"select": {"it": {"phrases": ["US"], "case": True, other: True}}})))


def test_it_is_part_of_what_a_rule_does(tmp_path: Path) -> None:
    hashes = set()
    for case in (None, False, True):
        selection = {"phrases": ["US"]} | ({} if case is None else {"case": case})
        (pack,) = load_packs(folder(tmp_path / str(case), rule({"select": {"it": selection}}))).values()
        hashes.add(pack.rules[0].behaviour_sha256)
    assert len(hashes) == 2
