"""Some of the words, where no turn has them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_service.search.embedded import EmbeddedIndex
from qa_service.search.protocol import EVERYTHING, Access, SearchQuery
from qa_service.search.relaxed import loosened, search
from tests.search.made import call


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("法院 传票", '("法院" OR "传票")'),
        ("转账到卡", '("转账" OR "账到" OR "到卡")'),
        ("bailiffs Thursday", '("bailiffs" OR "thursday")'),
        ("bailiffs 周四 agent:A-201", '("bailiffs" OR "周四") agent:A-201'),
        ("法院 传票 -律师", '("法院" OR "传票") -律师'),
        ("钱 还款", '("钱" OR "还款")'),
        ("还款wechat转", '("还款" OR "wechat" OR "转")'),
    ],
)
def test_plain_words_are_loosened_and_the_rest_stays(text: str, wanted: str) -> None:
    assert loosened(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "律师",
        "钱",
        "payment",
        '"法院 传票"',
        "法院 OR 传票",
        "near(法院 传票)",
        "pinyin:老赖 单位",
        "agent:A-201",
        "law* 传票",
    ],
)
def test_what_is_asked_exactly_or_is_one_word_is_not(text: str) -> None:
    assert loosened(text) is None


def test_some_of_the_words_are_found_only_where_no_turn_has_all(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path / "i.sqlite3") as index:
        index.write([call("法院那边已经通知", "传票寄到了", call_id="C-1"), call("法院的传票", call_id="C-2")])
        both = search(index, SearchQuery(text="法院 传票"), EVERYTHING)
        assert ([c.call_id for c in both.calls], both.relaxed) == (["C-2"], None)
        some = search(index, SearchQuery(text="法院 通知 恐龙"), EVERYTHING)
        assert some.calls[0].call_id == "C-1"
        assert (some.relaxed, some.next) == ('("法院" OR "通知" OR "恐龙")', None)
        nothing = search(index, SearchQuery(text="恐龙 侏罗"), EVERYTHING)
        assert (nothing.total_calls, nothing.relaxed) == (0, None)
        outside = search(index, SearchQuery(text="法院 通知 恐龙"), Access(teams=frozenset({"九组"})))
        assert outside.total_calls == 0


def test_stages_can_be_typed(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path / "i.sqlite3") as index:
        made = call("您好", call_id="C-1").model_copy(update={"stage": "M2–M3"})
        index.write([made, call("您好", call_id="C-2").model_copy(update={"stage": "M6+"})])
        for text, wanted in (
            ("stage:M2-M3", "C-1"),
            ("stage:M6+", "C-2"),
            ("阶段:m6", "C-2"),
            ('stage:"M2–M3"', "C-1"),
        ):
            assert [c.call_id for c in index.search(SearchQuery(text=text), EVERYTHING).calls] == [wanted], text
