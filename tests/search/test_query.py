"""The query language: what is understood and how, and that nothing typed breaks it."""

from __future__ import annotations

import random
import sqlite3

import pytest

from qa_service.errors import ErrorCode, QueryError
from qa_service.records import Role, Severity
from qa_service.search.elastic import clause
from qa_service.search.fts import expression
from qa_service.search.protocol import SearchQuery
from qa_service.search.query import understood
from qa_service.search.tree import EVERY, And, Fact, Node, Not, Or, Words, fact


def tree(text: str, **filters: object) -> Node:
    return understood(SearchQuery.model_validate({"text": text, **filters}))


def han(word: str) -> Words:
    return Words(tuple(word))


A201 = Fact(fact("agent", "A-201"))


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
        ("payment NOT lawyer", And((Words(("payment",)), Not(Words(("lawyer",)))))),
        ("-坐牢", Not(han("坐牢"))),
        ("NOT NOT 坐牢", han("坐牢")),
        ('"call my office"', Words(("call", "my", "office"))),
        ("“告诉你单位”", han("告诉你单位")),
        ("don't", Words(("dont",))),
        ("follow-up", Words(("follow", "up"))),
        ("再不还，我就", And((han("再不还"), han("我就")))),
        ('"再不还，我就"', han("再不还我就")),
        ("3,000", Words(("3000",))),
        ("17:30", And((Words(("17",)), Words(("30",))))),
        ("[电话]", han("电话")),
        ("pay - now", And((Words(("pay",)), Words(("now",))))),
        ("a/b\\c*?^~+{}<>=!|&;'", And((Words(("a",)), Words(("b",)), Words(("c",))))),
        ('NEAR("a b"', None),
        ("and or not to", And((Words(("and",)), Words(("or",)), Words(("not",)), Words(("to",))))),
        ("TO", Words(("to",))),
        ("坐牢 😀", han("坐牢")),
        ("agent:A-201", A201),
        ("agent: a-201", A201),
        ("坐席：Ａ-２０１", A201),
        ('agent:"A-201"', A201),
        ("agent:(A-201 OR A-202)", Or((A201, Fact(fact("agent", "A-202"))))),
        ("-agent:A-201", Not(A201)),
        ("agent:-A-201", Not(A201)),
        ("team:一组 role:customer", And((Fact(fact("team", "一组")), Fact(fact("role", "customer"))))),
        ("说话人:客户", Fact(fact("role", "customer"))),
        ("call:C-1", Fact(fact("call", "C-1"))),
        ("rule:CN-COLL-003", Fact(fact("turnrule", "CN-COLL-003"))),
        ("rule:CN-COLL-003 坐牢", And((Fact(fact("callrule", "CN-COLL-003")), han("坐牢")))),
        ("rule:CN-COLL-003 -坐牢", And((Fact(fact("turnrule", "CN-COLL-003")), Not(han("坐牢"))))),
        ("severity:Critical", Fact(fact("turnseverity", "critical"))),
        ("严重程度:严重", Fact(fact("turnseverity", "critical"))),
        ("时间:三点", And((han("时间"), han("三点")))),
        ("Agent says: hello", And((Words(("agent",)), Words(("says",)), Words(("hello",))))),
        ("", Fact(EVERY)),
        ("  ", Fact(EVERY)),
    ],
)
def test_what_a_text_means(text: str, meant: Node | None) -> None:
    if meant is None:
        with pytest.raises(QueryError):
            tree(text)
    else:
        assert tree(text) == meant


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ('"unfinished', 0),
        ('钱 "', 2),
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
        ("agent:rule:x", None),
        ("agent:AND", 6),
        ("severity:awful", None),
        ("role:boss", None),
        ("x" * 5000, 1000),
        ("钱" * 5000, 1000),
        ("(" * 400 + "钱" + ")" * 400, 12),
        ("NOT " * 200 + "钱", None),
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
    got = tree("坐牢", agent_id="A-201", team="一组", role=Role.AGENT, rule_id="R-1")
    facts = [fact("agent", "A-201"), fact("team", "一组"), fact("role", "agent"), fact("callrule", "R-1")]
    assert got == And((han("坐牢"), *map(Fact, facts)))
    assert tree("", severity=Severity.MAJOR) == Fact(fact("turnseverity", "major"))


def test_rule_and_severity_together_ask_for_one_finding() -> None:
    assert tree("", rule_id="R-1", severity=Severity.MAJOR) == Fact(fact("turnfinding", "R-1 major"))


def test_half_characters_and_nuls_are_dropped() -> None:
    assert tree("坐\ud800牢") == han("坐牢")
    assert tree("坐牢\0agent:A-201") == And((han("坐牢"), A201))


PIECES = (
    "AND", "OR", "NOT", "NEAR", "(", ")", '"', "'", "-", "+", ":", "agent:", "rule:", "role:", "*", "^", "~", "\\", "/",
    "[", "]", "{", "}", "<", ">", "=", "!", "?", "&&", "||", ",", ".", ";", "%", "_", "#", "@", " ", "\t",
    "\n", "\0", "　",
    "“", "”", "（", "）", "：", "，", "。", "坐牢", "钱", "Pay", "don't", "3,000", "17:30", "T10:30", "TO",
    "😀", "\u200b",
    "e\u0301", "\ud800", "words :", "facts", "\u2028", "½", "國", "--", "/*", "%s", "$1",
)  # fmt: skip


def test_nothing_that_is_typed_breaks_the_language_or_the_index() -> None:
    """Any heap of signs is understood or refused, and what is understood is an expression that SQLite takes."""
    chance = random.Random(11)
    table = sqlite3.connect(":memory:")
    table.execute("CREATE VIRTUAL TABLE spoken USING fts5(words, pairs, facts, tokenize = 'ascii')")
    fine = 0
    for _ in range(8000):
        text = "".join(chance.choices(PIECES, k=chance.randint(1, 14)))
        try:
            meant = tree(text)
        except QueryError:
            continue
        fine += 1
        assert clause(meant)
        table.execute("SELECT rowid, bm25(spoken) FROM spoken WHERE spoken MATCH ?", (expression(meant),)).fetchall()
    assert fine > 500


@pytest.mark.parametrize("joint", [" ", " OR ", " AND ", " -", " OR -"])
def test_a_query_as_long_as_may_be_is_an_expression_that_sqlite_takes(joint: str) -> None:
    table = sqlite3.connect(":memory:")
    table.execute("CREATE VIRTUAL TABLE spoken USING fts5(words, pairs, facts, tokenize = 'ascii')")
    for text in (joint.join(["a"] * (1000 // (len(joint) + 1))), "钱" * 1000, "(" * 11 + "-(a OR b)" + ")" * 11):
        table.execute("SELECT rowid FROM spoken WHERE spoken MATCH ?", (expression(tree(text)),)).fetchall()


def test_deep_queries_are_expressions_that_sqlite_takes() -> None:
    table = sqlite3.connect(":memory:")
    table.execute("CREATE VIRTUAL TABLE spoken USING fts5(words, pairs, facts, tokenize = 'ascii')")
    for opening in ("(a OR b AND -(c ", "-(a ", "(a OR -(b AND "):
        depth = 12 // opening.count("(")
        text = opening * depth + "z" + ")" * (depth * opening.count("("))
        table.execute("SELECT rowid FROM spoken WHERE spoken MATCH ?", (expression(tree(text)),)).fetchall()
