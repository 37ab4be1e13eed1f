"""What was measured: silence, rate, interruptions, loudness, talk, length, holds, the end of a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa_service.records import FindingState, Hold, Interruption, Measures, Role, SpeakerMeasures, TurnMeasures
from qa_service.rules.evaluate import Suppressed
from tests.rules.building import folder, judged, rule, said

CALL = said(
    ("agent: good morning this is Ann", 1.0),
    ("customer: yes hello", 4.0),
    ("agent: one moment please", 7.0),
    ("agent: I found your account now", 20.0),
    ("customer: and what does it say", 24.0),
    duration_s=27.0,
)


def measures(**given: Any) -> Measures:
    turns = {
        0: {"silence_before_s": 1.0, "rate_per_min": 150.0, "loudness_dbfs": -30.0, "loudness_step_db": 0.0},
        1: {"silence_before_s": 1.0, "rate_per_min": 90.0},
        2: {"silence_before_s": 1.0, "rate_per_min": 160.0, "loudness_dbfs": -28.0, "loudness_step_db": 2.0},
        3: {"silence_before_s": 11.0, "rate_per_min": 330.0, "loudness_dbfs": -19.0, "loudness_step_db": 11.0,
            "raised_voice": True},
        4: {"silence_before_s": 2.0},
    }  # fmt: skip
    sides = {
        "agent": SpeakerMeasures(speech_s=20, talk_ratio=0.8, rate_per_min=210),
        "customer": SpeakerMeasures(speech_s=5, talk_ratio=0.2, rate_per_min=90),
    }
    cut = Interruption(start_s=20.0, overlap_s=0.8, by=Role.AGENT, turn=3, interrupted_turn=1)
    return Measures(
        **{
            "duration_s": 27.0,
            "turns": tuple(TurnMeasures(turn=i, **found) for i, found in turns.items()),
            "speakers": sides,
            "interruptions": (cut,),
            "holds": (Hold(start_s=9.0, end_s=20.0, kind="music"),),
            **given,
        }
    )


def places(root: Path, selection: dict[str, Any], found: Measures | None = None, **more: Any) -> list[Any]:
    """Turns of the findings of a rule with this one selection."""
    rules = folder(root, rule({"select": {"it": selection}}, **more))
    return [turn for f in judged(rules, CALL, measures=found or measures()).findings for turn in f.turns]


@pytest.mark.parametrize(
    ("selection", "turns"),
    [
        ({"silence": {"at_least_s": 10}}, [3]),
        ({"silence": {"at_least_s": 12}}, []),
        ({"silence": {"at_least_s": 10, "kept_by": "customer"}}, []),
        ({"silence": {"at_least_s": 2}, "speaker": "customer"}, [4]),
        ({"silence": {"at_least_s": 10, "except_phrases": ["one moment"]}}, []),
        ({"silence": {"at_least_s": 10, "except_phrases": ["hold on"]}}, [3]),
        ({"silence": {"at_least_s": 10, "except_phrases": ["e mome", "moments"]}}, [3]),  # whole words
        ({"silence": {"at_least_s": 1}}, [2, 3]),
        ({"silence": {"at_least_s": 1, "not_first_turn": False}}, [0, 2, 3]),
        ({"rate": {"above": 300, "at_least_s": 1}}, [3]),
        ({"rate": {"above": 300}}, []),  # turns of two seconds have no rate worth the name
        ({"rate": {"below": 155, "at_least_s": 1}}, [0]),
        ({"rate": {"above": 200, "per": "call"}}, [0]),
        ({"rate": {"above": 220, "per": "call"}}, []),
        ({"rate": {"below": 100, "per": "call"}, "speaker": "customer"}, [1]),
        ({"interruption": {}}, [3]),
        ({"interruption": {"overlap_s": 1}}, []),
        ({"interruption": {}, "speaker": "customer"}, []),
        ({"loudness": {"step_db": 8}}, [3]),
        ({"loudness": {"step_db": 1}}, [2, 3]),
        ({"loudness": {"raised": True}}, [3]),
        ({"loudness": {"above_dbfs": -29}}, [2, 3]),
        ({"loudness": {"span_db": 11}}, [3]),
        ({"loudness": {"span_db": 12}}, []),
        ({"talk": {"share_above": 0.75}}, [0]),
        ({"talk": {"share_above": 0.85}}, []),
        ({"talk": {"share_below": 0.25}, "speaker": "customer"}, [1]),
        ({"length": {"below_s": 30}}, [0]),
        ({"length": {"above_s": 30}}, []),
        ({"hold": {"at_least_s": 10}}, [3]),
        ({"hold": {"at_least_s": 10, "kind": ["silence"]}}, []),
        ({"hold": {"at_least_s": 12}}, []),
        ({"hangup": {"within_s": 2}}, [4]),
        ({"hangup": {"within_s": 0.5}}, []),
        ({"hangup": {"within_s": 2}, "speaker": "customer"}, []),
    ],
)
def test_where_it_holds(tmp_path: Path, selection: dict[str, Any], turns: list[int]) -> None:
    assert places(tmp_path, selection) == turns


@pytest.mark.parametrize(
    ("lines", "turns"),
    [
        (("agent: let me check that", "customer: okay", "agent: here it is"), []),
        (("agent: 请您稍等,我查一下", "customer: 嗯,好的", "agent: 查到了"), []),
        (("agent: let me check that", "customer: why is it so much", "agent: here it is"), [2]),
        (("agent: your balance is due", "customer: okay", "agent: here it is"), [2]),
        (("customer: okay", "agent: 嗯", "agent: here it is"), [2]),
    ],
)
def test_a_word_of_assent_leaves_a_silence_announced(tmp_path: Path, lines: tuple[str, ...], turns: list[int]) -> None:
    quiet = {"silence": {"at_least_s": 10, "except_phrases": ["let me check", "稍等"]}}
    rules = folder(tmp_path, rule({"select": {"it": quiet}}, applies_to={"language": ["en"]}))
    found = Measures(duration_s=30.0, turns=(TurnMeasures(turn=2, silence_before_s=15.0),))
    assert [t for f in judged(rules, said(*lines), measures=found).findings for t in f.turns] == turns


@pytest.mark.parametrize(
    "selection",
    [
        {"silence": {"at_least_s": 10}},
        {"rate": {"above": 300}},
        {"rate": {"above": 300, "per": "call"}},
        {"interruption": {}},
        {"loudness": {"raised": True}},
        {"talk": {"share_above": 0.5}},
        {"hold": {"at_least_s": 10}},
        {"hangup": {}},
    ],
)
def test_without_a_recording_it_is_not_assessed(tmp_path: Path, selection: dict[str, Any]) -> None:
    found = judged(
        folder(tmp_path, rule({"select": {"it": selection}})), said(("agent: hi there you", 0.0), ("agent: a", 9))
    )
    assert found.findings == ()
    assert [n.reason.split(":")[0] for n in found.not_assessed] == ["missing_measures"]


def test_what_the_sound_cannot_change_is_judged_without_it(tmp_path: Path) -> None:
    match = {"select": {"rude": {"phrases": ["idiot"]}, "loud": {"loudness": {"raised": True}}}}
    both = folder(tmp_path / "and", rule({**match, "condition": "rude and loud"}))
    either = folder(tmp_path / "or", rule({**match, "condition": "rude or loud"}))
    polite, insult = said("agent: good morning"), said("agent: you idiot")
    assert judged(both, polite).not_assessed == ()
    assert judged(both, insult).not_assessed
    assert judged(either, insult).findings
    assert judged(either, polite).not_assessed


@pytest.mark.parametrize("explain", [None, []])
def test_a_filter_counts_in_its_window_where_the_sound_is_not_known(
    tmp_path: Path, explain: list[Suppressed] | None
) -> None:
    selections = {"loud": {"loudness": {"raised": True}}, "filter_sorry": {"phrases": ["sorry"]}}
    one_turn, call = (
        folder(tmp_path / name, rule({"select": selections, "condition": "loud and not filter_sorry", **within}))
        for name, within in (("turn", {}), ("call", {"within": {"call": True}}))
    )
    elsewhere = said("agent: sorry about that", "customer: fine", "agent: pay now")
    assert judged(one_turn, elsewhere, explain=explain).not_assessed
    assert judged(call, elsewhere, explain=explain).not_assessed == ()
    assert judged(one_turn, said("agent: sorry about that"), explain=explain).not_assessed == ()


@pytest.mark.parametrize("explain", [None, []])
def test_words_that_never_come_together_need_no_sound(tmp_path: Path, explain: list[Suppressed] | None) -> None:
    selections = {"rude": {"phrases": ["idiot"]}, "you": {"phrases": ["you"]}, "loud": {"loudness": {"raised": True}}}
    root = folder(tmp_path, rule({"select": selections, "condition": "rude and you and loud"}))
    assert judged(root, said("agent: you idiot"), explain=explain).not_assessed
    assert judged(root, said("agent: you", "customer: me", "agent: idiot"), explain=explain).not_assessed == ()


def test_a_filter_that_cannot_be_heard_leaves_doubt(tmp_path: Path) -> None:
    match = {"select": {"rude": {"phrases": ["idiot"]}, "filter_quiet": {"loudness": {"raised": False}}}}
    (finding,) = judged(folder(tmp_path, rule(match, status="stable")), said("agent: you idiot")).findings
    assert (finding.state, finding.reason.split(":")[0]) == (FindingState.UNVERIFIED, "missing_measures")


def test_evidence_shows_what_was_measured_and_when(tmp_path: Path) -> None:
    (silence,) = judged(
        folder(tmp_path, rule({"select": {"it": {"silence": {"at_least_s": 10}}}})), CALL, measures=measures()
    ).findings
    assert (silence.start_s, silence.end_s) == (9.0, 20.0)
    assert silence.quote.startswith("(11.0 s)")


def test_a_put_down_telephone_is_for_a_person_to_decide(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"it": {"hangup": {"within_s": 2}}}}, status="stable"))
    (finding,) = judged(root, CALL, measures=measures()).findings
    assert (finding.state, finding.reason.split(":")[0]) == (FindingState.NEEDS_REVIEW, "hang_up")


def test_limits_may_be_parameters(tmp_path: Path) -> None:
    root = folder(tmp_path, rule({"select": {"it": {"silence": {"at_least_s": "$intro_s"}}}}))
    assert judged(root, CALL, measures=measures()).findings
    assert not judged(root, CALL, measures=measures(), parameters={"intro_s": 12}).findings


@pytest.mark.parametrize(("side", "found"), [("agent", [3]), ("customer", [1]), ("any", [1, 3])])
def test_a_silence_is_theirs_whose_turn_it_was_to_speak(tmp_path: Path, side: str, found: list[int]) -> None:
    """Who waits for an answer and asks again keeps no silence; who lets a question wait does, whoever then speaks."""
    call = said(
        ("agent: when can you pay", 0.0), ("agent: hello, are you there", 14.0),
        ("customer: what does the fee stand for", 17.0), ("customer: hello? anybody", 33.0),
    )  # fmt: skip
    kept = (
        TurnMeasures(turn=0), TurnMeasures(turn=1, silence_before_s=12.0, silence_kept_by=Role.CUSTOMER),
        TurnMeasures(turn=2, silence_before_s=1.0, silence_kept_by=Role.CUSTOMER),
        TurnMeasures(turn=3, silence_before_s=14.0, silence_kept_by=Role.AGENT),
    )  # fmt: skip
    quiet = {"silence": {"at_least_s": 10}, "speaker": side}
    root = folder(tmp_path, rule({"select": {"quiet": quiet}}, applies_to={"speaker": "agent"}))
    sound = measures(turns=kept)
    assert [f.turns for f in judged(root, call, measures=sound).findings] == [(turn,) for turn in found]
