"""One document for each turn, redacted, with the findings it proves."""

from __future__ import annotations

from datetime import UTC, datetime

from qa_service.records import Severity
from qa_service.search.document import documents
from tests.factories import facts, finding, inspection, turns, unassessable
from tests.search.made import entry


def test_each_turn_is_a_document_with_the_facts_of_its_call() -> None:
    made = documents(entry(inspection(findings=(finding(),))))
    assert [d.turn_index for d in made] == [0, 1, 2]
    first = made[0]
    assert (first.agent_id, first.agent_name, first.team, first.grade) == ("A-201", "周敏", "一组", "A")
    assert first.happened_at == first.started_at == datetime(2026, 11, 17, 1, 30, tzinfo=UTC)
    assert (first.rule_ids, first.severities) == (("CN-COLL-003",), (Severity.CRITICAL,))
    assert (made[1].rule_ids, made[1].call_findings) == ((), (("CN-COLL-003", Severity.CRITICAL),))


def test_the_text_is_redacted() -> None:
    made = documents(entry(inspection(turns=turns("打我幺三八零零幺三八零零零", "好"))))
    assert [d.text for d in made] == ["打我[电话]", "好"]


def test_a_finding_without_turns_goes_where_it_starts_or_to_the_first_turn() -> None:
    at = finding(rule_id="A", turns=(), start_s=5.0, end_s=None)
    whole = finding(rule_id="B", turns=(), start_s=None, end_s=None)
    made = documents(entry(inspection(findings=(at, whole))))
    assert [d.rule_ids for d in made] == [("B",), ("A",), ()]


def test_several_findings_are_named_once_the_gravest_first() -> None:
    several = (finding(severity=Severity.MINOR), finding(), finding(rule_id="X"), finding())
    made = documents(entry(inspection(findings=several)))[0]
    assert (made.rule_ids, made.severities) == (("CN-COLL-003", "X"), (Severity.CRITICAL, Severity.MINOR))


def test_a_call_without_words_has_no_documents() -> None:
    assert documents(entry(None)) == ()
    assert documents(entry(unassessable("C-2"))) == ()
    empty = inspection(turns=(), findings=(finding(turns=()),))
    assert documents(entry(empty)) == ()


def test_a_call_without_a_time_is_ordered_by_when_it_was_received() -> None:
    made = documents(entry(inspection(), call_facts=facts(started_at=None)))[0]
    assert (made.started_at, made.happened_at) == (None, datetime(2026, 11, 18, tzinfo=UTC))
