"""The linear model over wordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qa_service.classify.labels import OUTPUTS, REQUIREMENTS_CN
from qa_service.classify.passages import Passage, Said
from qa_service.classify.wide import COLUMNS, FILES, Wide, grams, key
from tests.conftest import ROOT

INSULT = OUTPUTS.index("insult")


def said(text: str, **around: Said) -> Passage:
    return Passage(Said(text, "agent"), around.get("before"), around.get("after"))


def model(**weights: int) -> Wide:
    """One that knows these features of characters, ``c_`` before each."""
    keys = {key(name[0], name[2:]): weight for name, weight in weights.items()}
    table = np.zeros((len(keys), len(COLUMNS)), np.int8)
    table[:, INSULT] = [keys[k] for k in sorted(keys)]
    ones = np.ones(len(COLUMNS), np.float32)
    return Wide(np.array(sorted(keys), np.uint32), np.ones(len(keys), np.float32), table, ones, ones * -1)


def test_each_family_counts_its_own() -> None:
    found = dict(grams(said("滚 you you", before=Said("没钱", "customer"))))
    assert found["c"]["滚"] == 1
    assert found["c"]["you"] == 2
    assert found["w"] == {"you": 2, "you you": 1}
    assert found["p"] == {}
    assert found["x"]["没钱"] == 1
    assert found["y"] == {"b:没": 1, "b:钱": 1, "a:-": 1}


def test_what_sounds_alike_is_the_same_syllables() -> None:
    one, other = (dict(grams(said(text)))["p"] for text in ("再不还款", "在不还宽"))
    assert one == other
    assert one


def test_known_features_weigh_and_unknown_ones_do_not() -> None:
    wide = model(c_废物=90)
    with_it, without, nothing = wide.logits([said("废物"), said("您好"), said("")])[:, INSULT]
    assert with_it == pytest.approx(89)
    assert without == nothing == -1


def test_a_feature_weighs_by_its_share_of_its_family() -> None:
    wide = model(c_废=60, c_您=0)
    alone, beside = wide.logits([said("废"), said("废您")])[:, INSULT]
    assert (alone, beside) == (pytest.approx(59), pytest.approx(60 / 2**0.5 - 1))


def test_script_width_and_case_make_no_difference() -> None:
    wide = Wide.read(ROOT / "models" / "conduct" / "wide.safetensors")
    one, other = wide.logits([said("你再不還錢，Ｉ ＷＩＬＬ ＣＯＭＥ"), said("你再不还钱,i will come")])
    assert one == pytest.approx(other)


@pytest.mark.parametrize("file", FILES)
def test_what_ships_is_in_order_and_finite(file: str) -> None:
    wide = Wide.read(ROOT / "models" / "conduct" / file)
    assert wide.columns == FILES[file]
    assert (np.diff(wide.keys.astype(np.int64)) > 0).all()
    assert wide.weights.shape == (len(wide.keys), len(wide.columns))
    assert np.isfinite(wide.rarity).all()
    assert (wide.scale > 0).all()


@pytest.mark.parametrize(
    ("passage", "read_by"),
    [
        (said("滚"), ["wide.safetensors", "wide-zh.safetensors"]),
        (said("get out"), ["wide.safetensors", "wide-en.safetensors"]),
        (Passage(Said("滚", "customer")), ["wide.safetensors"]),
    ],
)
def test_that_of_requirements_reads_agents_in_its_language(passage: Passage, read_by: list[str]) -> None:
    models = {file: Wide.read(ROOT / "models" / "conduct" / file) for file in FILES}
    assert [file for file, wide in models.items() if wide.reads(passage)] == read_by


@pytest.mark.torch
@pytest.mark.usefixtures("scripts")
def test_requirements_are_learned_from_what_is_known_of_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A column of which one kind alone is known says nothing; the weightiest features are those that are kept."""
    import conduct_wide

    from qa_service.classify.training import Example

    threat, abuse, legal = REQUIREMENTS_CN[:3]
    monkeypatch.setitem(conduct_wide.FEATURES, "wide-zh.safetensors", 40)
    known = frozenset({threat, abuse})
    examples = [Example(said(f"打断腿{i}号"), frozenset({threat}), known=known) for i in range(30)]
    examples += [Example(said(f"蠢东西{i}号"), frozenset({abuse}), known=known | {legal}) for i in range(30)]
    examples += [Example(said(f"a fool {i}"), frozenset(), known=frozenset({threat})) for i in range(30)]
    wide = conduct_wide.train_requirements("wide-zh.safetensors", examples)
    assert wide.weights.shape == (40, len(REQUIREMENTS_CN))
    told = wide.logits([said("打断腿"), said("蠢东西")])
    assert [list(row[:2] > 0) for row in told] == [[True, False], [False, True]]
    assert (told[:, 2:] == 0).all()
    conduct_wide.write(wide, tmp_path / "wide-zh.safetensors")
    assert (Wide.read(tmp_path / "wide-zh.safetensors").logits([said("打断腿")]) == told[:1]).all()


def test_a_file_of_another_version_is_told(tmp_path: Path) -> None:
    from qa_service.errors import ErrorCode, SetupError

    (tmp_path / "wide-en.safetensors").write_bytes((ROOT / "models/conduct/wide-zh.safetensors").read_bytes())
    with pytest.raises(SetupError) as told:
        Wide.read(tmp_path / "wide-en.safetensors")
    assert told.value.code is ErrorCode.MODEL_CORRUPT


@pytest.mark.torch
@pytest.mark.usefixtures("scripts")
def test_too_little_to_learn_from_is_told() -> None:
    import conduct_wide

    with pytest.raises(SystemExit, match="wide-en"):
        conduct_wide.train_requirements("wide-en.safetensors", [])


@pytest.mark.torch
def test_it_learns_a_wording_and_is_read_back_as_written(tmp_path: Path) -> None:
    import sys

    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import conduct_wide
    finally:
        sys.path.pop(0)
    from qa_service.classify.labels import CONDUCT, told_of
    from qa_service.classify.training import Example

    examples = []
    for i in range(40):
        for label in CONDUCT:
            speaker = "agent" if label in told_of("agent") else "customer"
            examples.append(Example(Passage(Said(f"{label} 第{i}句", speaker)), frozenset({label})))
    wide = conduct_wide.train(examples)
    conduct_wide.write(wide, tmp_path / "wide.safetensors")
    again = Wide.read(tmp_path / "wide.safetensors")
    passages = [e.passage for e in examples]
    assert (again.logits(passages) == wide.logits(passages)).all()
    logits = wide.logits([Passage(Said("insult 第3句", "agent"))])[0]
    assert int(logits.argmax()) == INSULT
