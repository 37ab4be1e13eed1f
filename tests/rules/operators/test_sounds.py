"""Words that were heard right and written as others."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from qa_service.records import CallFacts, Finding, FindingState
from qa_service.rules.evaluate import evaluate
from qa_service.rules.load import load_packs
from qa_service.rules.operators.lines import Line, Misheard, Span
from qa_service.rules.operators.sounds import (
    CONTEXT,
    MOST_VARIANTS,
    TRUSTED_WORD,
    WordsOfPattern,
    in_pattern,
    listening_for,
    makes_sense,
    variants,
)
from qa_service.rules.source import RuleError
from qa_service.text.pinyin import readings, sounds_apart
from tests.rules.building import folder, judged, rule, said


def found(root: Path, selection: dict[str, Any], text: str) -> list[Finding]:
    rules = folder(root, rule({"select": {"it": selection}}, status="stable"))
    return list(judged(rules, said(f"agent: {text}", language="en" if text.isascii() else "zh")).findings)


THREAT = {"regex": ["(?:告诉|通知).{0,4}(?:单位|公司)(?:领导|老板)"], "pinyin": True}


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("我要通知你担为领导", "通知你单位领导"),
        ("我要通之你单位领导", "通知你单位领导"),
        ("我要通之你担为领倒", "通知你单位领导"),
    ],
)
def test_words_inside_a_pattern(tmp_path: Path, text: str, read_as: str) -> None:
    (finding,) = found(tmp_path, THREAT, text)
    heard = text.removeprefix("我要")
    assert (finding.quote, finding.state) == (heard, FindingState.UNVERIFIED)
    assert finding.reason == f"sound_alike: sounds like {read_as}"


@pytest.mark.parametrize("text", ["我要通过你单身领导", "我要统治你大名领导"])
def test_other_sounds_are_other_words(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, THREAT, text) == []


def test_a_pattern_hears_as_written_unless_told_otherwise(tmp_path: Path) -> None:
    assert found(tmp_path, {"regex": THREAT["regex"]}, "我要通知你担为领导") == []


@pytest.mark.parametrize(
    ("selection", "text", "hits"),
    [
        ({"regex": ["(?:坐牢|判刑)"], "pinyin": True}, "你等着做牢", 1),  # 牢 is the same
        ({"regex": ["(?:坐牢|判刑)"], "pinyin": True}, "你等着做劳", 0),
        ({"regex": ["(?:坐牢|判刑).{0,3}三五年"], "pinyin": True}, "你等着做劳个三五年", 1),
        ({"phrases": ["坐牢"], "pinyin": True}, "你等着做牢", 1),
        ({"phrases": ["坐牢"], "pinyin": True}, "你等着做劳", 0),
        ({"regex": ["还.{0,4}打点"], "pinyin": True}, "再不还我就打电话", 0),  # 电话 makes sense as it is
        ({"phrases": ["打点"], "pinyin": True}, "我就打电话", 0),
        ({"phrases": ["真实山"], "pinyin": True}, "怎思三", 0),  # three near sounds: one and a half steps
        ({"phrases": ["真实山"], "pinyin": True}, "怎思山", 1),  # one step
        ({"regex": ["真实山"], "pinyin": True}, "怎思三", 0),
        ({"phrases": ["爆通讯录"], "pinyin": True}, "抱通讯陆", 1),
        ({"regex": ["(?:收到|寄).{0,3}传票"], "pinyin": True}, "你会收到船票", 1),  # a word, but of this place alone
        ({"regex": ["起诉?书[状]"], "pinyin": True}, "其书状", 0),  # 诉 may be left out: 起 alone is no word
        ({"regex": ["[起诉]{2}"], "pinyin": True}, "其素", 0),
    ],
)
def test_two_syllables_need_something_that_speaks_for_them(
    tmp_path: Path, selection: dict[str, Any], text: str, hits: int
) -> None:
    assert len(found(tmp_path, selection, text)) == hits


def test_three_syllables_can_be_trusted_inside_a_longer_match(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, {"regex": ["给您发.{0,2}律师函"], "pinyin": True}, "给您发个绿师函")
    assert finding.state is FindingState.CONFIRMED
    assert finding.reason == "sound_alike: “给您发个绿师函” read as “给您发个律师函”"


def test_near_sounds_cost_and_three_syllables_bear_two(tmp_path: Path) -> None:
    lawyer = {"regex": ["律师函"], "pinyin": True}
    assert found(tmp_path, lawyer, "给您发绿斯函")  # shi, si: near
    assert found(tmp_path, lawyer, "给您发律司汉")
    assert not found(tmp_path, lawyer, "给您发绿色函")
    assert not found(
        tmp_path, {"regex": ["录音停"], "pinyin": True}, "通话录音请知悉"
    )  # another initial is another word


def test_a_filter_of_a_listening_pack_hears_as_written(tmp_path: Path) -> None:
    match = {"select": {"it": {"phrases": ["律师函"]}, "filter_no": {"phrases": ["不会"]}}}
    root = folder(tmp_path, rule(match), pack={"pinyin": True})
    assert judged(root, said("agent: 发律师函你回不回", language="zh")).findings


def test_the_whole_can_be_switched_off(tmp_path: Path) -> None:
    packs = list(load_packs(folder(tmp_path, rule({"select": {"it": THREAT}}))).values())
    call = said("agent: 我要通知你担为领导", "agent: 我要通知你单位领导", language="zh")
    hits = {alike: evaluate(packs, call, CallFacts(), None, sound_alike=alike).findings for alike in (True, False)}
    assert [f.turns for f in hits[True]] == [(0,), (1,)]
    assert [f.turns for f in hits[False]] == [(1,)]


def test_a_pack_may_listen_to_sounds_everywhere_but_where_a_selection_says_no(tmp_path: Path) -> None:
    selections = {"a": {"phrases": ["律师函"]}, "b": {"phrases": ["律师函"], "pinyin": False}}
    call = said("agent: 绿师函", language="zh")
    for name, hits in (("a", 1), ("b", 0)):
        root = folder(tmp_path / name, rule({"select": {"it": selections[name]}}), pack={"pinyin": True})
        assert len(judged(root, call).findings) == hits


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("we will garnishee your wages", FindingState.UNVERIFIED),
        ("the bailifs are coming", FindingState.UNVERIFIED),
        ("we send the bailifs in", FindingState.CONFIRMED),
        ("call the pollice", FindingState.UNVERIFIED),
        ("we will varnish your wages", None),
        ("we will punish you", None),
        ("you can believe me", None),
        ("would you please pay", None),
        ("one of my beliefs", None),
        ("a question on the label", None),
        ("I have created an account", None),
    ],
)
def test_english_words_by_their_sound(tmp_path: Path, text: str, state: FindingState | None) -> None:
    """Most words sound like an ordinary one by their consonants: please, police. A word alone is for a person."""
    phrases = ["garnish", "bailiffs", "send the bailiffs", "police", "lawyer", "liable", "credit"]
    got = found(tmp_path, {"phrases": phrases, "phonetic": True}, text)
    assert [f.state for f in got] == ([state] if state else [])


def test_what_is_written_as_meant_is_not_heard_as_something_else(tmp_path: Path) -> None:
    """Patterns that list a mishearing beside the word itself: the word counts, and is trusted."""
    select = {"regex": ["准备去做老", "(?:去|要)坐牢"], "pinyin": True}
    (finding,) = found(tmp_path, select, "你准备去坐牢吧")
    assert (finding.quote, finding.state, finding.reason) == ("去坐牢", FindingState.CONFIRMED, "")


@pytest.mark.parametrize("many", [False, True])
def test_what_is_found_by_the_first_two_sounds_is_what_a_look_at_every_place_finds(many: bool) -> None:
    words = ["坐牢", "通知单位", "律师函", "银行", "起诉你", "老板"] + (
        ["四十四", "姐姐", "再说一遍", "师傅"] if many else []
    )
    turn = "我要做老,通之担为,率师含,银航的老班,起宿你,还有十四是四十五,蛇傅,再所一边"
    line = Line(turn)
    looked: list[tuple[int, str, float]] = []
    for i in range(len(line.syllables)):
        for word in sorted(words):
            for sounds in readings(word):
                heard = line.plain[i : i + len(sounds)]
                start = line.syllables[i].start
                written = line.stream.text[start : start + len(word)]
                if (
                    len(heard) < len(sounds)
                    or written == word
                    or line.syllables[i + len(word) - 1].end != start + len(word)
                ):
                    continue
                apart = [sounds_apart(a, b) for a, b in zip(heard, sounds, strict=True)]
                if max(apart) <= 0.5:
                    looked.append((start, word, sum(apart)))
    found = [(h.start, h.word, h.steps) for h in listening_for(words).heard(line)]
    assert found
    assert set(found) <= set(looked)
    assert found == [hit for hit in looked if hit in found]
    for start, word, steps in set(looked) - set(found):  # too far in all, or part of a usual word
        most = {2: 0.0, 3: 1.0}.get(len(word), len(word) / 4)
        assert steps > most or (len(word) <= 3 and makes_sense(line.stream.text, start, word))


LISTED = {"phonetic": ["garnish", "garnishment", "bailiff", "subpoena"]}
WAGES = {"regex": [r"\b(?:garnish\w*|seize) (?:all )?(?:of )?your (?:wages|salary)"], "phrases": ["the bailiff"]}


@pytest.mark.parametrize(
    ("text", "quote", "read_as"),
    [
        ("So we'll garnich your wages, sir.", "garnich your wages", "garnish your wages"),
        ("Sir, we will garnnish, your salary", "garnnish, your salary", "garnish your salary"),
        ("Fine. Then the bayliff comes, and the bayliff stays.", "the bayliff", "the bailiff"),
        ("A subpena, and we garnich all of your wages", "garnich all of your wages", "garnish all of your wages"),
    ],
)
def test_a_pack_lists_words_that_its_patterns_know_by_their_sound(
    tmp_path: Path, text: str, quote: str, read_as: str
) -> None:
    rules = folder(tmp_path, rule({"select": {"it": WAGES}}, status="stable"), pack=LISTED)
    (finding,) = judged(rules, said(f"agent: {text}")).findings
    assert (finding.quote, finding.state) == (quote, FindingState.CONFIRMED)
    assert f"read as “{read_as}”" in finding.reason


def test_a_turn_of_nothing_but_misheard_words_takes_little_time(tmp_path: Path) -> None:
    select = {"it": {"phrases": ["garnish"], "not_regex": ["bailiff.{0,9}x"]}}
    rules = folder(tmp_path, rule({"select": select}), pack=LISTED)
    call = said(f"agent: {'garnich ' * 8000}")
    began = time.process_time()
    assert len(judged(rules, call).findings) == 1
    assert time.process_time() - began < 5


@pytest.mark.parametrize("text", ["We'll varnish your wages", "We garner your wages", "It's the belief", "the bill of"])
def test_other_words_are_not_put_right(tmp_path: Path, text: str) -> None:
    rules = folder(tmp_path, rule({"select": {"it": WAGES}}, status="stable"), pack=LISTED)
    assert judged(rules, said(f"agent: {text}")).findings == ()


def test_a_pack_without_a_list_reads_as_written(tmp_path: Path) -> None:
    assert found(tmp_path, WAGES, "We'll garnich your wages") == []


def test_the_list_is_part_of_what_a_rule_does(tmp_path: Path) -> None:
    """Only for rules that have one of its words; the others keep their version."""
    hashes: dict[bool, dict[str, str]] = {}
    for listed in (False, True):
        other = rule({"select": {"it": {"phrases": ["good morning"]}}}, id="H-2")
        root = folder(tmp_path / str(listed), rule({"select": {"it": WAGES}}), other, pack=LISTED if listed else {})
        hashes[listed] = {r.id: r.behaviour_sha256 for p in load_packs(root).values() for r in p.rules}
    assert hashes[True]["H-1"] != hashes[False]["H-1"]
    assert hashes[True]["H-2"] == hashes[False]["H-2"]


@pytest.mark.parametrize("word", ["pay", "garnish wages", "Bailiff", "送达"])
def test_only_long_english_words_can_be_listed(tmp_path: Path, word: str) -> None:
    with pytest.raises(RuleError, match="phonetic"):
        load_packs(folder(tmp_path, rule({"select": {"it": WAGES}}), pack={"phonetic": [word]}))


def plain_variants(heard: list[Misheard]) -> list[list[Misheard]]:
    """Each hit held against each that was taken before it."""
    ordered = sorted(heard, key=lambda h: (h.steps, -(h.end - h.start), h.start))
    together: list[Misheard] = []
    for hit in ordered:
        if all(hit.end <= other.start or other.end <= hit.start for other in together):
            together.append(hit)
    alone = [[h] for h in ordered if h not in together][: MOST_VARIANTS - 1]
    return [together, *alone] if together else alone


def plain_spans(pattern: regex.Pattern[str], heard: list[Misheard], line: Line) -> list[Span]:
    """Each match held against each word that was put right."""
    seen: dict[tuple[int, int], Span] = {}
    for chosen in plain_variants(heard):
        text = line.stream.text
        for hit in chosen:
            text = text[: hit.start] + hit.word + text[hit.end :]
        for match in pattern.finditer(text):
            inside = [h for h in chosen if h.start < match.end() and match.start() < h.end]
            if inside and match.span() not in seen and all(plainly_sure(h, match, line) for h in inside):
                sure = all(h.end - h.start >= TRUSTED_WORD for h in inside)
                heard_as = text[match.start() : match.end()].strip()
                seen[match.span()] = Span(match.start(), match.end(), heard_as=heard_as, sure=sure)
    return list(seen.values())


def plainly_sure(hit: Misheard, match: regex.Match[str], line: Line) -> bool:
    same = set(zip(line.stream.text[hit.start : hit.end], hit.word, strict=True))
    around = sum("\u3400" <= c <= "\u9fff" for c in match.group()) - 2
    return hit.end - hit.start > 2 or any(a == b for a, b in same) or around >= CONTEXT


PATTERNS = (
    "(?:告诉|通知).{0,4}(?:单位|公司)(?:领导|老板)",
    "坐牢|判刑",
    "通知单位|知单|单位领导",
    "(?=坐牢)|通知",
    ".{0,3}坐牢.{0,3}",
)


@settings(max_examples=300, deadline=None)
@given(
    written=st.sampled_from(PATTERNS),
    text=st.lists(st.sampled_from([*"通统知之单担位为领岭导倒坐做牢劳判盼刑行你，"]), min_size=2, max_size=60).map(
        "".join
    ),
)
def test_words_are_put_right_as_in_the_plain_way(written: str, text: str) -> None:
    pattern, words, line = regex.compile(written), WordsOfPattern(written).words, Line(text)
    assert list(in_pattern(pattern, words, line, 5.0)) == plain_spans(pattern, words.heard(line), line)


@given(
    st.lists(
        st.builds(
            lambda start, size, steps: Misheard(start, start + size, "词" * size, steps),
            st.integers(0, 30), st.integers(2, 4), st.sampled_from([0.0, 0.5, 1.0]),
        ),
        max_size=30,
    )
)  # fmt: skip
def test_words_beside_each_other_are_those_of_the_plain_way(heard: list[Misheard]) -> None:
    assert [sorted(chosen) for chosen in plain_variants(heard)] == list(map(list, variants(heard)))


def test_words_of_a_very_long_turn_are_put_right_in_time() -> None:
    """Each against each would be ten thousand million comparisons."""
    heard = [Misheard(i, i + 2, "坐牢", 0.0) for i in range(0, 200_000, 2)]
    began = time.process_time()
    assert [len(chosen) for chosen in variants(heard)] == [100_000]
    assert time.process_time() - began < 10
