"""Mandarin divided into words by how often they are used; the file that ships is made by the script that says so."""

from __future__ import annotations

import gzip
import importlib.util

import pytest

from qa_service.text.words import division, usual
from tests.speech.conftest import ROOT


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("他真心还款", ("他", "真心", "还款")),
        ("这个环境不错", ("这个", "环境", "不错")),
        ("", ()),
        ("㐀", ("㐀",)),
    ],
)
def test_the_likeliest_division(text: str, parts: tuple[str, ...]) -> None:
    assert division(text)[1] == parts


def test_words_of_the_domain_count_as_given() -> None:
    plain, _ = division("应还")
    chance, parts = division("应还", {"应还": -9.0})
    assert (chance, parts) == (-9.0, ("应还",))
    assert plain < chance


def test_what_is_a_word() -> None:
    assert usual("真心")
    assert not usual("千款")


def test_only_usual_words_are_kept() -> None:
    spec = importlib.util.spec_from_file_location("make_words", ROOT / "scripts/make_words.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.kept("欠款 65 n\n千款 2 m\n㐀 1 x\n一二三四五 99 m\n") == "㐀 1\n欠款 65\n"
    shipped = gzip.decompress((ROOT / "qa_service/text/words_zh.txt.gz").read_bytes()).decode()
    assert made.kept(shipped.replace("\n", " x\n")) == shipped
