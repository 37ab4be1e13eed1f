"""What is asked of the server. Whether it finds what it should is for the tests on a real node."""

from __future__ import annotations

import pytest

from qa_service.search.elastic.clause import call_clause, turn_clause
from qa_service.search.tree import And, Fact, Fuzzy, Measure, Node, Not, Or, Range, Sounds, Words

FACT = {"bool": {"filter": [{"term": {"turns.facts": "rolezx"}}]}}


@pytest.mark.parametrize(
    ("node", "clause"),
    [
        (Words(("payments",)), {"term": {"turns.words": "payment"}}),
        (Words(("garnish",), prefix=True), {"prefix": {"turns.words": {"value": "garnish"}}}),
        (Words(("起", "诉", "你")), {"match_phrase": {"turns.pairs": "起·诉 诉·你"}}),
        (Sounds(("lao", "lai")), {"match_phrase": {"turns.sounds": "lao lai"}}),
        (Sounds(("lao", "lai"), near=True), {"match_phrase": {"turns.likes": "lao lai"}}),
        (Fact("rolezx", of_turn=True), FACT),
        (
            And((Words(("a",)), Fact("rolezx", of_turn=True), Not(Words(("b",))))),
            {"bool": {"must": [{"term": {"turns.words": "a"}}, FACT], "must_not": [{"term": {"turns.words": "b"}}]}},
        ),
        (And(()), {"match_all": {}}),
        (Or(()), {"match_none": {}}),
    ],
)
def test_a_condition_on_a_turn(node: Node, clause: object) -> None:
    assert turn_clause(node) == clause


def test_like_words_and_beginnings_are_not_cut_off_at_the_servers_fifty() -> None:
    fuzzy = turn_clause(Fuzzy("payment", 2))["fuzzy"]["turns.words"]
    assert (fuzzy["fuzziness"], fuzzy["transpositions"], fuzzy["rewrite"]) == (2, True, "constant_score")
    begun = turn_clause(Words(("call", "my", "off"), prefix=True))["match_phrase_prefix"]["turns.pairs"]
    assert (begun["query"], begun["max_expansions"]) == ("call·my my·off", 100_000)


def test_a_condition_on_a_call() -> None:
    score = Range(Measure.SCORE, 60.0, None, low_included=False)
    asked = Or((Fact("teamzx"), And((score, Not(Range(Measure.DAY, "2026-11-01", "2026-11-30"))))))
    day = {"range": {"day": {"gte": "2026-11-01", "lte": "2026-11-30"}}}
    both = {"bool": {"must": [{"range": {"score": {"gt": 60.0}}}], "must_not": [day]}}
    assert call_clause(asked) == {"bool": {"should": [{"term": {"facts": "teamzx"}}, both], "minimum_should_match": 1}}
