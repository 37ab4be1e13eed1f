"""A day's report from the store, and its files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qa_service.errors import ErrorCode, InputError, RuleError, SetupError
from qa_service.jobs.reports import daily_report, write_daily
from qa_service.records import ErrorInfo, FindingState
from qa_service.report.records import DailyReport
from qa_service.rules.load import load_packs
from qa_service.settings import bundled
from tests.factories import DAY, NOW, finding, unassessable
from tests.jobs.fakes import settings_at
from tests.store.keeping import claimed, inspect, keep

THREAT = finding(requirements=("CN-THREAT-01",), quote="加我 13812345678")


@pytest.fixture
def kept(store):
    """Four calls: one violating, one only doubtful, one not assessable, one that waits."""
    for number in range(1, 4):
        keep(store, f"C-{number}", number)
    inspect(store, THREAT)
    inspect(store, THREAT.model_copy(update={"state": FindingState.UNVERIFIED}))
    claim = claimed(store)
    assert store.queue.finish(claim, unassessable(claim.call_id), NOW)
    keep(store, "C-4", 4)
    return store


def test_the_report_holds_what_the_store_holds(kept, settings):
    c = daily_report(kept, DAY, settings).covered
    assert (c.received.count, c.inspected.part.count, c.not_assessable.count, c.waiting.count) == (4, 2, 1, 1)
    assert (c.violating.part.count, c.doubtful.count) == (1, 1)


def test_requirements_are_named_and_cited_from_the_catalogue_that_ships(kept, settings):
    label = daily_report(kept, DAY, settings).labels["CN-THREAT-01"]
    assert label.wording["zh"].startswith("可能违反")
    assert label.citations


def test_personal_numbers_are_taken_out_of_quotes(kept, settings):
    report = daily_report(kept, DAY, settings)
    assert "13812345678" not in report.model_dump_json()
    assert report.to_hear.notes[0].evidence[0].quote == "加我 [电话]"


def test_a_quote_stands_in_its_turn(store, settings):
    keep(store, "C-1")
    inspect(store, finding())
    evidence = daily_report(store, DAY, settings).to_hear.notes[0].evidence[0]
    assert (evidence.before, evidence.quote, evidence.after) == ("您好，再不还我就", "打电话给你单位", "")


@pytest.mark.parametrize(
    ("version", "titles"),
    [
        (None, {"zh": "同一号码当日未接通拨打超过上限", "en": "More unanswered attempts on one number than allowed"}),
        (99, {}),
    ],
)
def test_a_rule_is_titled_in_the_reader_s_language_while_it_is_the_one_that_found_it(store, settings, version, titles):
    rules = load_packs(bundled("rules"), ["cn-collections"])["cn-collections"].rules
    now = next(rule.spec.version for rule in rules if rule.id == "CN-COLL-FREQ-2")
    found = finding(rule_id="CN-COLL-FREQ-2", rule_version=version or now, title="那时的标题", message="那时的话")
    keep(store, "C-1")
    inspect(store, found)
    evidence = daily_report(store, DAY, settings).to_hear.notes[0].evidence[0]
    assert evidence.titles == titles
    assert evidence.titled("en") == titles.get("en", "那时的标题")
    assert ("attempts" in evidence.told("en"), evidence.told("fr")) == (bool(titles), "那时的话")


def test_the_days_before_make_the_band(kept, settings):
    report = daily_report(kept, DAY + timedelta(days=1), settings)
    assert report.covered.received.count == 0
    assert report.days[-2].received == 4
    assert report.days[-2].inspected == 2


def test_refused_files_count_on_the_day_of_their_refusal_where_the_service_stands(store, tmp_path):
    late = datetime(2026, 11, 17, 16, 30, tzinfo=UTC)  # 00:30 on the 18th in Shanghai
    store.quarantine.add("a.docx", ErrorInfo(code="not_audio", message="a.docx is not audio."), late)
    shanghai, london = settings_at(tmp_path), settings_at(tmp_path, timezone="Europe/London")
    assert daily_report(store, DAY, shanghai).covered.refused == 0
    assert daily_report(store, DAY + timedelta(days=1), shanghai).covered.refused == 1
    assert daily_report(store, DAY, london).covered.refused == 1


def test_times_of_the_service_stand_as_the_clock_of_its_place_shows_them(store, tmp_path):
    late = datetime(2026, 11, 17, 16, 30, tzinfo=UTC)
    store.quarantine.add("a.docx", ErrorInfo(code="not_audio", message="a.docx is not audio."), late)
    keep(store, "C-1")
    _, refused, _ = write_daily(store, DAY + timedelta(days=1), settings_at(tmp_path))
    assert ">2026-11-18 00:30 +08:00</time>" in refused.read_text(encoding="utf-8")
    _, page, _ = write_daily(store, DAY, settings_at(tmp_path))
    assert page.read_text(encoding="utf-8").count(">2026-11-17 17:01 +08:00</time>") == 2


def test_three_files_are_written_under_the_reports_folder(kept, settings):
    paths = write_daily(kept, DAY, settings, base_url="https://qa.example.com")
    assert [p.relative_to(settings.data_dir).as_posix() for p in paths] == [
        "reports/daily-2026-11-17.zh.html", "reports/daily-2026-11-17.en.html", "reports/daily-2026-11-17.json"
    ]  # fmt: skip
    zh, en, data = (p.read_text(encoding="utf-8") for p in paths)
    assert "催收质检日报" in zh
    assert "Daily call quality report" in en
    assert "https://qa.example.com/calls/C-1?t=1.0" in zh
    assert DailyReport.model_validate_json(data) == daily_report(kept, DAY, settings)


def test_writing_again_replaces_the_files_and_leaves_nothing_else(kept, settings):
    first = write_daily(kept, DAY, settings)
    before = [p.read_bytes() for p in first]
    inspect(kept, THREAT)
    again = write_daily(kept, DAY, settings)
    assert again == first
    assert all(p.read_bytes() != old for p, old in zip(again, before, strict=True))
    assert sorted(settings.report_output_dir.iterdir()) == sorted(again)


def test_the_same_store_gives_the_same_files_byte_for_byte(kept, settings):
    first = [p.read_bytes() for p in write_daily(kept, DAY, settings)]
    assert [p.read_bytes() for p in write_daily(kept, DAY, settings)] == first


def test_a_day_without_calls_has_a_report_too(store, settings):
    paths = write_daily(store, DAY, settings)
    assert "当日没有收到通话" in paths[0].read_text(encoding="utf-8")


def test_a_file_that_cannot_take_its_name_leaves_no_half_file(store, settings):
    (settings.report_output_dir / "daily-2026-11-17.zh.html").mkdir(parents=True)
    with pytest.raises(SetupError) as wrong:
        write_daily(store, DAY, settings)
    assert wrong.value.code == ErrorCode.SETTINGS_INVALID
    assert [p.name for p in settings.report_output_dir.iterdir()] == ["daily-2026-11-17.zh.html"]


def test_a_reports_folder_that_is_a_file_is_told(store, settings):
    settings.data_dir.mkdir()
    settings.report_output_dir.write_text("", encoding="utf-8")
    with pytest.raises(SetupError) as wrong:
        write_daily(store, DAY, settings)
    assert "QA_DATA_DIR" in wrong.value.hint


def test_nothing_is_written_where_the_report_cannot_be_made(store, settings, tmp_path):
    with pytest.raises(InputError):
        write_daily(store, DAY, settings, base_url="javascript:alert(1)")
    with pytest.raises(RuleError):
        write_daily(store, DAY, settings.model_copy(update={"rules_dir": tmp_path}))
    with pytest.raises(SetupError):
        write_daily(store, DAY, settings.model_copy(update={"timezone": "Mars/Base"}))
    assert not settings.report_output_dir.exists()
