"""Back tests over a real database: what is gained and lost, nothing stored changes, a cut run goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qa_service.errors import InputError, QAError, RuleError
from qa_service.inspect import backtest as module
from qa_service.inspect.backtest import Options, backtest
from qa_service.inspect.pipeline import Inspector
from qa_service.inspect.replayed import Replayed, Tally, paired
from qa_service.inspect.summary import Summary
from qa_service.intake.transcript import given_transcript
from qa_service.jobs.followups import follow
from qa_service.records import CallFacts, FindingState
from qa_service.report.backtest import Difference, render_backtest
from qa_service.settings import Settings, bundled
from qa_service.store.store import Store, open_store
from tests.factories import NOW, finding
from tests.rules.building import folder, rule

BARE = {"lexicons": {}, "parameters": {}}
SINCE = date(2026, 11, 1)
OUTBOUND = {
    "direction": "outbound",
    "callee_role": "debtor",
    "debtor_ref": "D-1",
    "phone": "212-555-0100",
    "state": "NY",
}


def rude(*phrases: str, **more: Any) -> dict[str, Any]:
    """Of no requirement: words that the classifier has nothing to say about, whatever it thinks of them."""
    given = {"id": "H-RUDE-1", "status": "stable", "requirements": [], **more}
    return rule({"select": {"x": {"phrases": list(phrases)}}}, **given)


LATE = rule({"facts": "history.calls > 3"}, id="H-LATE-1", status="stable", title="太多电话", title_en="Too many calls")


class Kept:
    """A database with calls that a first version of the rules judged."""

    def __init__(self, settings: Settings, store: Store, rules: Path) -> None:
        self.settings = settings
        self.store = store
        self.rules = rules

    def call(
        self, call_id: str, *said: str, day: date = date(2026, 11, 17), history: int | None = 0, **more: Any
    ) -> None:
        known = {} if history is None else {"calls": history}
        base = {"call_id": call_id, "language": "en", "jurisdiction": "US", "history": known}
        facts = CallFacts.model_validate({**base, **more})
        transcript = given_transcript([{"role": "agent", "text": words} for words in said], facts, call_id)
        self.store.calls.add(
            facts, call_id=call_id, source="x", day=day, recording=None, transcript=transcript, received_at=NOW
        )
        claim = self.store.queue.claim("w", lease_s=60, now=NOW)
        assert claim
        result = Inspector(self.settings).inspect_transcript(transcript, facts, call_id=call_id)
        assert self.store.queue.finish(claim, result, NOW)

    def changed(self, *rules: dict[str, Any]) -> None:
        for path in (self.rules / "house").glob("h-*.yaml"):
            path.unlink()
        folder(self.rules, *rules, pack=BARE)

    def stored(self) -> list[str]:
        return [i.model_dump_json() for call in self.store.calls.all_ids() for i in self.store.calls.inspections(call)]


@pytest.fixture
def kept(tmp_path: Path) -> Any:
    (tmp_path / "rules").mkdir()
    rules = folder(tmp_path / "rules", rude("shut up"), LATE, pack=BARE)
    settings = Settings(data_dir=tmp_path / "data", rules_dir=rules, _env_file=None)  # type: ignore[call-arg]
    store = open_store(settings.database)
    yield Kept(settings, store, rules)
    store.close()


def test_gained_lost_changed_and_not_assessed_by_rule(kept: Kept) -> None:
    kept.call("C-1", "shut up")
    kept.call("C-2", "be quiet my number is 13812345678", "shut up and be quiet")
    kept.call("C-3", "good morning", history=5)
    kept.call("C-4", "good morning", history=None)
    kept.call("C-0", "be quiet", day=date(2026, 10, 31))
    before = kept.stored()
    kept.changed(
        rude("be quiet my number is", "quiet", outcome="needs_review", version=2),
        {**LATE, "match": {"facts": "history.attempts > 3"}},
    )
    report = backtest(kept.settings, Options("house", SINCE))
    assert (report.kept, report.calls, report.touched) == (4, 4, 3)
    words, late = sorted(report.rules, key=lambda r: r.rule_id, reverse=True)
    assert (words.before, words.after, words.gained, words.lost, words.changed) == (2, 2, 1, 1, 1)
    told = {(d.kind, d.call_id): d for d in words.samples}
    assert told["lost", "C-1"].quote == "shut up"
    assert told["changed", "C-2"].was is FindingState.CONFIRMED
    assert told["changed", "C-2"].is_now is FindingState.NEEDS_REVIEW
    assert "13812345678" not in report.model_dump_json()
    assert (late.before, late.after, late.lost) == (1, 0, 1)
    assert (late.not_assessed_before, late.not_assessed_after) == (1, 4)
    assert "missing_fact" in late.samples[0].reason
    assert list(report.judged_by.values()) == [4]
    assert report.pack.behaviour_sha256 not in report.judged_by
    assert kept.stored() == before


def test_rules_over_several_calls_are_judged_by_the_calls_before(kept: Kept) -> None:
    again = rule({"facts": "history.customer_calls_last_days(2) >= 1"}, id="H-AGAIN-1", status="stable")
    kept.changed(again)
    for call_id, hour in (("C-1", 9), ("C-2", 11), ("C-3", 13)):
        kept.call(call_id, "hello", started_at=f"2026-11-17T{hour:02}:00:00-05:00", **OUTBOUND)
    follow(kept.store, Inspector(kept.settings))
    report = backtest(kept.settings, Options("house", SINCE))
    assert ([r.before for r in report.rules], report.touched) == ([2], 0)
    kept.changed({**again, "version": 2, "match": {"facts": "history.customer_calls_last_days(2) >= 2"}})
    (row,) = backtest(kept.settings, Options("house", SINCE)).rules
    assert (row.before, row.after, row.lost, [d.call_id for d in row.samples]) == (2, 1, 1, ["C-2"])


def test_unchanged_rules_find_the_same_and_days_are_limits(kept: Kept) -> None:
    for number, day in enumerate((date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3))):
        kept.call(f"C-{number}", "shut up", day=day)
    report = backtest(kept.settings, Options("house", date(2026, 11, 2), date(2026, 11, 2)))
    assert (report.kept, report.calls, report.touched) == (1, 1, 0)
    assert report.judged_by == {report.pack.behaviour_sha256: 1}
    assert not any(rule.moved for rule in report.rules)


def test_calls_of_other_packs_and_unknown_packs(kept: Kept) -> None:
    kept.call("C-1", "shut up")
    (kept.rules / "other").mkdir()
    text = "name: other\nversion: '1'\ntitle: o\nlanguages: [en]\n"
    (kept.rules / "other" / "pack.yaml").write_text(text, encoding="utf-8")
    report = backtest(kept.settings, Options("other", SINCE))
    assert (report.kept, report.calls) == (1, 0)
    with pytest.raises(RuleError, match="nowhere"):
        backtest(kept.settings, Options("nowhere", SINCE))


def test_run_that_was_cut_goes_on_and_one_that_is_through_leaves_nothing(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        kept.call(f"C-{number}", "shut up", "be quiet")
    kept.changed(rude("be quiet", version=2), LATE)
    monkeypatch.setattr(module, "CHUNK", 1)
    judged: list[str] = []
    real: Callable[..., Any] = module.replay

    def counted(inspector: Inspector, pack: str, entry: Any, history_of: Any) -> Any:
        if len(judged) == 3:
            raise KeyboardInterrupt
        judged.append(entry.call_id)
        return real(inspector, pack, entry, history_of)

    monkeypatch.setattr(module, "replay", counted)
    with pytest.raises(KeyboardInterrupt):
        backtest(kept.settings, Options("house", SINCE))
    (path,) = (kept.settings.data_dir / "backtest").iterdir()
    whole = path.read_text(encoding="utf-8")
    path.write_bytes(f"{whole}{whole[:50]}你".encode()[:-1])  # a kill in the middle of a line, and of a character
    first, judged[:] = list(judged), []
    seen: list[tuple[int, int]] = []
    report = backtest(kept.settings, Options("house", SINCE), on_progress=lambda *at: seen.append(at))
    assert (len(first), sorted([*first, *judged])) == (3, [f"C-{n}" for n in range(5)])
    assert (seen[0], seen[-1]) == ((3, 5), (5, 5))
    assert (report.calls, report.total("gained"), report.total("lost")) == (5, 5, 5)
    assert list((kept.settings.data_dir / "backtest").iterdir()) == []


def test_progress_of_other_rules_or_of_an_older_inspection_is_not_taken_over(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.call("C-1", "shut up")
    monkeypatch.setattr(module.Summary, "report", lambda *_args, **_kwargs: pytest.fail("cut"))
    monkeypatch.setattr(module.Progress, "finish", lambda _self: None)
    with pytest.raises(BaseException, match="cut"):
        backtest(kept.settings, Options("house", SINCE))
    (path,) = (kept.settings.data_dir / "backtest").iterdir()
    line = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**line, "inspection_id": 99, "rules": {}}) + "\n", encoding="utf-8")
    monkeypatch.undo()
    assert next(r for r in backtest(kept.settings, Options("house", SINCE)).rules if r.after).after == 1
    path.write_text(json.dumps({**line, "rules": {}}) + "\n", encoding="utf-8")
    kept.changed(rude("shut up", severity="minor"), LATE)
    assert next(r for r in backtest(kept.settings, Options("house", SINCE)).rules if r.after).after == 1


def test_what_is_held_does_not_grow_with_the_calls() -> None:
    """Several thousand results are a gigabyte in some days of a call centre."""

    def result(n: int) -> Replayed:
        one = Difference(kind="gained", rule_id="H-1", call_id=f"C-{n}", day=SINCE, start_s=1.0, quote="word " * 30,
                         was=None, is_now=FindingState.CONFIRMED)  # fmt: skip
        rules = {f"H-{i}": Tally(after=1, not_assessed_before=1) for i in range(30)}
        return Replayed(call_id=f"C-{n}", inspection_id=n, judged=True, rules=rules, differences=(one,))

    summary = Summary(sample=3)
    summary.add(map(result, range(100)))
    tracemalloc.start()
    summary.add(map(result, range(100, 1100)))
    held, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 100_000
    assert summary._rules["H-1"].kinds["gained"] == 1100
    assert len(list(summary._rules["H-1"].samples)) == 3


def test_a_long_quote_ends_in_a_sign_that_it_goes_on(kept: Kept) -> None:
    long = " ".join(["be quiet"] * 30)
    kept.call("C-1", long)
    kept.changed(rude(long, version=2), LATE)
    (told,) = next(r for r in backtest(kept.settings, Options("house", SINCE)).rules if r.gained).samples
    assert told.quote == f"{long[:199].rstrip()}…"


@pytest.mark.parametrize(
    "changed",
    [
        {"sound_alike": False},
        {"second_opinion": False},
        {"classifier": "off"},
        {"word_probability_floor": 0.9},
        {"role_floor": 0.9},
        {"coverage_floor": 0.9},
        {"default_jurisdiction_en": "UK"},
        {},
    ],
)
def test_progress_made_under_other_settings_is_not_taken_over(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    kept.call("C-1", "shut up")
    done = _started(kept, monkeypatch)
    assert done(kept.settings) == 0
    assert done(kept.settings.model_copy(update=changed)) == (1 if changed else 0)


def test_progress_with_other_weights_or_another_pack_is_not_taken_over(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.call("C-1", "shut up")
    real = Inspector(kept.settings).classifier
    assert real is not None
    done = _started(kept, monkeypatch)
    (kept.rules / "other").mkdir()
    text = "name: other\nversion: '1'\ntitle: o\nlanguages: [en]\n"
    (kept.rules / "other" / "pack.yaml").write_text(text, encoding="utf-8")
    assert done(kept.settings) == 1
    info = real.info.model_copy(update={"weights_sha256": "0" * 64})
    monkeypatch.setattr(Inspector, "classifier", SimpleNamespace(info=info, likeness=real.likeness))
    assert done(kept.settings) == 1


def _started(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Callable[[Settings], int]:
    """A back test whose progress stays; how many calls one that follows it judges."""
    judged: list[str] = []
    real: Callable[..., Any] = module.replay

    def counted(inspector: Inspector, pack: str, entry: Any, history_of: Any) -> Any:
        judged.append(entry.call_id)
        return real(inspector, pack, entry, history_of)

    def run(settings: Settings) -> int:
        judged.clear()
        backtest(settings, Options("house", SINCE))
        return len(judged)

    monkeypatch.setattr(module, "replay", counted)
    monkeypatch.setattr(module.Progress, "finish", lambda _self: None)
    assert run(kept.settings) == 1
    return run


def test_several_processes_say_what_one_says(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        kept.call(f"C-{number}", "shut up" if number % 2 else "be quiet")
    kept.changed(rude("be quiet", version=2), LATE)
    monkeypatch.setattr(module, "CHUNK", 2)
    one = backtest(kept.settings, Options("house", SINCE))
    assert backtest(kept.settings, Options("house", SINCE, jobs=2)) == one
    few = backtest(kept.settings, Options("house", SINCE, calls=3, sample=1))
    assert few.calls == 3
    assert all(len(rule.samples) <= 2 for rule in few.rules)


def test_a_call_that_cannot_be_read_stops_no_other_and_is_judged_when_it_is_mended(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        kept.call(f"C-{number}", "shut up")
    real: Callable[..., Any] = module.replay
    broken = {"C-1"}

    def judged(inspector: Inspector, pack: str, entry: Any, history_of: Any) -> Any:
        if entry.call_id in broken:
            raise ValueError("what the customer said")
        return real(inspector, pack, entry, history_of)

    monkeypatch.setattr(module, "replay", judged)
    monkeypatch.setattr(module.Progress, "finish", lambda _self: None)
    report = backtest(kept.settings, Options("house", SINCE))
    assert (report.kept, report.calls, report.failed) == (3, 2, {"C-1": "ValueError"})
    page = render_backtest(report, language="en", templates=bundled("reports"))
    assert "1 call could not be judged again" in page
    broken.clear()
    report = backtest(kept.settings, Options("house", SINCE))
    assert (report.calls, report.failed) == (3, {})


def test_a_process_that_is_killed_is_told(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(ThreadPoolExecutor):
        def __init__(self, jobs: int, **_given: Any) -> None:
            super().__init__(jobs)

        def submit(self, *_given: Any) -> Any:
            future: Future[Any] = Future()
            future.set_exception(BrokenExecutor())
            return future

    for number in range(2):
        kept.call(f"C-{number}", "shut up")
    monkeypatch.setattr(module, "CHUNK", 1)
    monkeypatch.setattr(module, "ProcessPoolExecutor", Killed)
    with pytest.raises(QAError, match="fewer --jobs: it goes on where it was"):
        backtest(kept.settings, Options("house", SINCE, jobs=2))


def test_an_interrupt_does_not_reach_processes_while_they_load() -> None:
    asked = [sys.executable, "-c", "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"]
    before = signal.getsignal(signal.SIGINT)
    with module._interrupts_ignored():
        inside = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert inside == "True\n"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_page_about_no_call_does_not_say_that_nothing_differs(kept: Kept) -> None:
    report = backtest(kept.settings, Options("house", SINCE))
    page = render_backtest(report, language="en", templates=bundled("reports"))
    assert "No call was judged again" in page
    assert "Nothing differs" not in page


def test_two_at_a_time_are_refused(kept: Kept) -> None:
    kept.call("C-1", "shut up")
    with kept.store.exclusive("backtest"), pytest.raises(InputError, match="running already"):
        backtest(kept.settings, Options("house", SINCE))


def test_findings_are_paired_by_words_then_by_turn() -> None:
    exact, moved, other = finding(quote="a"), finding(quote="b"), finding(quote="c", turns=(4,))
    pairs = list(paired([moved, exact], [finding(quote="a"), finding(quote="bb"), other]))
    assert [(a.quote if a else None, b.quote if b else None) for a, b in pairs] == [
        ("a", "a"),
        ("b", "bb"),
        (None, "c"),
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_needs_nothing_else_and_escapes_what_was_said(kept: Kept, language: str) -> None:
    kept.call("C-<1>", "shut up <b>now</b>")
    kept.changed(rude("now", "b now", title="说<狠>话"), LATE)
    report = backtest(kept.settings, Options("house", SINCE))
    page = render_backtest(report, language=language, templates=bundled("reports"))
    assert "C-&lt;1&gt;" in page
    assert "说&lt;狠&gt;话" in page
    assert not [bad for bad in ("<script", "http://", "https://", "url(", "<b>now", "src=") if bad in page]
    assert ("回测" if language == "zh" else "Back test") in page
