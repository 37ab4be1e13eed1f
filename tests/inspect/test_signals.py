"""What the classifier tells goes through the rules and into the inspection, and is kept."""

from __future__ import annotations

import pytest

from qa_service.inspect.labels_out import rows_of
from qa_service.inspect.pipeline import Inspector
from qa_service.inspect.trial import trial
from qa_service.records import CallEntry, CallFacts, CallState, FindingState, Inspection
from qa_service.settings import Settings
from tests.classify.fakes import classifier
from tests.factories import DAY, NOW, transcript

#: Of a requirement a label's turn is told too, too weakly to be asked about by itself.
SECONDED = {"天冷": ("threat_violence", 3.0), "冷": ("CN-THREAT-01", -1.0), "废": ("CN-ABUSE-01", -1.0)}
WORDS = {**SECONDED, "废物": ("insult", 3.0), "登记": ("resolution_offer", 2.0)}
CN = CallFacts(jurisdiction="CN", language="zh")


def inspect(settings: Settings, *texts: str) -> Inspection:
    made, _ = classifier(WORDS)
    return Inspector(settings, classifier=made).inspect_transcript(transcript(*texts), CN, call_id="C-1")


def by_model(found: Inspection) -> list[str]:
    return [f.rule_id for f in found.findings if f.reason.startswith("model_only")]


def test_what_the_model_alone_tells_asks_a_person(settings: Settings) -> None:
    found = inspect(settings, "您好,我是恒信的", "什么事", "晚上路过你那边,天冷")
    (finding,) = [f for f in found.findings if f.rule_id == "CN-COLL-M-VIOLENCE"]
    assert (finding.state, finding.turns, finding.deduct) == (FindingState.NEEDS_REVIEW, (2,), 0.0)
    assert finding.reason.startswith("model_only: threat_violence 0.95 (“")
    assert "天冷" in finding.reason
    assert found.made_by is not None
    assert found.made_by.classifier is not None
    assert found.made_by.classifier.name == "words"


def test_a_label_that_no_requirement_seconds_asks_nobody(settings: Settings) -> None:
    made, _ = classifier({"天冷": ("threat_violence", 3.0)})
    said = transcript("您好,我是恒信的", "什么事", "晚上路过你那边,天冷")
    found = Inspector(settings, classifier=made).inspect_transcript(said, CN, call_id="C-1")
    assert by_model(found) == []
    assert [s.label for s in found.signals or () if s.told] == ["threat_violence"]  # it is kept, and can be searched


def test_words_that_are_found_leave_the_model_nothing_to_ask(settings: Settings) -> None:
    found = inspect(settings, "您好", "什么事", "你就是个废物")
    assert "CN-COLL-ABUSE-1" in {f.rule_id for f in found.findings}
    assert by_model(found) == []
    assert {s.label: s.told for s in found.signals or ()} == {"insult": True, "CN-ABUSE-01": False}


@pytest.mark.parametrize(("logit", "asks"), [(0.6, False), (3.0, True)])
def test_beside_what_words_confirmed_the_model_asks_about_more_only_where_it_is_sure(
    settings: Settings, logit: float, asks: bool
) -> None:
    made, _ = classifier({**SECONDED, "天冷": ("threat_violence", logit)})

    def found(*texts: str) -> list[str]:
        return by_model(Inspector(settings, classifier=made).inspect_transcript(transcript(*texts), CN, call_id="C-1"))

    assert found("您好", "什么事", "路上天冷") == ["CN-COLL-M-VIOLENCE"]
    assert found("您好", "什么事", "你就是个废物,路上天冷") == (["CN-COLL-M-VIOLENCE"] if asks else [])


def test_a_call_judged_again_keeps_its_signals(settings: Settings) -> None:
    first = inspect(settings, "您好", "什么事", "晚上路过你那边,天冷")
    deaf, runtime = classifier({})
    again = Inspector(settings, classifier=deaf).judge_again(first, CN)
    assert again == first
    assert runtime.rows == []


def test_a_call_from_before_the_classifier_gets_its_signals_then(settings: Settings) -> None:
    first = inspect(settings, "您好", "什么事", "晚上路过你那边,天冷")
    old = first.model_copy(update={"signals": None})
    made, _ = classifier(WORDS)
    assert Inspector(settings, classifier=made).judge_again(old, CN) == first


def test_without_a_classifier_its_rules_are_not_assessed(settings: Settings) -> None:
    off = settings.model_copy(update={"classifier": "off"})
    found = Inspector(off).inspect_transcript(transcript("您好", "嗯", "好的"), CN, call_id="C-1")
    assert found.signals is None
    assert found.made_by is not None
    assert found.made_by.classifier is None
    missing = {n.rule_id: n.reason for n in found.not_assessed}
    assert missing["CN-COLL-M-INSULT"].startswith("missing_signals")


def test_a_call_that_is_not_judged_is_not_classified(settings: Settings) -> None:
    made, runtime = classifier(WORDS)
    nothing = Inspector(settings, classifier=made).inspect_transcript(transcript("", ""), CN, call_id="C-1")
    assert (nothing.signals, runtime.rows) == (None, [])


def test_labels_for_reviewers_are_redacted(settings: Settings) -> None:
    found = inspect(settings, "您好", "我的手机是13812345678", "那给您登记,您卡号6222021234567890123")
    kept = CallEntry(
        call_id="C-1", facts=CN, state=CallState.INSPECTED, day=DAY, source="x", received_at=NOW, inspection=found
    )
    rows = list(rows_of(kept))
    assert [(r.id, r.label, r.verdict) for r in rows] == [("C-1:2", "resolution_offer", "")]
    assert "6222021234567890123" not in rows[0].text
    assert rows[0].before is not None
    assert "13812345678" not in rows[0].before[1]
    assert rows[0].after is None
    assert rows[0].probability == pytest.approx(0.8808, abs=1e-3)


def test_a_call_that_is_too_long_for_the_classifier_is_judged_by_its_words_and_says_so(settings: Settings) -> None:
    made, runtime = classifier(WORDS)
    short = settings.model_copy(update={"classifier_characters": 20})
    said = transcript("您好,我是恒信的", "什么事", "你就是个废物,你就是个废物")
    found = Inspector(short, classifier=made).inspect_transcript(said, CN, call_id="C-1")
    assert runtime.rows == []
    assert found.signals is None
    assert "CN-COLL-ABUSE-1" in {f.rule_id for f in found.findings}
    missing = {n.rule_id: n.reason for n in found.not_assessed}
    assert missing["CN-COLL-M-VIOLENCE"].startswith("missing_signals: the call has 24 characters")
    assert "QA_CLASSIFIER_CHARACTERS" in missing["CN-COLL-M-VIOLENCE"]
    again = Inspector(settings, classifier=made).judge_again(found, CN)
    assert again.signals is not None


def test_words_that_are_tried_without_explaining_find_the_same(settings: Settings) -> None:
    off = settings.model_copy(update={"classifier": "off"})
    said = "agent: 您好,我是恒信的\ncustomer: 什么事\nagent: 你就是个废物,我们不会告诉你单位"
    plain, told = trial(off, said, explain=False), trial(off, said)
    assert plain.findings == told.findings
    assert plain.not_assessed == told.not_assessed
    assert plain.suppressed == ()
    assert told.suppressed
    assert plain.unread == ""


def test_words_that_are_tried_say_where_they_are_too_many_for_the_classifier(settings: Settings) -> None:
    found = trial(settings.model_copy(update={"classifier_characters": 3}), "你就是个废物", explain=False)
    assert found.findings
    assert found.unread.startswith("missing_signals: the call has 6 characters")
