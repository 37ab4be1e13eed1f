"""How much of the network and of the linear models makes a requirement's logit: scripts/conduct_weights.py."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from qa_service.classify.calibrate import TEMPERATURES, probabilities
from qa_service.classify.labels import OUTPUTS, REQUIREMENTS_CN, REQUIREMENTS_UK, REQUIREMENTS_US
from qa_service.classify.passages import Passage, Said
from tests.conftest import ROOT

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("scripts")]
CONDUCT = ROOT / "models" / "conduct"


def test_linear_models_speak_of_their_own_outputs_where_they_read() -> None:
    import conduct_weights

    passages = [Passage(Said("再不还打断你的腿", "agent")), Passage(Said("Pay or I break your legs", "agent"))]
    zh, en = conduct_weights.linear_of([*passages, Passage(Said("hello", "customer"))], CONDUCT)[:2]
    chinese = [OUTPUTS.index(r) for r in REQUIREMENTS_CN]
    english = [OUTPUTS.index(r) for r in REQUIREMENTS_US + REQUIREMENTS_UK]
    assert zh[chinese].all()
    assert not zh[english].any()
    assert en[english].all()
    assert not en[chinese].any()


def test_a_network_that_knows_nothing_gets_no_share_and_one_that_knows_all_gets_most() -> None:
    """Of what is chosen from, by a network that is made up: noise, or the truth."""
    import conduct_weights
    import requirement_data

    from qa_service.classify.training import Example

    def network(told: float) -> object:
        def logits(passages: list[Passage]) -> np.ndarray:
            noise = np.random.default_rng(0).normal(0, 1, (len(passages), len(OUTPUTS)))
            for row, passage in zip(noise, passages, strict=True):
                for label in held.get(passage, ()):
                    row[OUTPUTS.index(label)] += told
            return noise.astype(np.float32)

        return logits

    asked: list[Example] = [e for _, _, e in requirement_data.kept_apart(CONDUCT / "data" / "requirements")]
    held = {e.passage: e.labels for e in asked}

    def nothing_near(passages: list[Passage]) -> np.ndarray:
        return np.zeros((len(passages), len(OUTPUTS)), np.float32)

    blind, found = conduct_weights.weighed(network(0.0), CONDUCT, nothing_near)  # type: ignore[arg-type]
    knowing, _ = conduct_weights.weighed(network(12.0), CONDUCT, nothing_near)  # type: ignore[arg-type]
    assert blind["deep_requirements"] <= 0.1
    assert knowing["deep_requirements"] >= 0.7
    assert blind["near_requirements"] == 0
    for country in (REQUIREMENTS_CN, REQUIREMENTS_US, REQUIREMENTS_UK):
        assert len({tuple(found[r].values()) for r in country}) == 1
        assert found[country[0]]["threshold"] >= conduct_weights.ASKED
        assert found[country[0]]["temperature"] > 0


def test_what_ships_is_weighed_as_its_card_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``conduct_wide.py --card`` over a copy changes nothing; over other outputs it touches nothing."""
    import conduct_wide

    folder = tmp_path / "models" / "conduct"
    shutil.copytree(CONDUCT, folder, ignore=shutil.ignore_patterns("data"))
    before = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    monkeypatch.setattr(sys, "argv", ["conduct_wide.py", "--card", "--out", str(folder)])
    conduct_wide.main()
    after = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert after["wide_requirements"] == before["wide_requirements"]
    for output, numbers in before["labels"].items():
        assert after["labels"][output] == pytest.approx(numbers, abs=0.05)
    del after["labels"]["UK-REC-1"]
    (folder / "card.json").write_text(json.dumps(after), encoding="utf-8")
    with pytest.raises(SystemExit, match="other outputs"):
        conduct_wide.main()


def test_a_tokenizer_without_indents_reads_the_same(tmp_path: Path) -> None:
    import conduct_weights
    from tokenizers import Tokenizer

    shipped = CONDUCT / "tokenizer.json"
    conduct_weights._write_small(tmp_path / "small.json", json.loads(shipped.read_text(encoding="utf-8")))
    assert (tmp_path / "small.json").read_bytes() == shipped.read_bytes()
    text = "您好,Ms. O'Neil:还款3,000元\u200b吗?"
    one, other = (Tokenizer.from_file(str(f)) for f in (shipped, tmp_path / "small.json"))
    assert one.encode(text).ids == other.encode(text).ids


@pytest.mark.parametrize("offset", [-3.0, 0.0, 6.0])
def test_scaling_finds_what_the_logits_lack(offset: float) -> None:
    """Also where a hundredth held and all logits are far down."""
    from conduct_weights import scaling

    draw = np.random.default_rng(1)
    sure = draw.normal(-6, 2, 40_000)
    held = draw.random(len(sure)) < 1 / (1 + np.exp(-sure))
    heat, found = scaling(sure * 2 - offset, held)
    assert (heat, found) == (pytest.approx(2, rel=0.15), pytest.approx(offset, abs=0.9))
    chances = probabilities(sure * 2 - offset, heat, found)
    assert chances.mean() == pytest.approx(held.mean(), rel=0.02)


@pytest.mark.parametrize(
    ("logits", "held"),
    [([-1.0, -2.0, 1.0, 2.0], [0, 0, 1, 1]), ([-3.0, -2.0], [0, 0]), ([1.0, 1.0], [0, 1]), ([-2.0, 2.0], [1, 0])],
    ids=["apart", "none held", "all alike", "the wrong way round"],
)
def test_scaling_of_what_has_no_best_is_still_a_number(logits: list[float], held: list[int]) -> None:
    from conduct_weights import scaling

    heat, offset = scaling(logits, held)
    assert TEMPERATURES[0] <= heat <= TEMPERATURES[-1]
    assert np.isfinite(offset)
    signed = np.where(np.array(held) > 0, 1, -1)
    loss, as_it_was = (np.logaddexp(0, -signed * (np.array(logits) + move) / heat).mean() for move in (offset, 0.0))
    assert loss <= as_it_was + 1e-9
