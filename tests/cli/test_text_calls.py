"""Commands over calls that come as text: no weights are needed, everything else is real."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from qa_service.inspect.batch import inspect_items
from qa_service.records import ErrorInfo, Inspection
from qa_service.store.store import open_store
from tests.cli.conftest import Run
from tests.conftest import ROOT
from tests.factories import NOW
from tests.jobs.fakes import settings_at

THREAT = {
    "call_id": "T-1",
    "jurisdiction": "CN",
    "language": "zh",
    "direction": "outbound",
    "callee_role": "debtor",
    "agent_id": "A-9",
    "started_at": "2026-11-16T10:00:00+08:00",
    "turns": [
        {"role": "agent", "text": "再不还你就准备去坐牢吧", "start_s": 1.0, "end_s": 4.0},
        {"role": "customer", "text": "你怎么这样说话", "start_s": 4.5, "end_s": 6.0},
    ],
}
CALM = {
    **THREAT,
    "call_id": "T-2",
    "turns": [{"role": "agent", "text": "不会有人抓您的,这是民事纠纷", "start_s": 1.0, "end_s": 4.0}],
}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(json.dumps(c, ensure_ascii=False) for c in (THREAT, CALM)), encoding="utf-8")
    return path


def test_inspect_writes_the_contract(qa: Run, manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    ran = qa("inspect", "--manifest", manifest, "--json", out)
    assert ran.code == 0
    first, second = (json.loads(line) for line in out.read_text(encoding="utf-8").splitlines())
    schema = json.loads((ROOT / "docs" / "inspection.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(first, schema)
    assert (first["call_id"], first["status"], first["roles"]["source"]) == ("T-1", "inspected", "metadata")
    (prison,) = [f for f in first["findings"] if "CN-FALSELEGAL-01" in f["requirements"]]
    assert (prison["state"], prison["polarity"], prison["turns"]) == ("confirmed", "violation", [0])
    assert "坐牢" in prison["quote"]
    assert not [f for f in second["findings"] if "CN-FALSELEGAL-01" in f["requirements"]]
    assert "坐牢" in ran.out


def test_a_single_call_tells_its_plan_and_what_no_rule_asks_for(qa: Run, tmp_path: Path) -> None:
    call = tmp_path / "call.json"
    sent = {**THREAT, "account": {"lawsuit_fild": False}, "startedAtt": 1, "queue": "night"}
    call.write_text(json.dumps(sent), encoding="utf-8")
    told = " ".join(qa("inspect", "--transcript", call).out.split())
    assert "plan cn-" in told
    assert "no rule asks for account.lawsuit_fild; lawsuit_filed may be meant" in told
    assert "queue" not in told
    assert "plan cn-" not in qa("inspect", "--transcript", call, call).out


def test_inspect_to_standard_output_is_json_only(qa: Run, manifest: Path) -> None:
    ran = qa("inspect", "--manifest", manifest, "--json", "-")
    assert [json.loads(line)["call_id"] for line in ran.out.splitlines()] == ["T-1", "T-2"]


def test_inspect_a_transcript_file_with_facts(qa: Run, tmp_path: Path) -> None:
    turns, facts = tmp_path / "turns.json", tmp_path / "facts.json"
    turns.write_text(json.dumps({"turns": THREAT["turns"]}), encoding="utf-8")
    facts.write_text(json.dumps({"language": "zh", "jurisdiction": "CN", "agent_id": "A-1"}), encoding="utf-8")
    ran = qa("inspect", "--transcript", turns, "--meta", facts, "--json", "-")
    assert json.loads(ran.out)["status"] == "inspected"


def test_a_json_file_is_a_transcript_and_not_the_facts_of_a_recording_beside_it(qa: Run, tmp_path: Path) -> None:
    call, heard, beside = tmp_path / "call.json", tmp_path / "heard.wav", tmp_path / "heard.json"
    call.write_text(json.dumps(THREAT), encoding="utf-8")
    heard.write_bytes(b"no sound")
    beside.write_text("{}", encoding="utf-8")
    ran = qa("inspect", beside, heard, call, "--json", "-")
    results = [json.loads(line) for line in ran.out.splitlines()]
    assert [(r["call_id"], r["status"]) for r in results] == [("heard", "failed"), ("T-1", "inspected")]
    assert results[0]["error"]["code"] == "not_audio"
    alone = json.loads(qa("inspect", beside, "--json", "-").out)
    assert (alone["call_id"], alone["error"]["code"]) == ("heard", "transcript_invalid")


def test_a_transcript_is_kept_by_its_name(qa: Run, tmp_path: Path) -> None:
    call, bare, bad = (tmp_path / name for name in ("call.json", "bare.json", "bad.json"))
    call.write_text(json.dumps(THREAT), encoding="utf-8")
    bare.write_text(json.dumps(THREAT["turns"]), encoding="utf-8")
    bad.write_text('{"turns": []}', encoding="utf-8")
    kept = json.loads(qa("ingest", call, bare, bad, call, "--json").out)["items"]
    assert [i["outcome"] for i in kept] == ["created", "created", "refused", "duplicate"]
    assert (kept[0]["call_id"], kept[0]["source"], kept[2]["error"]["code"]) == ("T-1", str(call), "transcript_invalid")
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps({"agent_id": "A-9"}), encoding="utf-8")
    assert json.loads(qa("ingest", call, "--meta", facts, "--json").out)["items"][0]["facts"] == "differ"


@pytest.mark.parametrize(("terminal", "times"), [(True, 1), (False, 2)])
def test_a_refusal_stands_once_on_a_terminal(
    qa: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool, times: int
) -> None:
    """Into files it stands in both: in what was asked for, and in the log."""
    monkeypatch.setattr(logging.getLogger("qa_service.jobs.ingest"), "level", logging.NOTSET)
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: terminal)
    ran = qa("ingest", tmp_path / "gone.mp3")
    assert (ran.out + ran.err).count("gone.mp3 is not there") == times


def test_keep_work_show_search_report(qa: Run, manifest: Path, data: Path) -> None:
    assert "2 calls kept, 0 already there, 0 refused." in qa("ingest", "--manifest", manifest).out
    assert "0 calls kept, 2 already there, 0 refused." in qa("ingest", "--manifest", manifest).out
    assert "waiting: 2" in qa("status").out
    assert "2 inspected, 0 not assessable, 0 failed; 0 waiting" in qa("work").out
    shown = qa("show", "T-1").out
    assert "坐牢" in shown
    found = qa("search", "坐牢").out
    assert "T-1" in found
    assert "«坐牢»" in found
    assert "1 turn in 1 call." in found
    assert json.loads(qa("search", "民事", "--json").out)["calls"][0]["call_id"] == "T-2"
    paths = qa("report", "daily", "--date", "2026-11-16").out.split()
    assert all(Path(p).is_relative_to(data) and Path(p).stat().st_size > 1000 for p in paths)
    assert len(paths) == 3
    assert "2 calls with 3 turns indexed" in qa("reindex").out
    assert "2 calls wait" in qa("reinspect", "--all").out


def test_calls_to_inspect_again_go_on_without_one_that_is_not_there(qa: Run, manifest: Path, data: Path) -> None:
    qa("ingest", "--manifest", manifest)
    qa("work")
    ran = qa("reinspect", "T-1", "T-9")
    assert (ran.code, "1 call waits" in ran.out) == (1, True)
    assert "There is no call T-9" in ran.err
    assert "1 call waits" in qa("reinspect", "T-2", "T-2").out
    assert "0 calls wait" in qa("reinspect", "--failed").out
    assert qa("reinspect", "T-1", "--failed").code == 2
    store = open_store(settings_at(data).database)
    claim = store.queue.claim("w", lease_s=60, now=NOW)
    assert claim
    assert "is being inspected now" in qa("reinspect", claim.call_id).err
    store.queue.fail(claim, ErrorInfo(code="no_speech", message="Listen. [no_speech]"), NOW, retry=False)
    store.close()
    assert qa("status").out.count("[no_speech]") == 1
    assert "1 call waits" in qa("reinspect", "--failed").out


def test_batch_goes_on_after_a_bad_call(qa: Run, tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    lines = [json.dumps(THREAT), "{broken", json.dumps({"call_id": "T-3", "audio": "gone.mp3"}), json.dumps(CALM)]
    path.write_text("\n".join(lines), encoding="utf-8")
    ran = qa("inspect", "--manifest", path, "--json", "-")
    assert ran.code == 1
    results = [json.loads(line) for line in ran.out.splitlines()]
    assert [r["status"] for r in results] == ["inspected", "failed", "failed", "inspected"]
    assert all(r["error"]["code"] and r["error"]["message"] for r in results if r["status"] == "failed")
    kept = qa("ingest", "--manifest", path)
    assert kept.code == 1
    assert "2 calls kept, 0 already there, 2 refused." in kept.out
    assert "2 files or lines were refused" in qa("status").out
    assert qa("dismiss", f"{path}, line 2").out == "1 refusal forgotten.\n"
    assert qa("dismiss", f"{path}, line 2").code == 1
    assert "1 file or line was refused" in qa("status").out
    assert qa("dismiss").code == qa("dismiss", "--before", "0001-01-01").code == 2
    assert qa("dismiss", "--before", "2999-01-01").code == 0
    assert "refused" not in qa("status").out
    assert qa("work").code == 0


def test_facts_of_all_calls_of_a_manifest(qa: Run, tmp_path: Path, data: Path) -> None:
    path, meta = tmp_path / "calls.jsonl", tmp_path / "all.json"
    without_zone = {**CALM, "started_at": "2026-11-16 10:00:00"}
    path.write_text(json.dumps(without_zone) + "\n" + json.dumps(THREAT), encoding="utf-8")
    meta.write_text('{"clock_tz": "Asia/Shanghai", "team": "North"}', encoding="utf-8")
    states = [
        [
            json.loads(line)["status"]
            for line in qa("inspect", "--manifest", path, *more, "--json", "-").out.splitlines()
        ]
        for more in ((), ("--meta", meta))
    ]
    assert states == [["failed", "inspected"], ["inspected", "inspected"]]
    assert qa("ingest", "--manifest", path, "--meta", meta).code == 0
    store = open_store(settings_at(data).database)
    assert [store.calls.get(str(call["call_id"])).facts.team for call in (CALM, THREAT)] == ["North", "North"]
    store.close()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "nobody"), "call_not_found"),
        (("inspect", "nothing-here.mp3"), "nothing-here.mp3"),
        (("inspect",), "FILEs or --manifest"),
        (("report", "daily"), "report_not_found"),
        (("search", '"open'), "query"),
        (("report", "daily", "--date", "yesterday"), "yesterday"),
    ],
)
def test_wrong_use_says_what_to_do(qa: Run, arguments: tuple[str, ...], says: str) -> None:
    ran = qa(*arguments)
    assert ran.code in (1, 2)
    assert says in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_bad_rule_file_is_named_with_its_line(qa: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = tmp_path / "rules" / "house"
    pack.mkdir(parents=True)
    (pack / "pack.yaml").write_text("name: house\nversion: '1'\ntitle: t\nlanguages: [en\n", encoding="utf-8")
    monkeypatch.setenv("QA_RULES_DIR", str(tmp_path / "rules"))
    ran = qa("rules", "check")
    assert ran.code == 1
    assert "house/pack.yaml:" in ran.out
    assert qa("rules", "test", "hello").code == 2


def test_rules_are_tried_on_a_sentence(qa: Run) -> None:
    assert "CN-FALSELEGAL-01" in qa("rules", "test", "再不还你就准备去坐牢吧").out
    assert "negation" in qa("rules", "test", "我们不会打电话给你单位的", "--explain").out


def test_welcome_version_and_doctor(qa: Run) -> None:
    assert "qa inspect" in qa().out
    assert qa("--version").out.strip()
    checks = json.loads(qa("doctor", "--json").out)
    assert {"rules", "database"} <= {c["name"] for c in checks}
    assert all(c["state"] in ("ok", "optional") for c in checks)


def test_models_are_listed(qa: Run) -> None:
    assert "base" in qa("models", "list").out


def test_what_the_classifier_told_can_be_exported_for_reviewers(qa: Run, tmp_path: Path) -> None:
    posing = {"role": "agent", "text": "我是公安局的,你这个案子已经立案了", "start_s": 1.0, "end_s": 4.0}
    manifest = tmp_path / "posing.jsonl"
    manifest.write_text(json.dumps({**THREAT, "turns": [posing, THREAT["turns"][1]]}, ensure_ascii=False))
    assert qa("ingest", "--manifest", manifest).code == 0
    assert qa("work").code == 0
    out = tmp_path / "labels.jsonl"
    ran = qa("models", "export-labels", out, "--since", "2026-11-01")
    assert ran.code == 0
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert f"{len(rows)} labels" in ran.out
    assert {"impersonation"} <= {r["label"] for r in rows if r["id"] == "T-1:0"}
    assert all(r["verdict"] == "" for r in rows)
    turned = qa("models", "export-labels", out, "--since", "2026-11-20", "--until", "2026-11-01")
    assert (turned.code, "request_invalid" in turned.err) == (2, True)
    later = qa("models", "export-labels", out, "--since", "2026-11-20")
    assert (later.code, out.read_text(encoding="utf-8")) == (0, "")


def test_results_are_not_written_over_what_is_read(qa: Run, manifest: Path, tmp_path: Path) -> None:
    before = manifest.read_bytes()
    other = tmp_path / "link.jsonl"
    other.symlink_to(manifest)
    for out in (manifest, other):
        ran = qa("inspect", "--manifest", manifest, "--json", out)
        assert (ran.code, manifest.read_bytes()) == (2, before)
        assert "name another file" in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("out", "code"),
    [("/dev/full", "storage_full"), (".", "request_invalid"), ("/proc/none/x.jsonl", "request_invalid")],
)
def test_a_place_that_cannot_be_written_is_named(qa: Run, manifest: Path, out: str, code: str) -> None:
    ran = qa("inspect", "--manifest", manifest, "--json", out)
    assert ran.code == 2
    assert f"[{code}]" in ran.err
    assert out in ran.err
    assert "Traceback" not in ran.err


def test_an_interrupted_batch_says_what_is_there(
    qa: Run, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any) -> Iterator[Inspection]:
        yield next(iter(inspect_items(*arguments)))
        raise KeyboardInterrupt

    monkeypatch.setattr("qa_service.inspect.batch.inspect_items", interrupted)
    out = tmp_path / "out.jsonl"
    ran = qa("inspect", "--manifest", manifest, "--json", out)
    assert ran.code == 130
    assert f"1 of 2 calls was inspected; their results stand in {out}." in ran.err
    assert "Interrupted." in ran.err
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1
