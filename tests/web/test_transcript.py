"""What a page shows beside the words of a turn."""

from __future__ import annotations

from qa_service.records import Signal
from qa_service.web.pages.transcript import lines
from tests.factories import inspection


def test_signals_stand_by_their_turn_but_faults_are_for_the_rules_to_show() -> None:
    told = [(1, "complaint", 0.9), (1, "distress", 0.3), (0, "impersonation", 0.99), (2, "empathy", 0.8)]
    signals = tuple(Signal(turn=turn, label=label, probability=p) for turn, label, p in told)
    shown = lines(inspection(signals=signals), 0.35)
    assert [[s.label for s in line.signals] for line in shown] == [[], ["complaint"], ["empathy"]]


def test_a_call_from_before_the_classifier_shows_none() -> None:
    assert all(line.signals == () for line in lines(inspection(), 0.35))
