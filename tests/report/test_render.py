"""The page: whole, self-contained, every link leads to a call of the day, and in one language."""

from __future__ import annotations

import re
import shutil
import time
from datetime import timedelta
from urllib.parse import unquote

import pytest

from qa_service.errors import ErrorCode, InputError, SetupError
from qa_service.records import NotAssessed, Severity
from qa_service.report.render import render_daily, style_hash, style_of
from qa_service.report.words import LANGUAGES
from qa_service.settings import bundled
from tests.factories import DAY
from tests.report.days import (
    BRISK,
    DOUBTED,
    KIND,
    RUDE,
    THREAT,
    call,
    failed,
    inspected_with,
    mixed_day,
    not_assessable,
    refused,
    report_of,
    waiting,
)
from tests.report.pages import page_of

TEMPLATES = bundled("reports")
HOSTILE = '"><script>alert(1)</script>{{ 7*7 }}</style>&'


def earlier():
    return {DAY - timedelta(days=n): [call(n, THREAT, day=DAY - timedelta(days=n)), call(99)] for n in (1, 2, 3, 5)}


def hostile():
    """Data that tries to become markup, wherever data may stand."""
    found = THREAT.model_copy(
        update=dict.fromkeys(("title", "quote", "message", "reason", "rule_id"), HOSTILE) | {"requirements": (HOSTILE,)}
    )
    gap = NotAssessed(rule_id=HOSTILE, requirements=(HOSTILE,), reason=HOSTILE)
    who = dict.fromkeys(("agent_id", "agent_name", "team", "product", "debtor_segment"), HOSTILE)
    bad = inspected_with(call(1, found, **who), not_assessed=(gap,), notes=(HOSTILE,))
    lost = failed(2, HOSTILE).model_copy(update={"call_id": f"C/{HOSTILE}"})
    return report_of([bad, lost], quarantined=(refused(HOSTILE, HOSTILE),))


DAYS = {
    "empty": lambda: report_of(),
    "refused only": lambda: report_of(quarantined=(refused(),)),
    "all failed": lambda: report_of([failed(n) for n in range(1, 6)] + [not_assessable(6)], earlier()),
    "all waiting": lambda: report_of([waiting(1), waiting(2)]),
    "one clean": lambda: report_of([call(1)]),
    "one violating": lambda: report_of([call(1, THREAT)]),
    "one doubtful": lambda: report_of([call(1, DOUBTED)]),
    "nobody named": lambda: report_of([call(1, RUDE, agent_id=None, agent_name=None, team=None, overdue_days=None)]),
    "mixed": lambda: report_of(mixed_day(), earlier(), (refused(),)),
    "many rows": lambda: report_of([call(n, THREAT, BRISK, agent_id=f"A-{n}") for n in range(1, 41)], earlier()),
    "hostile": hostile,
}


@pytest.fixture(scope="module", params=DAYS)
def report(request):
    return DAYS[request.param]()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_and_needs_nothing_else(report, language):
    page = page_of(report, language, "https://qa.example.com")
    assert page.loads == []
    assert not {"script", "img", "iframe", "link", "object", "form", "base"} & page.tags
    assert [a for a in page.links if not a.startswith(("#", "https://qa.example.com/"))] == []
    assert set(re.findall(r"url\((.)", page.html)) <= {"#"}
    assert "@import" not in page.html
    assert len(set(page.ids)) == len(page.ids)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_leads_to_a_call_of_the_day_or_a_place_on_the_page(report, language):
    calls = {line.call_id for line in report.calls}
    inner, outer = page_of(report, language), page_of(report, language, "https://qa.example.com/")
    for page in (inner, outer):
        places = {a[1:] for a in page.links if a.startswith("#")}
        assert places - set(page.ids) == set()
    assert [a for a in inner.links if not a.startswith("#")] == []
    days = {str(d.day) for d in report.days}
    for address in (a for a in outer.links if not a.startswith("#")):
        found = re.fullmatch(r"https://qa\.example\.com/(calls|reports)/([^/?#]+)(\?t=\d+\.\d)?", address)
        assert found, address
        assert unquote(found[2]) in (calls if found[1] == "calls" else days)


def test_every_call_of_the_day_can_be_reached(report):
    page = page_of(report, "en", "https://qa.example.com")
    reached = {unquote(a.rpartition("/calls/")[2].partition("?")[0]) for a in page.links if "/calls/" in a}
    assert reached == {line.call_id for line in report.calls}


def test_a_figure_leads_to_the_moments_that_it_counts():
    page = page_of(report_of([call(1, THREAT, THREAT.model_copy(update={"start_s": 62.5}))]), "en", "")
    assert {"#f-severity-critical-findings", "/calls/C-1?t=1.0", "/calls/C-1?t=62.5"} <= set(page.links)
    assert "f-severity-critical-findings" in page.ids


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_policy_of_the_page_lets_only_its_own_style_pass(language):
    page = page_of(report_of(), language)
    assert f"style-src {style_hash(style_of(TEMPLATES))};" in page.html.replace("&#39;", "'")
    assert "default-src 'none'" in page.html.replace("&#39;", "'")


# the words


def test_the_english_page_of_english_calls_has_no_chinese():
    who = {"agent_name": "Dana", "team": "Dallas", "product": "card", "jurisdiction": "US", "language": "en"}
    late = THREAT.model_copy(update={"requirements": ("US-1692C-A1",), "title": "Late", "quote": "now", "message": "x"})
    entries = [call(1, late, **who), inspected_with(call(2, **who), language="en"), failed(3)]
    entries[2] = entries[2].model_copy(update={"facts": entries[1].facts})
    for made in (report_of(entries, quarantined=(refused(),)), report_of()):
        assert re.findall(r"[\u3400-\u9fff，。；：（）]+", page_of(made, "en").text) == []


#: Latin words that stand on a Chinese page: names, ids, units and what comes from the data.
LATIN = r"""
    \d{4}-\d\d-\d\dT[\d:+-]+|qa_service|sha256|UTC|V1|V2|M[0-6](?:–M[36])?\+?|C-\d+|[ACU]{1,2}-\d+|CN-[A-Z]+-\d+|[ABCDF]|cn|none|notes\.docx
"""


def test_the_chinese_page_of_chinese_calls_has_no_english():
    report = report_of(mixed_day(), earlier(), (refused(),))
    ours = [words for lang, words in page_of(report, "zh").said if not lang.startswith("en")]
    left = [re.sub(rf"(?<![\w-])(?:{LATIN.strip()})(?![\w-])", "", words) for words in ours]
    assert {words for words in left if re.search(r"[A-Za-z]", words)} == set()


def test_national_standards_are_never_called_law():
    page = page_of(report_of([call(1, THREAT)]), "zh").text
    assert "可能违反：信用卡办法第68条" in page
    from qa_service.report.build import label_of
    from qa_service.rules.catalogue import load_catalogue

    for requirement in load_catalogue(bundled("rules")):
        wording = label_of(requirement).wording
        lawful = wording["zh"].startswith("可能违反"), wording["en"].startswith("May breach")
        assert lawful == ((requirement.basis == "law"),) * 2, requirement.id


def test_a_requirement_is_titled_in_the_reader_s_language():
    from qa_service.report.build import label_of
    from qa_service.rules.catalogue import load_catalogue

    threat = load_catalogue(bundled("rules")).get("CN-THREAT-01")
    assert threat is not None
    report = report_of([call(1, THREAT)])
    report = report.model_copy(update={"labels": {"CN-THREAT-01": label_of(threat)}})
    pages = {language: page_of(report, language).text for language in LANGUAGES}
    assert "Violence, threats, intimidation" in pages["en"]
    assert "暴力、威胁、恐吓" not in pages["en"]
    assert "暴力、威胁、恐吓" in pages["zh"]


def test_a_finding_is_put_in_the_reader_s_language():
    report = report_of([call(1, THREAT)])
    note = report.to_hear.notes[0]
    evidence = note.evidence[0].model_copy(update={"titles": {"zh": "威胁", "en": "Threatens"}, "quote": "",
                                                   "messages": {"en": "It was threatened."}})  # fmt: skip
    heard = report.to_hear.model_copy(update={"notes": (note.model_copy(update={"evidence": (evidence,)}),)})
    report = report.model_copy(update={"to_hear": heard})
    pages = {language: page_of(report, language).text for language in LANGUAGES}
    assert "Threatens" in pages["en"]
    assert "It was threatened." in pages["en"]
    assert "Threatens" not in pages["zh"]
    assert THREAT.message in pages["zh"]


def test_a_telephone_number_in_an_id_or_a_file_s_name_is_shown_by_its_last_digits():
    entry = call(1, THREAT).model_copy(update={"call_id": "20261116_13812345678_A305"})
    report = report_of([entry], None, (refused("rec-07700900123.docx"),))
    page = page_of(report, "en", None)
    assert "20261116_*******5678_A305" in page.text
    assert "rec-*******0123.docx" in page.text
    assert "13812345678" not in page.html
    assert "07700900123" not in page.html


@pytest.mark.parametrize(
    "name", ["D-ZH-003", "2026111614100001", "1763270000123", "2026-11-16T14:10:00Z", "4008205555-1"]
)
def test_other_names_are_shown_as_they_are(name):
    from qa_service.report.words import named

    assert named(name) == name


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_data_stays_data(language):
    page = page_of(hostile(), language, "")
    assert "script" not in page.tags
    assert "{{ 7*7 }}" in page.text
    assert any(HOSTILE in words for _, words in page.said)


@pytest.mark.parametrize(
    ("day", "language", "said"),
    [
        ("empty", "en", ["No calls were received on this day.", "not the same as no violations", "Nothing was"]),
        ("empty", "zh", ["当日没有收到通话。", "也不能视为合规"]),
        ("all failed", "en", ["0 of 6 calls received were inspected (0 %)", "“Audio damaged”", "Ask for it again."]),
        ("all waiting", "en", ["Write this report again once the 2 waiting calls are done"]),
        ("one clean", "en", ["1 of 1 call received was inspected (100 %)", "holds no confirmed critical violation",
                             "every rule could be judged on 1 of 1"]),
        ("one violating", "en", ["The 1 inspected call holds a confirmed critical violation", "found once"]),
        ("one doubtful", "en", ["No violation is confirmed", "1 call holds only doubtful findings"]),
        ("one doubtful", "zh", ["没有已确认的违规", "1 通仅有存疑发现", "文字不够确定"]),
        ("nobody named", "en", ["not stated", "agent not stated"]),
    ],
)  # fmt: skip
def test_unusual_days_read_well(day, language, said):
    text = squeezed(page_of(DAYS[day](), language).text)
    assert [words for words in said if squeezed(words) not in text] == []


def squeezed(text):
    """Without spaces: where a link ends says nothing of the words."""
    return re.sub(r"\s", "", text)


def test_a_day_of_two_thousand_calls_is_quick_and_shows_the_gravest():
    finds = {0: (THREAT,), 1: (RUDE,), 2: (BRISK, KIND), 3: (DOUBTED,)}
    entries = [call(n, *finds.get(n % 25, ()), agent_id=f"A-{n % 50}", team=f"{n % 7}") for n in range(2000)]
    begun = time.process_time()
    report = report_of(entries)
    html = render_daily(report, language="en", base_url="", templates=TEMPLATES)
    assert time.process_time() - begun < 20
    assert report.covered.violating.part.count == 240
    assert len(report.to_hear.notes) == 100
    assert report.to_hear.of.count == 240
    assert "100 of" in html
    assert len(html) < 6_000_000
    page = page_of(report, "en", "")
    assert page.text.count("Critical") < 400
    assert {r.severity for r in report.severities} == {Severity.CRITICAL, Severity.MAJOR, Severity.MINOR}


# what cannot be rendered


@pytest.mark.parametrize("base", ["javascript:alert(1)", "ftp://x", "//evil.example", "qa.example.com", "https://"])
def test_what_is_no_address_of_pages_is_refused(base):
    with pytest.raises(InputError) as wrong:
        page_of(report_of(), "en", base)
    assert wrong.value.code == ErrorCode.REQUEST_INVALID


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError) as wrong:
        page_of(report_of(), "de")
    assert wrong.value.code == ErrorCode.LANGUAGE_UNSUPPORTED


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("daily.html", "{{ report.no_such_figure }}"),
        ("daily.html", "{% if %}"),
        ("daily.html", '{{ t("no.such.key") }}'),
    ],
)
def test_a_template_that_does_not_fit_is_told_with_its_folder(tmp_path, name, content):
    shutil.copytree(TEMPLATES, tmp_path / "t")
    (tmp_path / "t" / name).write_text(content, encoding="utf-8")
    with pytest.raises(SetupError, match="do not fit") as wrong:
        render_daily(report_of(), language="en", base_url=None, templates=tmp_path / "t")
    assert wrong.value.code == ErrorCode.SETTINGS_INVALID


def test_a_missing_style_sheet_is_told(tmp_path):
    shutil.copytree(TEMPLATES, tmp_path / "t")
    (tmp_path / "t/daily.css").unlink()
    with pytest.raises(SetupError, match="style sheet"):
        render_daily(report_of(), language="en", base_url=None, templates=tmp_path / "t")
