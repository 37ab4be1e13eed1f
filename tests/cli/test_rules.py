"""``qa rules …`` from a prompt: try words, write a new rule, and what each says when it is used wrongly."""

from __future__ import annotations

import io
import json
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from qa_service.rules.lint import check
from qa_service.rules.lock import write_lock
from tests.cli.conftest import Run
from tests.rules.building import folder, rule

BARE = {"lexicons": {}, "parameters": {}}
RUDE = rule({"select": {"x": {"phrases": ["shut up"]}, "filter_box": {"phrases": ["the box"]}}}, id="H-RUDE-1")
DEBT = rule({"select": {"x": {"phrases": ["你欠钱"]}}}, id="O-DEBT-1", status="draft", title="说欠钱", requirements=[])


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two packs: house (zh and en) and other (zh), the second with a draft."""
    (tmp_path / "rules").mkdir()
    root = folder(tmp_path / "rules", RUDE, pack=BARE)
    other = root / "other"
    other.mkdir()
    pack = {"name": "other", "version": "1", "title": "其他", "languages": ["zh"]}
    (other / "pack.yaml").write_text(yaml.safe_dump(pack, allow_unicode=True), encoding="utf-8")
    (other / "debt.yaml").write_text(yaml.safe_dump(DEBT, allow_unicode=True, sort_keys=False), encoding="utf-8")
    write_lock(root)
    monkeypatch.setenv("QA_RULES_DIR", str(root))
    return root


def typed(content: bytes) -> io.TextIOWrapper:
    """Standard input that holds these bytes."""
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")


def test_lines_that_name_their_speakers(qa: Run, rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "call.txt"
    path.write_text("customer: shut up\n\nagent: just be quiet,\n  shut up and listen\n客户:fine\n", encoding="utf-8")
    ran = qa("rules", "test", path)
    assert ran.out.count("“shut up”") == 1
    assert "00:0" in ran.out
    assert "“shut up”" not in qa("rules", "test", "customer: shut up\nagent: good morning").out


def test_what_the_classifier_held_back_is_told(qa: Run, rules: Path) -> None:
    words = "agent: Our office is shut up for the holidays until Monday."
    assert "held back 1 more" in qa("rules", "test", words).out
    explained = qa("rules", "test", words, "--explain").out
    assert "second_opinion" in explained
    assert "held back 1 more" not in explained


def test_a_fact_that_is_no_use_is_told_without_being_asked(qa: Run, rules: Path) -> None:
    asks = rule({"facts": "account.filed == true"}, id="H-FILED-1", requirements=[], applies_to={})
    folder(rules, asks, pack=BARE)
    described = {"zh": "已起诉", "en": "Filed", "holds": "switch"}
    (rules / "facts.yaml").write_text(yaml.safe_dump({"facts": {"filed": described}}), encoding="utf-8")
    write_lock(rules)
    turns = [{"role": "agent", "text": "good morning"}]
    for sent, told in (("perhaps", True), ("N", False)):
        call = json.dumps({"language": "en", "account": {"filed": sent}, "turns": turns})
        out = " ".join(qa("rules", "test", call).out.split())
        assert ("H-FILED-1 invalid_fact: account.filed ('perhaps') is neither true nor false" in out) is told, out
    call = json.dumps({"language": "en", "account": {"fileed": True, "filed_": True}, "turns": turns})
    out = qa("rules", "test", call).out
    assert "no rule asks for account.fileed; filed may be meant." in out.replace("\n", " ")


def test_json_of_turns_from_a_file_and_from_standard_input(
    qa: Run, rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = json.dumps({"language": "en", "turns": [{"role": "agent", "text": "shut up"}]})
    path = tmp_path / "call.json"
    path.write_text(call, encoding="utf-8")
    for words in (call, "坐席:shut up\n", "shut up\n"):
        monkeypatch.setattr(sys, "stdin", typed(words.encode()))
        assert "“shut up”" in qa("rules", "test", "-").out
    assert "“shut up”" in qa("rules", "test", path).out


def test_a_rule_file_is_not_read_as_words(qa: Run, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = rules / "other" / "debt.yaml"
    ran = qa("rules", "test", path)
    assert ran.code == 2
    assert "debt.yaml: this is a rule file" in ran.err
    assert "qa rules check" in ran.err
    assert "--pack other --explain" in ran.err
    monkeypatch.setattr(sys, "stdin", typed(path.read_bytes()))
    assert "this is a rule file" in qa("rules", "test", "-").err
    assert "There is no file debt.yml" in qa("rules", "test", "debt.yml").err


@pytest.mark.parametrize("length", [85, 86, 255, 256, 499, 500])
def test_a_long_line_of_chinese_is_words_and_no_file_name(
    qa: Run, rules: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    words = ("你欠钱" + "今天天气不错" * 100)[:length]
    asked = ("--pack", "other", "--drafts")
    assert "“你欠钱”" in qa("rules", "test", words, *asked).out
    monkeypatch.setattr(sys, "stdin", typed(words.encode()))
    assert "“你欠钱”" in qa("rules", "test", "-", *asked).out


@pytest.mark.parametrize("content", ["你欠钱你欠钱".encode("gbk"), b"\xff\xfe" + "你欠钱".encode(), b"shut up \xff"])
def test_standard_input_that_is_not_utf8_is_refused_as_a_file_is(
    qa: Run, rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    of_file = qa("rules", "test", path)
    monkeypatch.setattr(sys, "stdin", typed(content))
    of_input = qa("rules", "test", "-")
    assert "words.txt is not UTF-8 (byte " in of_file.err
    assert of_input == replace(of_file, err=of_file.err.replace("words.txt", "standard input"))
    monkeypatch.setattr(sys, "stdin", typed(b"\xef\xbb\xbf" + b"shut up"))
    assert "“shut up”" in qa("rules", "test", "-").out


def test_a_long_text_tells_how_far_it_is(qa: Run, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert qa("rules", "test", "shut up").err == ""
    monkeypatch.setattr("qa_service.cli.screen.QUIET_S", 0.0)
    ran = qa("rules", "test", "good morning and shut up. " * 60)
    done, total = ran.err.splitlines()[-1].split()[0].split("/")
    assert done == total
    assert "passages read by the classifier" in ran.err


def test_explain_names_gates_passed_and_hits_held_back_with_their_cues(qa: Run, rules: Path) -> None:
    ran = qa("rules", "test", "agent: I never told you to shut up\nagent: shut up", "--explain")
    assert "passed: H-RUDE-1 “shut up” by speaker, quotation, negation; needs_review: rule_on_trial" in ran.out
    assert "suppressed: H-RUDE-1 turn 0 “shut up” by negation: “never" in ran.out


def test_the_settings_of_the_service_hold_for_words_too(qa: Run, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = rule({"select": {"x": {"phrases": ["准备坐牢"], "pinyin": True}}}, id="H-JAIL-1", requirements=[])
    folder(rules, heard, pack=BARE)
    assert "准备做牢" in qa("rules", "test", "你就准备做牢吧").out
    monkeypatch.setenv("QA_SOUND_ALIKE", "false")
    assert "No findings." in qa("rules", "test", "你就准备做牢吧").out


def test_one_pack_alone_and_drafts(qa: Run, rules: Path) -> None:
    said = "shut up 你欠钱你欠钱你欠钱"
    both = qa("rules", "test", said, "--pack", "other")
    assert "No findings." in both.out
    assert "Not run, in draft (--drafts runs them): O-DEBT-1" in both.out
    run = qa("rules", "test", said, "--pack", "other", "--drafts")
    assert "说欠钱" in run.out
    assert "draft" not in run.out.replace("--drafts", "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("test", "shut up", "--pack", "hous"), ("'hous'", "house, other", "pack_not_found")),
        (("test", "shut up", "--pack", "other"), ("other is for zh", "pack_not_found")),
        (("test", "gone.json"), ("gone.json", "file_not_found")),
        (("test", "  "), ("no words", "transcript_invalid")),
        (("test", "agent:\nagent: hello"), ("turn 1 has no words",)),
        (("new", "nowhere", "H-NEW-1", "--title", "t"), ("'nowhere'", "house, other")),
        (("new", "house", "h-new", "--title", "t"), ("'h-new' is no rule id", "CN-COLL-NIGHT-9")),
        (("new", "house", "O-DEBT-1", "--title", "t"), ("used already, by other/debt.yaml",)),
        (("new", "house", "H-OLD-1", "--title", "t"), ("retired",)),
        (("new", "house", "H-NEW-1", "--title", "  "), ("title is empty",)),
        (("new", "house", "H-NEW-1", "--title", "t", "--requirement", "X-1"), ("X-1 is not in the catalogue",)),
    ],
)
def test_wrong_use_is_refused_with_the_mend(
    qa: Run, rules: Path, arguments: tuple[str, ...], says: tuple[str, ...]
) -> None:
    lock = json.loads((rules / "lock.json").read_text(encoding="utf-8"))
    (rules / "lock.json").write_text(json.dumps({**lock, "retired": ["H-OLD-1"]}), encoding="utf-8")
    before = sorted(rules.rglob("*"))
    ran = qa("rules", *arguments)
    assert ran.code == 2
    assert all(words in ran.err for words in says), ran.err
    assert sorted(rules.rglob("*")) == before


@pytest.mark.parametrize(("pack", "severity"), [("house", "critical"), ("other", "praise")])
def test_new_rule_passes_the_check_at_once(qa: Run, rules: Path, pack: str, severity: str) -> None:
    ran = qa("rules", "new", pack, "H-NIGHT-9", "--title", "夜里: 打电话 # 了", "--severity", severity)
    assert "qa rules check" in ran.out
    assert check(rules) == ()
    tried = qa("rules", "test", "您好请改成坐席会说的话", "--pack", pack, "--drafts").out
    assert "夜里: 打电话" in tried
    again = qa("rules", "new", pack, "H-NIGHT-9", "--title", "t")
    assert "used already" in again.err


def test_file_of_a_new_rule_is_named_without_the_prefix_of_its_pack(qa: Run, rules: Path) -> None:
    (rules / "cn-collections").mkdir()
    pack = (rules / "other" / "pack.yaml").read_text(encoding="utf-8").replace("other", "cn-collections")
    (rules / "cn-collections" / "pack.yaml").write_text(pack, encoding="utf-8")
    qa("rules", "new", "cn-collections", "CN-COLL-XYZ-1", "--title", "t")
    assert (rules / "cn-collections" / "xyz-1.yaml").is_file()


def test_backtest_prints_writes_and_goes_by_days(qa: Run, rules: Path, tmp_path: Path) -> None:
    call = {"call_id": "B-1", "jurisdiction": "US", "language": "en", "started_at": "2026-11-16T10:00:00+08:00"}
    manifest = tmp_path / "calls.jsonl"
    said = [{"role": "agent", "text": "shut up"}, {"role": "agent", "text": "shut your mouth now", "start_s": None}]
    manifest.write_text(json.dumps({**call, "turns": said}), encoding="utf-8")
    qa("ingest", "--manifest", manifest)
    qa("work")
    path = rules / "house" / "h-rude-1.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("shut up", "your mouth"), encoding="utf-8")
    page, data = tmp_path / "out" / "page.html", tmp_path / "out" / "result.json"
    ran = qa("rules", "backtest", "house", "--since", "2026-11-16", "--jobs", 1, "--html", page, "--json", data)
    assert "1 of 1 inspected call judged again by house; 1 differs: 1 finding gained, 1 lost, 0 changed." in ran.out
    assert "+ H-RUDE-1  B-1  00:0" in ran.out
    assert "− H-RUDE-1  B-1  00:00  “shut up”" in ran.out
    assert json.loads(data.read_text(encoding="utf-8"))["touched"] == 1
    assert "回测" in page.read_text(encoding="utf-8")
    late = qa("rules", "backtest", "house", "--since", "2026-11-17", "--json", "-")
    nowhere = qa("rules", "backtest", "house", "--since", "2026-11-16", "--html", tmp_path)
    assert (nowhere.code, "judged again" in nowhere.out + nowhere.err) == (2, False)
    assert "Is a directory" in nowhere.err
    assert json.loads(late.out)["kept"] == 0
    assert "pack_not_found" in qa("rules", "backtest", "hous", "--since", "2026-11-16").err
    assert "request_invalid" in qa("rules", "backtest", "house", "--since", "2026-11-17", "--until", "2026-11-16").err


def test_import_of_sca_rules_tells_what_is_lost_and_can_be_tried(qa: Run, rules: Path) -> None:
    ran = qa(
        "rules", "import-sca", Path(__file__).parent.parent / "rules" / "sca_files" / "upload.json", "--pack", "house"
    )
    assert ran.code == 1
    assert "rules written as drafts" in ran.out
    assert "which entity its number" in " ".join(ran.out.split())
    tried = qa("rules", "test", "坐席:今天去你家收钱\n坐席:不会上门收的", "--pack", "house", "--drafts")
    assert tried.out.count("威胁上门") == 1


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """One rule of SCA, with a name that no screen takes."""
    words = {"oid": "1", "type": "HIT_ANY_KEYWORDS", "param": {"keywords": ["你滚"]}}
    condition = {"cid": "1", "check_range": {"role": "客服"}, "lambda": "1", "operators": [words]}
    path = tmp_path / "export.json"
    content = {"conditions": [condition], "rules": [{"rid": "10", "name": "骂\ud800人", "lambda": "1"}]}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_next_step_of_an_import_works_as_printed(qa: Run, rules: Path, export: Path, tmp_path: Path) -> None:
    words = "agent: 你滚"
    assert "Next: qa rules test FILE --pack house --drafts" in qa("rules", "import-sca", export, "--pack", "house").out
    own = folder(tmp_path / "own rules", pack=BARE)
    ran = qa("rules", "import-sca", export, "--out", own)
    assert ran.code == 0
    step = ran.out.partition("Next: ")[2].partition(", then")[0]
    assert shlex.split(step)[-2:] == ["--rules", str(own)]
    assert "你滚" in qa(*(words if part == "FILE" else part for part in shlex.split(step)[1:])).out


def test_import_into_a_folder_of_its_own_says_where_it_runs(qa: Run, rules: Path, export: Path, tmp_path: Path) -> None:
    out = tmp_path / "new out"
    ran = qa("rules", "import-sca", export, "--out", out)
    assert ran.code == 0
    assert "has no gates" in ran.out
    move = shlex.split(ran.out.partition("Next: ")[2].partition(" (or")[0])
    assert move == ["mv", str(out / "sca-import"), f"{rules}/"]
    shutil.move(*move[1:])
    step = shlex.split(ran.out.partition("), then ")[2].partition(", then")[0])
    assert "你滚" in qa(*("agent: 你滚" if part == "FILE" else part for part in step[1:])).out
    again = qa("rules", "import-sca", export, "--out", out).out
    assert "Next: import again with a --pack" in again


def test_a_signal_that_no_classifier_tells_is_a_mistake(qa: Run, rules: Path) -> None:
    posing = rule({"select": {"x": {"signal": {"label": "falselegal"}}}}, id="H-LEGAL-1", status="draft")
    (rules / "house" / "legal.yaml").write_text(yaml.safe_dump(posing), encoding="utf-8")
    assert qa("rules", "lock").code == 0
    ran = qa("rules", "check")
    assert ran.code == 1
    assert "house/legal.yaml:" in ran.out
    assert "the classifier has no label 'falselegal'" in ran.out
    assert "Did you mean false_legal?" in ran.out


def test_docs_are_written_and_checked(qa: Run, rules: Path, tmp_path: Path) -> None:
    out = tmp_path / "site" / "rules"
    assert "3 pages, 3 changed" in qa("rules", "docs", "--out", out).out
    link = (out / "house.md").read_text(encoding="utf-8").partition("`H-RUDE-1`](")[2].partition(")")[0]
    assert (out / link).is_file()
    assert qa("rules", "docs", "--out", out, "--check").code == 0
    (out / "house.md").write_text("old", encoding="utf-8")
    stale = qa("rules", "docs", "--out", out, "--check")
    assert (stale.code, "house.md" in stale.out) == (1, True)
    assert (out / "house.md").read_text(encoding="utf-8") == "old"
