"""Which turns a condition holds of, told from their tokens; the contract compares it with the definitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from qa_service.search.elastic.cells import Cell, cells, looked_for
from qa_service.search.elastic.turns import Turn, Weights, holds, needed
from qa_service.search.protocol import SearchQuery
from qa_service.search.query import understood
from qa_service.search.streams import streams
from qa_service.search.tree import Node, fact


def turn(text: str, index: int = 0, role: str = "agent") -> dict[str, Any]:
    return {"index": index, "text": text, "facts": [fact("role", role)], **streams(text)._asdict()}


def turns(*texts: str) -> list[dict[str, Any]]:
    return [turn(text, index) for index, text in enumerate(texts)]


def chosen(turns: Sequence[Turn]) -> list[int]:
    return [turn["index"] for turn in turns]


def node(query: str) -> Node:
    return understood(SearchQuery(text=query)).node


@pytest.mark.parametrize(
    ("query", "text", "there"),
    [
        ("单位", "打到你单位去", True),
        ("单位", "单独一个位子", False),
        ("payment", "your payments are late", True),
        ("garnish*", "it is a garnishee order", True),
        ("garnish*", "it is regarnished", False),
        ('"wage garnish*"', "the wage garnishment", True),
        ('"wage garnish*"', "a garnished wage", False),
        ("attorny~", "my attorney called", True),
        ("attorny~", "my attic", False),
        ("pinyin:做牢", "你要坐牢的", True),
        ("pinyin:做牢", "坐你牢", False),
        ("12000", "欠款一万二", True),
        ("欠款 -单位", "欠款还没还", True),
        ("欠款 -单位", "欠款的事告诉单位", False),
        ("单位 OR 学校", "去你学校", True),
        ("role:agent 学校", "去你学校", True),
        ("role:customer 学校", "去你学校", False),
    ],
)
def test_a_condition_holds_where_its_tokens_stand(query: str, text: str, there: bool) -> None:
    (cell,) = cells(node(query))
    assert holds(cell.turn)(turn(text)) is there


def test_the_turns_with_the_rarer_words_are_shown_in_the_order_of_speech() -> None:
    said = turns("钱", "钱 的事", "律师函", "钱", "钱 律师函", "嗯")
    words = looked_for(node("钱 OR 律师函"))
    found = [one for one in said if holds(node("钱 OR 律师函"))(one)]
    assert chosen(Weights(words, said).best(found, 2)) == [2, 4]
    assert chosen(Weights(words, said).best(found, 3)) == [0, 2, 4]
    assert Weights((), ()).best(found, 2) == found[:2]
    assert Weights(words, said).best(found, 9) == found


def test_a_word_that_is_repeated_and_a_shorter_turn_weigh_more() -> None:
    said = turns("你还钱吧好不好", "钱钱钱还不还啊", "钱呢", "嗯")
    assert chosen(Weights(looked_for(node("钱")), said).best(said[:3], 2)) == [1, 2]
    overlapping = turns("好好好", "好好嗯", "嗯嗯嗯")
    assert chosen(Weights(looked_for(node("好好")), overlapping).best(overlapping[:2], 1)) == [0]


def test_only_those_streams_are_asked_for_that_are_read() -> None:
    def streams_of(query: str) -> set[str]:
        read = {"facts", "words", "pairs", "sounds", "likes"}
        return read & {name.removeprefix("turns.") for name in needed(cells(node(query)))}

    assert streams_of("agent:A-1") == set()
    assert streams_of("role:agent") == {"facts"}
    assert streams_of("like~ -role:agent") == {"words", "facts"}
    assert "pairs" in streams_of("单位")
    assert len(streams_of("pinyin:做牢") & {"sounds", "likes"}) == 1
    assert "turns.words" in needed([Cell(node("agent:A-1"), node("agent:A-1"))], looked_for(node("钱")))
