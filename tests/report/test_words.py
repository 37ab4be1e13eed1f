"""Numbers, times and the two catalogues."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest

import qa_service
from qa_service.errors import ErrorCode, InputError, SetupError
from qa_service.report.words import LANGUAGES, clock, hours, percent, points, words
from qa_service.settings import bundled

TEMPLATES = bundled("reports")


def catalogue(language):
    return json.loads((TEMPLATES / "messages" / f"{language}.json").read_text(encoding="utf-8"))


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_catalogues_say_the_same_things_of_the_same_values():
    zh, en = catalogue("zh"), catalogue("en")
    variants = (".one", ".single")
    assert {k for k in zh.keys() ^ en.keys() if not k.endswith(variants)} == set()
    for key in zh.keys() & en.keys():
        if not key.endswith(variants):
            assert places(zh[key]) == places(en[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_variant_asks_for_no_value_that_its_key_does_not_get(language):
    said = catalogue(language)
    for key, text in said.items():
        base = key.removesuffix(".one").removesuffix(".single")
        if base != key:
            given = places(said[base]) | (
                {"part", "whole", "share", "interval", "n"} if key.startswith("say.") else set()
            )
            assert places(text) <= given, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_code_has_words(language):
    said = catalogue(language)
    assert [c for c in ErrorCode if f"error.{c}" not in said] == []


def test_the_english_catalogue_has_no_chinese():
    assert [k for k, text in catalogue("en").items() if any("\u3400" <= c <= "\u9fff" for c in text)] == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"), (0.0, "0 %"), (1.0, "100 %"), (1 / 3, "33 %"), (0.999, "99.9 %"), (0.99999, "> 99.9 %"),
        (0.002, "0.2 %"), (0.0001, "< 0.1 %"), (0.996, "99.6 %"),
    ],
)  # fmt: skip
def test_per_cent_is_whole_but_near_its_ends(value, shown):
    assert percent(value).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("change", "shown"), [(None, "–"), (0.0, "±0"), (0.004, "±0"), (0.1, "+10"), (-0.055, "\u22126")]
)
def test_change_in_points(change, shown):
    assert points(change) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(None, "–"), (0, "00:00"), (62.9, "01:02"), (3600, "1:00:00")])
def test_times_in_a_call(seconds, shown):
    assert clock(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, "0.00"), (36000, "10.0"), (3_600_000, "1,000")])
def test_hours_of_audio(seconds, shown):
    assert hours(seconds) == shown


def test_data_in_a_text_is_escaped():
    t = words(TEMPLATES, "en")
    assert "<b>" not in t("say.team_above", name="<b>", part=1, whole=2, share="x", interval="y")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_stable_words_of_the_rules_have_words_here(language):
    rules = Path(qa_service.__file__).parent / "rules"
    names = ("evaluate.py", "evidence.py", "facts.py", "findings.py", "obligations.py", "operators/*.py")
    source = "".join(path.read_text(encoding="utf-8") for name in names for path in sorted(rules.glob(name)))
    stable = set(re.findall(r'f?"([a-z]+(?:_[a-z]+)*): ', source))
    said = catalogue(language)
    assert len(stable) >= 8
    assert [w for w in stable if not {f"reason.{w}", f"doubt.{w}"} & said.keys()] == []


def test_a_doubt_is_told_by_its_stable_word_else_as_written():
    t = words(TEMPLATES, "zh")
    assert t.reason("doubtful_words: 0.21") == "文字不够确定"
    assert t.reason("heard <once>") == "heard &lt;once&gt;"


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError) as wrong:
        words(TEMPLATES, "fr")
    assert wrong.value.code == ErrorCode.LANGUAGE_UNSUPPORTED


def test_a_broken_catalogue_is_told(tmp_path):
    (tmp_path / "messages").mkdir()
    (tmp_path / "messages/en.json").write_text("{", encoding="utf-8")
    with pytest.raises(SetupError, match=r"en\.json"):
        words(tmp_path, "en")
