"""The clock leaves out calls for near(), and never one in which it holds."""

from __future__ import annotations

import random
from typing import Any

import pytest

from qa_service.search.document import CallDocument
from qa_service.search.elastic.clock import MOST_LATE, RATE, REST, bound, clock
from qa_service.search.protocol import EVERYTHING, SearchQuery
from qa_service.search.query import understood
from qa_service.search.tree import Near
from tests.search.contract.corpus import corpus
from tests.search.contract.queries import QUERIES
from tests.search.made import call
from tests.search.oracle import expected


def near(text: str) -> Near:
    (found,) = understood(SearchQuery(text=text)).nears
    return found


def rules(text: str) -> list[list[str]] | None:
    """The words of each part that the server looks for."""
    asked = bound(near(text))
    if asked is None:
        return None
    return [sorted(words) for words in sought(asked)]


def sought(asked: dict[str, Any]) -> list[set[str]]:
    parts = asked["bool"]["should"][0]["intervals"]["clock"]["all_of"]["intervals"]
    either = [part.get("any_of", {"intervals": [part]})["intervals"] for part in parts]
    return [{rule["match"]["query"] for rule in each} for each in either]


def within(asked: dict[str, Any], line: str) -> bool:
    """As the server's intervals do: for some place of each part, the smallest window has no more gaps than allowed."""
    told = asked["bool"]["should"][0]["intervals"]["clock"]["all_of"]
    places = [[at for at, word in enumerate(line.split()) if word in words] for words in sought(asked)]
    if not all(places):
        return False
    starts = sorted(at for part in places for at in part)
    reach = told["max_gaps"] + len(places)
    return any(all(any(low <= at < low + reach for at in part) for part in places) for low in starts)


def test_words_stand_at_their_moment_with_rests_between() -> None:
    words = str(clock(call("你好", "call me"))).split()  # 0 to 3 s and 4 to 7 s
    assert words[0] == "你·好"
    assert words.index("call") == 4 * RATE
    assert words[1 : 4 * RATE] == [REST] * (4 * RATE - 1)
    assert words[-1] == "me"


def test_a_call_whose_words_do_not_fit_has_no_clock() -> None:
    calm = call("你好你好")
    hasty = [turn.model_copy(update={"text": "啊" * 5 * MOST_LATE, "end_s": 0.5}) for turn in calm.turns]
    late = [turn.model_copy(update={"start_s": 1e9, "end_s": 1e9 + 3}) for turn in calm.turns]
    assert clock(calm) is not None
    for turns in (hasty, late):
        assert clock(calm.model_copy(update={"turns": tuple(turns)})) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("near(单位 电话, 5s)", [["单·位"], ["电·话"]]),
        ("before(核实身份 payments, 5s)", [["核·实"], ["payment"]]),
        ("near((单位 OR 公司) 电话, 5s)", [["单·位", "公·司"], ["电·话"]] ),
        ("near((role:agent 单位) 电话, 5s)", [["单·位"], ["电·话"]]),
        ("near(单位 电话 pinyin:老赖, 5s)", [["单·位"], ["电·话"]]),
        ("near(单位 电话)", None),
        ("near(钱 电话, 5s)", None),
        ("near(attorny~ call, 5s)", None),
        ("near(garnish* call, 5s)", None),
        ("near((role:agent OR 单位) 电话, 5s)", None),
    ],
)  # fmt: skip
def test_each_place_of_a_part_begins_with_one_of_its_words(text: str, words: list[list[str]] | None) -> None:
    assert rules(text) == (words and [sorted(part) for part in words])


def test_no_call_is_left_out_in_which_a_near_holds() -> None:
    """Over all nears of the contract, and pairs of words of the corpus itself."""
    calls = {made.call_id: made for made in corpus()}
    chance = random.Random(5)
    texts = [text for text in QUERIES if "near(" in text or "before(" in text]
    spoken = [turn.text for made in corpus() for turn in made.turns if turn.text[:2].isalnum()]
    for _ in range(300):
        one, other = (at[:2] for at in chance.sample(spoken, 2))
        texts.append(f'near("{one}" "{other}", {chance.choice((1, 3, 10, 60))}s)')
    told = held = 0
    for text in texts:
        for condition in filter(None, map(bound, understood(SearchQuery(text=text)).nears)):
            told += 1
            for found in expected(SearchQuery(text=text), EVERYTHING, corpus()).turns:
                held += 1
                line = clock(calls[found])
                assert line is None or within(condition, line), (text, found)
    assert told > 50
    assert held > 50


def test_the_bound_leaves_out_calls_in_which_the_words_are_far_apart() -> None:
    far: CallDocument = call("单位", *["嗯"] * 9, "电话")
    condition = bound(near("near(单位 电话, 5s)"))
    assert condition
    assert not within(condition, str(clock(far)))
    assert within(bound(near("near(单位 电话, 50s)")) or {}, str(clock(far)))
