"""Words found quickly are the words that are there: against looking for every term in every turn."""

from __future__ import annotations

import random
import sys
from functools import lru_cache
from pathlib import Path

import pytest
import regex

from qa_service.errors import RuleError
from qa_service.records import CallFacts, Role, Signal, Transcript, Turn
from qa_service.rules import source
from qa_service.rules.compiled import Pack
from qa_service.rules.evaluate import Suppressed, evaluate
from qa_service.rules.load import load_packs
from qa_service.rules.nodes import composed
from qa_service.rules.operators.index import Index
from qa_service.rules.operators.lines import Line
from qa_service.rules.operators.patterns import FLAGS, pattern_of
from qa_service.rules.operators.signal import ModelSignal
from qa_service.rules.operators.turns import holds
from qa_service.rules.operators.words import Term, find
from qa_service.rules.stream import is_plain
from qa_service.settings import bundled
from tests.rules.building import folder, judged, rule, said

NOISE = ("，", "。", "?", "\u200b", " ", "ß", "É", "ﬁ", "İ", "1", "\n", "|", "\ufe0f", "Ａ")


@lru_cache(maxsize=1)
def packs() -> tuple[Pack, ...]:
    return tuple(load_packs(bundled("rules")).values())


def sentences() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pack in packs():
        for r in pack.rules:
            texts = (text for e in r.spec.examples for t in e.turns if (text := t.agent or t.customer))
            found.setdefault(r.languages[0], []).extend(texts)
    return found


def varied(language: str, turns: int, seed: int) -> Transcript:
    """Sentences of the examples, joined, cut, shouted and disturbed."""
    chance, known = random.Random(seed), sentences()[language]
    texts = []
    for _ in range(turns):
        text = chance.choice(known) + chance.choice(("", "", "，", ". ")) + chance.choice(("", chance.choice(known)))
        cut = chance.randrange(len(text))
        text = text[:cut] + chance.choice(NOISE) + text[cut:] if chance.random() < 0.3 else text
        texts.append(text.upper() if chance.random() < 0.1 else text)
    sides = (chance.choice(("agent", "customer")) for _ in texts)
    return said(*(f"{side}: {text}" for side, text in zip(sides, texts, strict=True)), language=language)


def told(call: Transcript, seed: int) -> list[Signal]:
    """Signals of a classifier that is right or wrong by chance."""
    chance, labels = random.Random(seed), sorted(labels_asked())
    turns = [turn.index for turn in call.turns]
    return [Signal(turn=chance.choice(turns), label=chance.choice(labels), probability=0.9) for _ in range(40)]


def labels_asked() -> set[str]:
    """What the packs ask a classifier for."""
    asked = (s.operator for p in packs() for r in p.rules for s in r.selections)
    return {operator.label for operator in asked if isinstance(operator, ModelSignal)}


def misses(terms: list[Term], lines: list[Line]) -> list[str]:
    """Terms that are in a turn which the index does not name."""
    seen = Index(terms).scan(lines)
    return [
        f"{term.written} in {line.text}"
        for term in terms
        for at, line in enumerate(lines)
        if not holds(seen.turns(term), at) and list(find(term, line))
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_index_names_every_turn_in_which_a_term_of_the_packs_is(language: str) -> None:
    terms = [
        t for p in packs() for r in p.rules if language in r.languages
        for s in r.selections for t in (*s.terms, *s.excluded)
    ]  # fmt: skip
    lines = [Line(turn.text) for turn in varied(language, 60, 1).turns]
    seen = Index(terms).scan(lines)
    assert sum(seen.turns(t).bit_count() for t in terms) < 0.2 * len(terms) * len(lines)
    assert not misses(terms, lines)


def test_the_index_hears_what_sounds_like_a_phrase_or_a_word_of_a_pattern(tmp_path: Path) -> None:
    select = {
        "a": {"phrases": ["坐牢", "爆通讯录", "打电话给你家人"], "pinyin": True},
        "b": {"regex": ["起诉.{0,3}法院", "(?:列入|拉进)黑名单"], "pinyin": True},
        "c": {"phrases": ["garnish wages", "lawyer"], "phonetic": True},
    }
    root = folder(tmp_path, rule({"select": select, "condition": "a or b or c"}))
    terms = [t for s in load_packs(root)["house"].rules[0].selections for t in s.terms]
    said_so = [
        "你等着做牢吧",
        "抱通讯陆",
        "打电话给你加人",
        "其诉到法院",
        "我要列入黑明单",
        "垃进黑名单",
        "garnesh wages",
        "the lawyar",
        "好的",
    ]
    lines = [Line(text) for text in said_so]
    heard = {at for term in terms for at, line in enumerate(lines) if list(find(term, line))}
    assert len(heard) >= 6
    assert not misses(terms, lines)
    deaf = Index(terms).scan(lines, sound_alike=False)
    assert not any(deaf.turns(term) for term in terms if term.written == "坐牢")


PATTERNS = [
    "ab?c", "a(?:b|c)d", "(?:you|they).{0,4}(?:pay|owe)", "(?=x)xy", "(?!no )pay", "[ab]c", "[^a]bc", "(a)\\1",
    "a{2,3}b", "x*y", "(?:ab)+", "s(?:s|t)", "stra(?:ss|b)e", "ﬁne", "kilo", "\\bi\\b", "Pay", "(?i:pay)", "a|bc|de",
    "no(?:w|t)? pay", "(?:坐|蹲)牢", "[一-三]天", "^pay", "pay$|\\n", "(?<=do )pay", "p.y",
    "(?:a|b)(?:c|d)(?:e|f)(?:g|h)(?:i|j)(?:k|l)",
]  # fmt: skip


def test_a_pattern_matches_only_where_its_literals_are_and_quickly_as_slowly() -> None:
    chance = random.Random(4)
    parts = ["a", "b", "c", "d", "pay", "you", "owe", "ß", "ss", "st", "ﬁ", "fi", "ne", "k",
             "\u212a", "ilo", "i", "İ", "ı", " ", "no ",
             "do ", "x", "y", "坐牢", "一天", "\n", "straße", "strasse", "e", "g", "é", "bc", "s"]  # fmt: skip
    for written in PATTERNS:
        pattern, plain = pattern_of(written), regex.compile(written, FLAGS)
        for _ in range(400):
            text = "".join(chance.choice(parts) for _ in range(chance.randrange(1, 9)))
            expected = [m.span() for m in plain.finditer(text)]
            assert [m.span() for m in pattern.on(plain=is_plain(text)).finditer(text)] == expected
            if expected and is_plain(text) and pattern.required is not None:
                assert any(all(any(w in text for w in words) for words in sets) for sets in pattern.required), written


def test_text_is_plain_where_no_letter_is_a_to_z_in_another_case() -> None:
    for code in range(0x80, sys.maxunicode + 1):
        char = chr(code)
        forms = char.casefold() + char.lower() + char.upper()
        assert is_plain(char) is not any(c.isascii() and c.isalpha() for c in forms), hex(code)


@pytest.mark.parametrize("written", ["a{e<=1}", "[[a]b]", "(?s)a.b", "(?<name>a)b", "\\p{Han}a"])
def test_what_the_parser_may_misread_has_no_literals(written: str) -> None:
    assert pattern_of(written).required is None


def test_all_patterns_that_ship_compile() -> None:
    for pack in packs():
        for term in (t for r in pack.rules for s in r.selections for t in (*s.terms, *s.excluded)):
            assert term.pattern is None or term.pattern.on(plain=True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_findings_are_those_of_looking_everywhere(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``explain`` looks in all turns and at all that a rule names; without the index every term is looked for in every
    turn."""
    facts = CallFacts.model_validate({"direction": "outbound", "callee_role": "debtor"})
    for seed in range(2):
        call = varied(language, 20, seed)
        quick = evaluate(packs(), call, facts, None)
        everywhere: list[Suppressed] = []
        assert evaluate(packs(), call, facts, None, explain=everywhere) == quick
        assert evaluate(packs(), call, CallFacts(), None, explain=[]) == evaluate(packs(), call, CallFacts(), None)
        heard = told(call, seed)
        assert evaluate(packs(), call, facts, None, signals=heard, explain=[]) == evaluate(
            packs(), call, facts, None, signals=heard
        )
        with monkeypatch.context() as patched:
            patched.setattr("qa_service.rules.operators.index.Candidates.turns", lambda self, term: self.everywhere)
            plain: list[Suppressed] = []
            assert evaluate(packs(), call, facts, None, explain=plain) == quick
        assert list(map(str, plain)) == list(map(str, everywhere))


def test_a_call_is_judged_the_same_alone_and_after_others() -> None:
    facts = CallFacts.model_validate({"direction": "outbound", "callee_role": "debtor"})
    calls = [varied(language, 12, seed) for language in ("zh", "en") for seed in (7, 8)]
    alone = [evaluate(packs(), call, facts, None) for call in calls]
    assert [evaluate(packs(), call, facts, None) for call in reversed(calls)] == alone[::-1]


def test_order_of_packs_changes_no_finding() -> None:
    facts = CallFacts.model_validate({"direction": "outbound", "callee_role": "debtor"})
    call = varied("en", 30, 5)
    one, other = (evaluate(order, call, facts, None) for order in (packs(), packs()[::-1]))
    assert set(one.findings) == set(other.findings)
    assert set(one.not_assessed) == set(other.not_assessed)


def test_yaml_is_read_quickly_as_it_is_read_slowly() -> None:
    for path in sorted(bundled("rules").glob("*/*.yaml")):
        text = path.read_text(encoding="utf-8")
        readers = [source._Reader("x"), source._Reader("x")]
        quick, slow = (r.value(composed(text, quickly=q), ()) for r, q in zip(readers, (True, False), strict=True))
        assert quick == slow
        assert readers[0].places == readers[1].places
        assert (readers[0].quoted, readers[0].blocks) == (readers[1].quoted, readers[1].blocks)


@pytest.mark.parametrize("text", ["a: &x b", "a: !t b", "- &x a\n- *x"])
def test_anchors_and_tags_are_refused(text: str) -> None:
    with pytest.raises(RuleError):
        source.parse_source(text, "x.yaml")


def test_a_pattern_slow_on_many_turns_leaves_the_others_their_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_service.rules.operators.words.BUDGET_S", 0.02)
    monkeypatch.setattr("qa_service.rules.operators.words.BUDGET_A_CHARACTER_S", 0.0)
    slow = rule({"select": {"x": {"regex": ["(?:a|b|ab)*(?:a|b|ab)*(?:a|b|ab)*x|zz"]}}})
    other = rule({"select": {"x": {"phrases": ["shut up"]}}}, id="H-2")
    call = said(*["agent: " + "ab" * 25 + " zzx"] * 400, "agent: shut up")
    found = judged(folder(tmp_path, slow, other), call)
    assert [(n.rule_id, n.reason.split(":")[0]) for n in found.not_assessed] == [("H-1", "pattern_timeout")]
    assert [f.rule_id for f in found.findings] == ["H-2"]


def test_work_grows_with_the_text_not_with_its_square(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of Python functions, counted, for one turn of 20,000 and of 40,000 words with an offence in every tenth."""
    root = folder(
        tmp_path,
        rule({"select": {"x": {"phrases": ["idiot"]}, "y": {"regex": ["pay.{0,9}now"]}}, "condition": "x or y"}),
    )
    loaded = list(load_packs(root).values())

    def work(words: int) -> int:
        count = 0

        def seen(frame: object, event: str, _: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        text = "we never said that you should pay it now idiot " * (words // 10)
        call = Transcript.model_validate(
            {**said("agent: x").model_dump(), "turns": (Turn(index=0, role=Role.AGENT, start_s=0, end_s=9, text=text),)}
        )
        sys.setprofile(seen)
        try:
            evaluate(loaded, call, CallFacts(), None)
        finally:
            sys.setprofile(None)
        return count

    work(100)
    assert work(8_000) < 2.6 * work(4_000)
