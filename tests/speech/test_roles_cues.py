"""Cues in turns: by sound in Mandarin, by word in English."""

from __future__ import annotations

import json

import pytest

from qa_service.records import Role
from qa_service.settings import bundled
from qa_service.speech.roles.cues import Cue, load_cues, tokens
from qa_service.speech.roles.model import load_model

FOLDER = bundled("models") / "roles"


def cue(name: str) -> Cue:
    return next(c for c in load_cues(FOLDER) if c.name == name)


@pytest.mark.parametrize(
    ("name", "language", "said"),
    [
        ("introduces_organisation", "zh", "我是远山信息服务公司的"),
        ("introduces_organisation", "zh", "我是远山信息服务攻司的"),
        ("introduces_organisation", "en", "This is Ann Lee with Elm Street."),
        ("recording_notice", "zh", "通话会路音"),
        ("states_debt", "zh", "您的贷款已经于七了"),
        ("states_debt", "zh", "应还3200元"),
        ("states_debt", "en", "a balance of $40"),
        ("asks_who_calls", "zh", "你到底是谁"),
        ("asks_who_calls", "en", "Who’s calling?"),
        ("addresses_client", "zh", "那您呢"),
    ],
)
def test_a_cue_is_found(name: str, language: str, said: str) -> None:
    assert cue(name).count(tokens(said, language))


@pytest.mark.parametrize(
    ("name", "language", "said"),
    [
        ("asks_who_calls", "zh", "我知道你们公司"),
        ("addresses_client", "zh", "你呢"),
        ("states_debt", "en", "the rebalance offset"),
        ("introduces_organisation", "zh", "我是他弟弟"),
        ("recording_notice", "en", "I recorded a song"),
    ],
)
def test_what_only_looks_like_a_cue_is_none(name: str, language: str, said: str) -> None:
    assert not cue(name).count(tokens(said, language))


def test_a_phrase_begins_with_a_whole_word() -> None:
    assert not cue("addresses_client").count(tokens("a sirloin", "en"))


def test_every_cue_has_a_weight_for_its_own_side() -> None:
    weights = load_model(FOLDER).weights
    signs = {Role.AGENT: 1, Role.CUSTOMER: -1}
    assert all(weights[c.name] * signs[c.side] >= 0 for c in load_cues(FOLDER))


def test_no_phrase_is_listed_twice_in_one_cue() -> None:
    listed = json.loads((FOLDER / "cues.json").read_text(encoding="utf-8"))["cues"]
    assert all(len(c[lang]) == len(set(c[lang])) for c in listed for lang in ("zh", "en"))


def test_chances_sum_to_one_and_stay_below_the_most_that_can_be_vouched_for() -> None:
    model = load_model(FOLDER)
    assert sum(model.chances([0.3, -0.4])) == pytest.approx(1.0)
    assert model.chances([50.0, -50.0]) == [model.most, pytest.approx(1 - model.most)]
