"""Seconds of audio done: monotone, never past the total, at the total in the end, however events come."""

from __future__ import annotations

import random
import threading
from typing import Literal

import pytest

from qa_service.cli import screen
from qa_service.cli.counting import CallsBar, counted
from qa_service.cli.output import refusal
from qa_service.cli.screen import AudioBar
from qa_service.cli.tally import AudioTally
from qa_service.records import (
    CallStatus,
    ErrorInfo,
    FindingState,
    Inspection,
    ProgressEvent,
    QuarantineEntry,
    Severity,
)
from tests.factories import NOW, finding, inspection

Stage = Literal["decode", "transcribe", "evaluate", "done"]


def event(call_id: str, stage: Stage, done_s: float, total_s: float) -> ProgressEvent:
    return ProgressEvent(call_id=call_id, stage=stage, done_s=done_s, total_s=total_s)


def whole_call(call_id: str, length_s: float, speech_s: float, steps: int = 5) -> list[ProgressEvent]:
    """What the inspector says of one call: speech seconds while it transcribes, audio seconds else."""
    return [
        event(call_id, "decode", length_s, length_s),
        *(event(call_id, "transcribe", speech_s * n / steps, speech_s) for n in range(1, steps + 1)),
        event(call_id, "evaluate", length_s, length_s),
        event(call_id, "done", length_s, length_s),
    ]


def test_one_call_counts_in_seconds_of_its_audio() -> None:
    tally = AudioTally(120.0, 1)
    seen = []
    for step in whole_call("a", 120.0, 60.0, steps=4):
        tally.take(step)
        seen.append(tally.done_s)
    assert seen == [0, 30, 60, 90, 120, 120, 120]
    tally.through("a")
    assert (tally.done_s, tally.total_s) == (120, 120)


@pytest.mark.parametrize("seed", range(5))
def test_interleaved_calls_never_go_back_and_end_at_the_total(seed: int) -> None:
    order = random.Random(seed)
    lengths = {"a": 100.0, "b": 40.0, "c": 260.0, "d": 8.0}
    left = {call: whole_call(call, length, length / 2) for call, length in lengths.items()}
    tally, seen = AudioTally(400.0, 4), [0.0]  # the headers were wrong by 8 s
    while left:
        call = order.choice(sorted(left))
        tally.take(left[call].pop(0))
        if not left[call]:
            del left[call]
            tally.through(call)
        seen.append(tally.done_s)
        assert tally.done_s <= tally.total_s
    assert seen == sorted(seen)
    assert seen[-1] == tally.total_s == 408.0
    assert len(set(seen)) > 12


def test_a_call_that_begins_again_does_not_pull_back() -> None:
    tally = AudioTally(100.0, 1)
    for step in whole_call("a", 100.0, 50.0)[:4]:
        tally.take(step)
    before = tally.done_s
    tally.take(event("a", "decode", 100.0, 100.0))
    tally.take(event("a", "transcribe", 10.0, 50.0))
    assert tally.done_s == before == 60.0


def test_calls_without_events_count_when_all_are_through() -> None:
    """A bad file, given turns: nothing is heard of them before they are through."""
    tally = AudioTally(90.0, 3)
    for step in whole_call("a", 60.0, 30.0):
        tally.take(step)
    for call in ("a", "bad", "turns"):
        tally.through(call)
    assert (tally.done_s, tally.total_s, tally.finished) == (90.0, 90.0, 3)


def test_rate_and_time_left_are_of_the_whole_run() -> None:
    now = [100.0]
    tally = AudioTally(600.0, 2, clock=lambda: now[0])
    assert (tally.rate, tally.left_s, str(tally)) == (None, None, "0/600 s audio")
    tally.take(event("a", "decode", 300.0, 300.0))
    assert tally.rate is None
    now[0] = 120.0
    tally.take(event("a", "transcribe", 100.0, 150.0))
    assert (tally.rate, tally.left_s) == (10.0, 40.0)
    assert str(tally) == "200/600 s audio, 10.0 × real time, 0:40 left"


def test_events_may_come_from_several_threads() -> None:
    tally = AudioTally(800.0, 8)

    def run(call_id: str) -> None:
        for step in whole_call(call_id, 100.0, 50.0, steps=200):
            tally.take(step)
            assert tally.done_s <= 800.0
        tally.through(call_id)

    threads = [threading.Thread(target=run, args=(f"c{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tally.done_s, tally.finished) == (800.0, 8)


# --- the bar ----------------------------------------------------------------------------------------------------------


def through(call_id: str) -> Inspection:
    return Inspection(call_id=call_id, status=CallStatus.FAILED)


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    bar = AudioBar(200.0, 2)
    with bar.running():
        for a, b in zip(whole_call("a", 100.0, 50.0), whole_call("b", 100.0, 50.0), strict=True):
            bar.on_progress(a)
            bar.on_progress(b)
        bar.finished(through("a"))
        bar.finished(through("b"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "[1/2] a  failed  (200/200 s audio)",
        "[2/2] b  failed  (200/200 s audio)",
    ]
    assert "\x1b" not in err


def test_a_pipe_hears_of_a_long_call_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "QUIET_S", 0.0)
    bar = AudioBar(100.0, 1)
    for step in whole_call("a", 100.0, 50.0, steps=2)[:3]:
        bar.on_progress(step)
    assert capsys.readouterr().err.splitlines() == [
        "[0/1] 0/100 s audio",
        "[0/1] 50/100 s audio",
        "[0/1] 100/100 s audio",
    ]


def test_calls_that_come_in_meanwhile_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    left = [(0.0, 2), (100.0, 1), (0.0, 0)]
    bar = AudioBar(*left.pop(0), left=lambda: left.pop(0))
    for call_id in "abcd":
        bar.finished(through(call_id))
    counts = [line.split()[0] for line in capsys.readouterr().err.splitlines()]
    assert counts == ["[1/2]", "[2/2]", "[3/4]", "[4/4]"]


def test_one_call_is_no_calls(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "QUIET_S", 0.0)
    assert AudioBar(1.0, 1)._bar.tasks[0].description == "0/1 call"
    CallsBar(2).on_progress(1, 2)
    CallsBar(1).on_progress(1, 1)
    with counted("looked at", "call") as on_progress:
        on_progress(1, None)
        on_progress(2, None)
    with counted("judged again", "call") as on_progress:
        on_progress(1, 1)
    assert capsys.readouterr().err.splitlines() == [
        "[1/2] calls", "[1/1] call", "1 call looked at", "2 calls looked at", "1/1 call judged again",
    ]  # fmt: skip


def test_the_place_of_a_refused_line_stands_once() -> None:
    about = "calls.jsonl, line 2"
    for message in (f"{about}: no turns.", f"{about} is not JSON."):
        assert refusal(about, ErrorInfo(code="x", message=message)) == f"{message} [x]"
    assert refusal("a.wav", ErrorInfo(code="x", message="It is empty.")) == "a.wav: It is empty. [x]"
    entry = QuarantineEntry(source=about, error=ErrorInfo(code="x", message=f"{about}: no turns."), at=NOW)
    assert entry.reason == "no turns."


def test_a_terminal_gets_a_bar_that_ends_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AudioBar, "live", True)
    bar = AudioBar(90.0, 2)
    for step in whole_call("a", 100.0, 50.0):
        bar.on_progress(step)
    (task,) = bar._bar.tasks
    assert (task.description, task.completed, task.total) == ("0/2 calls", 100.0, 100.0)
    bar.finished(through("a"))
    bar.finished(through("b"))
    (task,) = bar._bar.tasks
    assert (task.description, task.completed, task.total) == ("2/2 calls", 100.0, 100.0)
    assert task.fields["said"].startswith("100/100 s audio")


def test_a_headline_tells_what_is_held_against_the_agent_from_what_is_not() -> None:
    praise, asked = finding(severity=Severity.PRAISE), finding(state=FindingState.NEEDS_REVIEW)
    unverified = finding(state=FindingState.UNVERIFIED, severity=Severity.MINOR)
    line = screen.headline(inspection(findings=(finding(), praise, asked, unverified)))
    assert line.endswith("coverage 99%  1 confirmed, 2 to check, 1 praise, 1 not assessed")
