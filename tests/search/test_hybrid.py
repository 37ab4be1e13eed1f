"""Words and meaning together: ranks are joined, not scores."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from qa_service.errors import NotFoundError
from qa_service.records import Role
from qa_service.search.hybrid import apart, fused, hybrid, like_turn
from qa_service.search.protocol import (
    EVERYTHING,
    Access,
    CallHit,
    SearchIndex,
    SearchQuery,
    SearchResults,
    TurnHit,
)
from qa_service.search.query import understood
from tests.factories import DAY


def turn(index: int, *marks: tuple[int, int]) -> TurnHit:
    return TurnHit(
        turn_index=index, start_s=index, end_s=index + 1, at_s=index, role=Role.AGENT, text="…", highlights=marks
    )


def ranked(*calls: str, **changes: object) -> SearchResults:
    """Calls in this order, each written "ID:turn,turn"."""
    hits = []
    for call in calls:
        call_id, _, numbers = call.partition(":")
        turns = tuple(turn(int(n)) for n in (numbers or "0").split(","))
        hits.append(CallHit(call_id=call_id, day=DAY, turns=turns, matches=len(turns), relevance=99.0))
    base = SearchResults(calls=tuple(hits), total_calls=len(hits), total_turns=len(hits), next="more")
    return base.model_copy(update=changes)


def ids(results: SearchResults) -> list[str]:
    return [call.call_id for call in results.calls]


def test_a_call_in_both_rankings_comes_before_the_first_of_either() -> None:
    found, _ = fused(ranked("a", "b", "c"), ranked("d", "c", "e"), SearchQuery())
    assert ids(found) == ["c", "a", "d", "b", "e"]
    assert [call.relevance for call in found.calls[:2]] == pytest.approx([1 / 63 + 1 / 62, 1 / 61])
    assert (found.total_calls, found.exact, found.next) == (5, False, None)


def test_meaning_that_adds_no_call_leaves_the_totals() -> None:
    found, _ = fused(ranked("a", "b", total_calls=70, total_turns=90), ranked("b"), SearchQuery())
    assert ids(found) == ["b", "a"]
    assert (found.total_calls, found.total_turns, found.exact) == (70, 90, True)


def test_no_more_calls_and_turns_than_asked_for() -> None:
    found, by_meaning = fused(ranked("a:1,5,9", "b"), ranked("a:2,5,7", "c"), SearchQuery(limit=2, turns=3))
    assert ids(found) == ["a", "b"]
    assert [t.turn_index for t in found.calls[0].turns] == [1, 2, 5]
    assert by_meaning == {("a", 2)}


def test_a_turn_found_both_ways_keeps_its_marks() -> None:
    marked = ranked("a:3")
    call = marked.calls[0].model_copy(update={"turns": (turn(3, (0, 1)),)})
    found, by_meaning = fused(marked.model_copy(update={"calls": (call,)}), ranked("a:3"), SearchQuery())
    assert found.calls[0].turns == (turn(3, (0, 1)),)
    assert not by_meaning


@pytest.mark.parametrize(
    ("text", "words", "rest"),
    [
        ("告诉你家里人", "告诉你家里人", ""),
        ('"call my office" payment*', "call my office payment", ""),
        ("agent:A-201 威胁 -律师函", "威胁", "agent:A-201 -律师函"),
        ('team:"A/B 组" 起诉 NOT "律师函 了"', "起诉", 'team:"A/B 组" NOT "律师函 了"'),
        ("date:[2026-11-01 TO 2026-11-30] score:<60 单位~", "单位", "date:[2026-11-01 TO 2026-11-30] score:<60"),
        ("role:(agent OR customer) AND (单位 电话)", "单位 电话", "role:(agent OR customer)"),
        ("near(单位 电话, 10s) role:agent", "单位 电话", "role:agent"),
        ("pinyin:老赖 班组：一组", "老赖", "班组：一组"),
        ("A-201 (律师函 OR 起诉)", "A-201 律师函 起诉", ""),
        ("(agent:A-1 OR 威胁) 单位", "威胁 单位", "agent:A-1 OR 威胁"),
        ("(律师函 OR (起诉 -不)) 单位", "律师函 起诉 单位", "律师函 OR (起诉 -不)"),
        ("agent:A-1 -role:agent", "", "agent:A-1 -role:agent"),
    ],
)
def test_a_query_is_told_apart(text: str, words: str, rest: str) -> None:
    assert apart(text) == (words, rest)
    if rest:
        assert understood(SearchQuery(text=rest))


class Two:
    """An index with an answer for words and one for meaning; notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, Access]] = []

    def search(self, query: SearchQuery, access: Access) -> SearchResults:
        self.asked.append((query.text, query.limit, access))
        return ranked("a", "b")

    def vector(self, call_id: str, turn_index: int) -> bytes | None:
        return {"a": b"v" if turn_index == 0 else b"V"}.get(call_id)

    def similar(self, vector: bytes, query: SearchQuery, access: Access) -> SearchResults:
        self.asked.append((f"{vector.decode()}/{query.text}", query.limit, access))
        return ranked("c", "a:0,4", "b")


def texts_as_vectors(texts: Iterable[str]) -> list[bytes]:
    return [text.encode() for text in texts]


def test_both_kinds_are_asked_within_the_same_bounds() -> None:
    index, bound = Two(), Access(teams=frozenset({"一组"}))
    real: SearchIndex = index  # type: ignore[assignment]
    found = hybrid(real, texts_as_vectors, SearchQuery(text="威胁 role:agent", limit=2), bound)
    assert ids(found.results) == ["a", "b"]
    assert index.asked == [("威胁 role:agent", 100, bound), ("威胁/role:agent", 100, bound)]
    assert found.by_meaning == {("a", 4)}
    only_fields = hybrid(real, texts_as_vectors, SearchQuery(text="role:agent", after="x"), EVERYTHING)
    assert only_fields.results.next == "more"


def test_the_like_of_a_turn_is_not_itself() -> None:
    index: SearchIndex = Two()  # type: ignore[assignment]
    found = like_turn(index, "a", 0, SearchQuery(text="x", limit=3), EVERYTHING)
    assert [(c.call_id, [t.turn_index for t in c.turns], c.matches) for c in found.calls] == [
        ("c", [0], 1),
        ("b", [0], 1),
        ("a", [4], 1),
    ]
    assert found.calls[2].relevance == pytest.approx(1.0)  # of turn 4, not 99.0 of the turn itself
    assert ids(like_turn(index, "a", 0, SearchQuery(text="x", limit=2), EVERYTHING)) == ["c", "b"]
    with pytest.raises(NotFoundError):
        like_turn(index, "b", 0, SearchQuery(), EVERYTHING)
