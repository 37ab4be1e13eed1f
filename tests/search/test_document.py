"""A call is one document: its facts and findings, and its turns, redacted, with the findings they prove."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from qa_service.records import FindingState, Severity
from qa_service.search.document import DIMENSIONS, document, redacted
from qa_service.search.vectors import MOST_CHARACTERS, with_vectors
from tests.factories import facts, finding, inspection, turns, unassessable
from tests.search.made import entry, mark


def test_a_document_has_the_facts_of_its_call_and_each_turn_what_it_proves() -> None:
    made = document(entry(inspection(findings=(finding(),))), stage="M2")
    assert made is not None
    assert (made.agent_id, made.agent_name, made.team, made.product, made.stage) == (
        "A-201",
        "周敏",
        "一组",
        "信用卡",
        "M2",
    )
    assert made.happened_at == made.started_at == datetime(2026, 11, 17, 1, 30, tzinfo=UTC)
    proved = (mark("CN-COLL-003", Severity.CRITICAL, FindingState.CONFIRMED, "CN-THIRD-03"),)
    assert (made.findings, [turn.index for turn in made.turns]) == (proved, [0, 1, 2])
    assert [turn.findings for turn in made.turns] == [proved, (), ()]


def test_the_text_is_redacted_and_vectors_are_of_the_redacted_texts() -> None:
    said = inspection(turns=turns("打我幺三八零零幺三八零零零", "好"))
    assert redacted(said) == ("打我[电话]", "好")
    made = document(entry(said))
    assert made is not None
    asked: list[str] = []

    def embedder(texts: Iterable[str]) -> list[bytes]:
        asked.extend(texts)
        return [bytes([n]) * DIMENSIONS for n in range(len(asked))]

    (meant,) = with_vectors([made], embedder)
    assert asked == [turn.text for turn in meant.turns] == ["打我[电话]", "好"]
    assert [turn.vector[0] for turn in meant.turns] == [0, 1]


def test_a_number_told_over_several_turns_goes_with_short_answers_between() -> None:
    said = turns("And the code we texted you?", "Hang on.", "Sure.", "It's six six, oh two.", "Yes.", "Nine one.")
    left = redacted(inspection(turns=said))
    assert left == ("And the code we texted you?", "Hang on.", "Sure.", "It's [secret].", "Yes.", "[secret].")
    card = ("The long number?", "four five three nine", "Yep.", "double oh seven seven", "Okay.")
    assert redacted(inspection(turns=turns(*card, "one two double oh, three three four nine")))[-1] == "[card]"


def test_what_was_said_long_before_tells_nothing_of_a_number() -> None:
    said = ("And the three digits on the back?", *["I see what you mean, one moment."] * 9, "nine two one")
    assert redacted(inspection(turns=turns(*said)))[-1] == "nine two one"


def test_a_finding_without_turns_goes_where_it_starts_or_to_the_first_turn() -> None:
    at = finding(rule_id="A", turns=(), start_s=5.0, end_s=None)
    whole = finding(rule_id="B", turns=(), start_s=None, end_s=None)
    made = document(entry(inspection(findings=(at, whole))))
    assert made is not None
    assert [[m.rule_id for m in turn.findings] for turn in made.turns] == [["B"], ["A"], []]


def test_several_findings_are_named_once_the_gravest_first() -> None:
    several = (finding(severity=Severity.MINOR), finding(), finding(rule_id="X"), finding())
    made = document(entry(inspection(findings=several)))
    assert made is not None
    assert (made.rule_ids, made.severities) == (("CN-COLL-003", "X"), (Severity.CRITICAL, Severity.MINOR))
    assert len(made.turns[0].findings) == 3


def test_a_call_without_an_inspection_has_no_document_and_one_without_words_no_turns() -> None:
    assert document(entry(None)) is None
    silent = document(entry(unassessable("C-2")))
    assert silent is not None
    assert (silent.turns, silent.status) == ((), "not_assessable")


def test_a_call_without_a_time_is_ordered_by_when_it_was_received() -> None:
    made = document(entry(inspection(), call_facts=facts(started_at=None)))
    assert made is not None
    assert (made.started_at, made.happened_at) == (None, datetime(2026, 11, 18, tzinfo=UTC))


def test_a_call_that_is_too_long_has_no_vectors_and_holds_up_no_other() -> None:
    asked: list[str] = []

    def embedder(texts: Iterable[str]) -> list[bytes]:
        asked.extend(texts)
        return [bytes(DIMENSIONS) for _ in asked]

    made = (document(entry(inspection(turns=turns(text)))) for text in ("好" * (MOST_CHARACTERS + 1), "嗯"))
    long, short = with_vectors([one for one in made if one], embedder)
    assert asked == ["嗯"]
    assert (long.turns[0].vector, short.turns[0].vector) == (b"", bytes(DIMENSIONS))
