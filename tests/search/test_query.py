"""The query language: what is understood and how, and that nothing typed breaks it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qa_service.errors import ErrorCode, QueryError
from qa_service.records import FindingState, Role, Severity
from qa_service.search.protocol import SearchQuery
from qa_service.search.query import understood
from qa_service.search.streams import marks
from qa_service.search.tree import (
    EVERY,
    And,
    Fact,
    Fuzzy,
    Measure,
    Near,
    Node,
    Not,
    Or,
    Range,
    Sounds,
    Words,
    fact,
    finding_fact,
)
from qa_service.search.written import chosen


def tree(text: str, **filters: object) -> Node:
    asked = understood(SearchQuery.model_validate({"text": text, **filters}))
    assert not asked.nears
    return asked.node


def han(word: str) -> Words:
    return Words(tuple(word))


def of_call(name: str, value: str) -> Fact:
    return Fact(fact(name, value))


def proved(**asked: str) -> Fact:
    """Turns that prove a finding with all of this."""
    return Fact(finding_fact("turn", **asked), of_turn=True)


def held(**asked: str) -> Fact:
    """Calls that have a finding with all of this."""
    return Fact(finding_fact("call", **asked))


def sounds(*syllables: str, near: bool = False) -> Sounds:
    return Sounds(syllables, near)


A201 = of_call("agent", "A-201")
CUSTOMER = Fact(fact("role", "customer"), of_turn=True)
A, B, C = (Words((letter,)) for letter in "abc")
UNDER60 = Range(Measure.SCORE, None, 60.0, True, False)
LAOLAI = ("lao", "lai")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("坐牢", han("坐牢")),
        ("钱", han("钱")),
        ('"坐牢"', han("坐牢")),
        ("起訴", han("起诉")),
        ("ＰＡＹ", Words(("pay",))),
        ("律师函 起诉", And((han("律师函"), han("起诉")))),
        ("律师函　AND　起诉", And((han("律师函"), han("起诉")))),
        ("律师函 OR 起诉", Or((han("律师函"), han("起诉")))),
        ("律师函 OR 起诉 还钱", And((Or((han("律师函"), han("起诉"))), han("还钱")))),
        ("(律师函 OR 起诉) -还钱", And((Or((han("律师函"), han("起诉"))), Not(han("还钱"))))),
        ("（律师函 OR 起诉）", Or((han("律师函"), han("起诉")))),
        ("a (b c)", And((A, B, C))),
        ("a OR (b c)", Or((A, And((B, C))))),
        ("payment NOT lawyer", And((Words(("payment",)), Not(Words(("lawyer",)))))),
        ("-坐牢", Not(han("坐牢"))),
        ("NOT NOT 坐牢", han("坐牢")),
        ('"call my office"', Words(("call", "my", "office"))),
        ("“告诉你单位”", han("告诉你单位")),
        ('"a\\b \\" c"', Words(("a", "b", "c"))),
        ("don't", Words(("dont",))),
        ("follow-up", Words(("follow", "up"))),
        ("再不还，我就", And((han("再不还"), han("我就")))),
        ('"再不还，我就"', han("再不还我就")),
        ("3,000", Words(("3000",))),
        ("一万二", Or((han("一万二"), Words(("12000",))))),
        ("17:30", And((Words(("17",)), Words(("30",))))),
        ("[电话]", han("电话")),
        ("pay - now", And((Words(("pay",)), Words(("now",))))),
        ("a/b\\c?^~+{}<>=!|&;'", And((A, B, C))),
        ("and or not to", And((Words(("and",)), Words(("or",)), Words(("not",)), Words(("to",))))),
        ("TO", Words(("to",))),
        ("坐牢 😀", han("坐牢")),
        ("Agent says: hello", And((Words(("agent",)), Words(("says",)), Words(("hello",))))),
        ("时间:三点", And((han("时间"), han("三点")))),
        ("near (a b)", And((Words(("near",)), A, B))),
        ('"near(a b)"', Words(("near", "a", "b"))),
        ("", Fact(EVERY)),
        ("  ", Fact(EVERY)),
    ],
)
def test_words(text: str, meant: Node) -> None:
    assert tree(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("garnish*", Words(("garnish",), prefix=True)),
        ("garnish＊ a", And((Words(("garnish",), prefix=True), A))),
        ("payments*", Or((Words(("payments",), prefix=True), Words(("payments",))))),
        ('"call my off*"', Words(("call", "my", "off"), prefix=True)),
        ('"call my off"*', Words(("call", "my", "off"), prefix=True)),
        ("坐牢*", han("坐牢")),
        ("微信we*", Words(("微", "信", "we"), prefix=True)),
        ("*a b*c", And((A, B, C))),
        ("paymant~", Fuzzy("paymant", 2)),
        ("word~", Fuzzy("word", 1)),
        ("paymants~1", Fuzzy("paymant", 1)),
        ("WORD～2", Fuzzy("word", 2)),
        ("3~5天", And((Words(("3",)), Words(("5", "天"))))),
        ("大概~5", And((han("大概"), Words(("5",))))),
        ("老赖~", Or((han("老赖"), sounds(*LAOLAI, near=True)))),
        ("“欠款”～", Or((han("欠款"), sounds("qian", "kuan", near=True)))),
        ("张三~", Or((han("张三"), sounds("zan", "san", near=True)))),
        ("pinyin:老赖", Or((han("老赖"), sounds(*LAOLAI)))),
        ("拼音：lao3lai4", sounds(*LAOLAI)),
        ('pinyin:"lǎo lài"', sounds(*LAOLAI)),
        ("pinyin:xian", Or((sounds("xian"), sounds("xi", "an")))),
        ("pinyin:xi'an", sounds("xi", "an")),
        ("pinyin:shangmen~", sounds("san", "men", near=True)),
        ("pinyin:银行", Or((han("银行"), sounds("yin", "hang"), sounds("yin", "xing")))),
        ("pinyin:(老赖 OR zou)", Or((Or((han("老赖"), sounds(*LAOLAI))), sounds("zou")))),
    ],
)
def test_beginnings_slips_and_sounds(text: str, meant: Node) -> None:
    assert tree(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("agent:A-201", A201),
        ("agent: a-201", A201),
        ("坐席：Ａ-２０１", A201),
        ('agent:"A-201"', A201),
        ('team:"A/B \\"组\\""', of_call("team", 'A/B "组"')),
        ('team:"a*"', of_call("team", "a*")),
        ("agent:(A-201 OR A-202)", Or((A201, of_call("agent", "A-202")))),
        ("-agent:A-201", Not(A201)),
        ("agent:-A-201", Not(A201)),
        ("team:一组 role:customer", And((of_call("team", "一组"), CUSTOMER))),
        ("说话人:客户", CUSTOMER),
        ("call:C-1", of_call("call", "C-1")),
        ("产品：信用卡 阶段:M1", And((of_call("product", "信用卡"), of_call("stage", "M1")))),
        ("客群:离职 法域:CN", And((of_call("segment", "离职"), of_call("jurisdiction", "CN")))),
        ("language:中文 grade:F", And((of_call("language", "zh"), of_call("grade", "F")))),
        ("status:无法评估", of_call("status", "not_assessable")),
        ("agent_type:机器人", of_call("agenttype", "robot")),
        ("rule:CN-COLL-003", proved(rule="CN-COLL-003")),
        ("rule:CN-COLL-003 坐牢", And((han("坐牢"), held(rule="CN-COLL-003")))),
        ("rule:CN-COLL-003 pinyin:zuolao", And((sounds("zuo", "lao"), held(rule="CN-COLL-003")))),
        ("rule:CN-COLL-003 -坐牢", And((Not(han("坐牢")), proved(rule="CN-COLL-003")))),
        ("severity:Critical", proved(severity="critical")),
        ("严重程度:严重", proved(severity="critical")),
        ("结论:待复核 要求:CN-THREAT-01", proved(state="needs_review", requirement="CN-THREAT-01")),
        ("score:<60", UNDER60),
        ("分数：≤60分", Range(Measure.SCORE, None, 60.0)),
        ("score: >= 59.5", Range(Measure.SCORE, 59.5, None)),
        ("score:80", Range(Measure.SCORE, 80.0, 80.0)),
        ("score:[60 TO 80}", Range(Measure.SCORE, 60.0, 80.0, True, False)),
        ("score:(<60 OR >90)", Or((UNDER60, Range(Measure.SCORE, 90.0, None, False)))),
        ("-score:<60", Not(UNDER60)),
        ("duration:>5m", Range(Measure.DURATION, 300.0, None, False)),
        ("时长:[60 TO 2分钟]", Range(Measure.DURATION, 60.0, 120.0)),
        ("date:2026-11-17", Range(Measure.DAY, "2026-11-17", "2026-11-17")),
        ("日期:>=2026-11-1", Range(Measure.DAY, "2026-11-01", None)),
        ("date:{2026-11-01 TO *}", Range(Measure.DAY, "2026-11-01", None, False, False)),
        ("date:[2026-11-01 TO 2026-11-30] a", And((Range(Measure.DAY, "2026-11-01", "2026-11-30"), A))),
    ],
)  # fmt: skip
def test_fields(text: str, meant: Node) -> None:
    assert tree(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("rule:R severity:major state:confirmed", proved(rule="R", severity="major", state="confirmed")),
        ("rule:R AND severity:major", proved(rule="R", severity="major")),
        ("(rule:R) (severity:major)", proved(rule="R", severity="major")),
        ("rule:R a severity:major", And((A, held(rule="R", severity="major")))),
        (
            "rule:(R OR S) severity:major",
            Or((proved(rule="R", severity="major"), proved(rule="S", severity="major"))),
        ),
        ("rule:R rule:S", And((proved(rule="R"), proved(rule="S")))),
        ("rule:(R S)", And((proved(rule="R"), proved(rule="S")))),
        (
            "rule:R rule:S severity:major",
            And((proved(rule="R", severity="major"), proved(rule="S", severity="major"))),
        ),
        ("rule:R OR severity:major", Or((proved(rule="R"), proved(severity="major")))),
        ("rule:R -severity:major", And((Not(proved(severity="major")), proved(rule="R")))),
        (
            "(rule:R severity:major) OR (rule:S severity:minor)",
            Or((proved(rule="R", severity="major"), proved(rule="S", severity="minor"))),
        ),
    ],
)
def test_fields_of_findings_side_by_side_ask_for_one_finding(text: str, meant: Node) -> None:
    assert tree(text) == meant


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("near(a b)", Near((A, B))),
        ("near(a b, 10s)", Near((A, B), 10.0)),
        ("near（a，b，10秒）", Near((A, B), 10.0)),
        ("NEAR(a AND b, 2m)", Near((A, B), 120.0)),
        ("before(a b, 2 分钟)", Near((A, B), 120.0, ordered=True)),
        ("before(a b c,3600)", Near((A, B, C), 3600.0, ordered=True)),
        ("near(a 3,000)", Near((A, Words(("3000",))))),
        ("near(a 3,000, 90)", Near((A, Words(("3000",))), 90.0)),
        ('near("a b) c" d* pinyin:zou)', Near((Words(("a", "b", "c")), Words(("d",), True), sounds("zou")))),
        ("near((a OR b) c)", Near((Or((A, B)), C))),
        ("near(a (role:customer b))", Near((A, And((CUSTOMER, B))))),
    ],
)  # fmt: skip
def test_near_and_before(text: str, near: Near) -> None:
    asked = understood(SearchQuery(text=text))
    assert (asked.node, asked.nears, asked.ranked) == (Fact(EVERY), (near,), False)


@pytest.mark.parametrize(
    ("text", "nears", "node"),
    [
        ("near(a b) c", (Near((A, B)), Near((C,))), Fact(EVERY)),
        ("c 坐牢 AND near(a b)", (Near((A, B)), Near((And((C, han("坐牢"))),))), Fact(EVERY)),
        ("near(a b) before(b c)", (Near((A, B)), Near((B, C), ordered=True)), Fact(EVERY)),
        ("near(a b) agent:A-201 -c", (Near((A, B)),), And((A201, Not(C)))),
        ("near(a b) rule:R severity:major", (Near((A, B)),), held(rule="R", severity="major")),
        ("near(a b) score:<60", (Near((A, B)),), UNDER60),
    ],
)  # fmt: skip
def test_what_stands_beside_a_near(text: str, nears: tuple[Near, ...], node: Node) -> None:
    asked = understood(SearchQuery(text=text))
    assert (asked.nears, asked.node) == (nears, node)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ('"unfinished', 0),
        ('钱 "', 2),
        ('"a\\"', 0),
        ("AND", 0),
        ("OR", 0),
        ("NOT", 3),
        ("钱 AND", 5),
        ("OR 钱", 0),
        ("(", 0),
        ("你好)", 2),
        ("()", 1),
        ("(钱", 0),
        ("((钱)", 0),
        ("😀", 0),
        ("！？", 0),
        ('""', 0),
        ("-", 0),
        ("*", 0),
        ("agents:A-201", 0),
        ("钱 foo:bar", 2),
        ("agent:rule:x", 6),
        ("agent:AND", 6),
        ('钱 agent:""', 8),
        ("agent:A-2*", 6),
        ("agent:abc~", 6),
        ("severity:awful", 9),
        ("钱 （role：boss）", 8),
        ("state:(confirmed OR maybe)", 20),
        ("score:good", 6),
        ("score:[80 TO 60]", 6),
        ("score:{60 TO 60]", 6),
        ("钱 score:[60 80]", 8),
        ("score:(<60 OR [1])", 14),
        ("date:明天", 5),
        ("date:2026-13-01", 5),
        ("date:>2026-11-31", 5),
        ("duration:5x", 9),
        ("ok~", 0),
        ('"call my"~', 0),
        ("word~0", 0),
        ("word~3", 0),
        ("off~2", 0),
        ("word~0.5", 4),
        ("pinyin:12", 7),
        ("pinyin:zzz", 7),
        ("near(a)", 0),
        ("钱 near()", 2),
        ("near(a b", 4),
        ("near(a b, 0)", 10),
        ("near(a b, 2h)", 10),
        ("near(a b, 61m)", 10),
        ("near(a b 10s)", 9),
        ("near(a agent:A-201)", 7),
        ("near(a -b)", 7),
        ("near(a near(b c))", 7),
        ("near(a foo:b)", 7),
        ('near(a "b)', 7),
        ("near(a b) OR c", 0),
        ("c OR near(a b)", 5),
        ("NOT near(a b)", 4),
        ("-near(a b)", 1),
        ("(before(a b))", 1),
        ("agent:near(a b)", 6),
        ("near(a b) " * 5, 40),
        ("near(" + "a " * 9 + ")", 0),
        ("x" * 5000, 1000),
        ("钱" * 5000, 1000),
        ("(" * 400 + "钱" + ")" * 400, 12),
        ("NOT " * 200 + "钱", 196),
        (f"rule:({' OR '.join(map(str, range(130)))}) severity:(major OR minor)", None),
    ],
)
def test_what_cannot_be_understood_is_said_with_its_place(text: str, position: int | None) -> None:
    with pytest.raises(QueryError) as refused:
        tree(text)
    wrong = refused.value
    assert wrong.code == ErrorCode.QUERY_INVALID
    assert wrong.hint.endswith(".")
    assert wrong.message.endswith(".")
    assert wrong.position == position
    assert len(wrong.message) < 200


def test_filters_narrow_the_text() -> None:
    got = tree("坐牢", agent_id="A-201", team="一组", product="信用卡", role=Role.CUSTOMER, rule_id="R-1")
    facts = [held(rule="R-1"), A201, of_call("team", "一组"), of_call("product", "信用卡"), CUSTOMER]
    assert got == And((han("坐牢"), *facts))
    assert tree("", severity=Severity.MAJOR) == proved(severity="major")
    assert tree("", agent_id="  ") == Fact(EVERY)
    assert tree("", team="a*") == of_call("team", "a*")


def test_the_days_are_part_of_the_tree() -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 30)
    assert tree("", day_from=first, day_to=last) == Range(Measure.DAY, "2026-11-01", "2026-11-30")
    assert tree("", day_to=last) == Range(Measure.DAY, None, "2026-11-30")


def test_filters_of_findings_ask_for_one_finding_with_those_of_the_text() -> None:
    got = tree("severity:major", rule_id=" R-1 ", requirement="CN-1", state=FindingState.CONFIRMED)
    assert got == proved(rule="R-1", requirement="CN-1", state="confirmed", severity="major")


def test_filters_stand_beside_a_near() -> None:
    asked = understood(SearchQuery(text="near(a b)", role=Role.CUSTOMER, severity=Severity.MAJOR))
    assert asked.node == And((held(severity="major"), CUSTOMER))


@pytest.mark.parametrize(("text", "ranked"), [("a", True), ("pinyin:lao", True), ("-a", False), ("agent:a", False)])
def test_only_words_that_are_looked_for_rank(text: str, ranked: bool) -> None:
    assert understood(SearchQuery(text=text)).ranked is ranked


def test_half_characters_and_nuls_are_dropped() -> None:
    assert tree("坐\ud800牢") == han("坐牢")
    assert tree("坐牢\0agent:A-201") == And((han("坐牢"), A201))


PIECES = (
    "AND", "OR", "NOT", "TO", "near(", "before(", "near（", "(", ")", '"', "'", "-", "+", ":", "agent:",
    "rule:", "role:", "score:", "date:", "pinyin:", "状态：", "*", "^", "~", "~2", "~.", "～", "＊", "\\",
    '\\"', "/", "[", "]", "{", "}", "[1 TO 2]", "<", ">", "=", "<=", "≥", "!", "?", "&&", "||", ",", ", 10s",
    "，10秒", ".", ";", "%", "_", "#", "@", " ", "\t", "\n", "\0", "　", "“", "”", "（", "）", "：", "，", "。",
    "坐牢", "钱", "Pay", "don't", "3,000", "60", "17:30", "2026-11-17", "T10:30", "😀", "\u200b", "e\u0301",
    "\ud800", "words :", "\u2028", "½", "國", "々", "か", "--", "/*", "%s", "$1", "xian", "lu:", "critical",
    "confirmed", "customer",
)  # fmt: skip
SAID = "您好 Pay 坐牢，don't 3,000 一万二 老來 kak"


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=30))
@example('"\\\n"')
@example("a~.")
@example("near(a b)(")
@example('near("a" b, 10s')
@example("score:[1 TO 2](")
def test_nothing_that_is_typed_breaks_the_language(text: str) -> None:
    """Any heap of signs is understood or refused with a place in it; what is understood can be marked."""
    try:
        asked = understood(SearchQuery(text=text))
    except QueryError as refused:
        place = refused.position or 0
    else:
        place = 0
        nodes = (asked.node, *(part for near in asked.nears for part in near.parts))
        assert all(0 <= start < end <= len(SAID) for node in nodes for start, end in marks(SAID, node))
        chosen(text)
    assert 0 <= place <= len(text)


def test_a_text_of_many_readings_is_understood_at_once() -> None:
    """Pinyin that can be divided in thousands of ways, and then not at all."""
    with pytest.raises(QueryError):
        tree(f"pinyin:{'xian' * 200}q")
    either = tree(f"pinyin:{'xian' * 200}")
    assert isinstance(either, Or)
    assert len(either.parts) == 16
