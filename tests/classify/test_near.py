"""The nearest learned utterances."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from qa_service.classify.card import Card, LabelCard
from qa_service.classify.labels import OUTPUTS, REQUIREMENTS_CN
from qa_service.classify.near import FILES, Near, told_by
from qa_service.classify.passages import Passage, Said
from qa_service.classify.turns import TurnClassifier
from qa_service.errors import ErrorCode, SetupError
from tests.classify.fakes import READER, WordRuntime
from tests.conftest import ROOT

if TYPE_CHECKING:
    from qa_service.classify.training import Example

CONDUCT = ROOT / "models" / "conduct"
THREAT, ABUSE = 0, 1
BROKEN, KEPT, UNKNOWN = "broken", "kept", "unknown"
EAST, NORTH, NOWHERE = [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]


def model(*rows: tuple[Sequence[float], int, str], befores: Sequence[Sequence[float]] = ()) -> Near:
    """Of two dimensions. ``rows``: where an utterance lies, the number of what stands before it (0: nothing), and
    whether it broke the first requirement."""
    bits = {}
    for what in (BROKEN, KEPT):
        known = np.zeros((len(rows), len(REQUIREMENTS_CN)), bool)
        known[:, THREAT] = [held == what for *_, held in rows]
        bits[what] = np.packbits(known, axis=1)
    return Near(
        middle=np.zeros(2, np.float32), axes=np.eye(2, dtype=np.float32),
        turns=np.array([np.multiply(at, 127) for at, *_ in rows], np.int8),
        befores=np.array([np.multiply(at, 127) for at in befores], np.int8).reshape(-1, 2),
        before=np.array([before for _, before, _ in rows], np.uint32), **bits, columns=REQUIREMENTS_CN,
    )  # fmt: skip


def logits(near: Near, turn: Sequence[float], before: Sequence[float] = NOWHERE) -> np.ndarray:
    return near.logits(np.array([turn], np.float32), np.array([before], np.float32))[0]


def test_what_is_near_says_what_held_and_what_is_far_says_nothing() -> None:
    near = model((EAST, 0, BROKEN), (NORTH, 0, KEPT))
    assert logits(near, EAST)[THREAT] > 10
    assert logits(near, NORTH)[THREAT] < -10
    assert abs(logits(near, [-1.0, -1.0])[THREAT]) < 0.01
    assert logits(near, [1.0, 1.0])[THREAT] == pytest.approx(0, abs=0.01)


def test_what_nobody_looked_at_says_nothing() -> None:
    near = model((EAST, 0, BROKEN), (EAST, 0, UNKNOWN))
    assert logits(near, EAST)[THREAT] == logits(model((EAST, 0, BROKEN)), EAST)[THREAT]
    assert logits(near, EAST)[ABUSE] == 0


def test_what_was_said_before_tells_two_like_turns_apart() -> None:
    near = model((EAST, 1, BROKEN), (EAST, 2, KEPT), befores=(EAST, NORTH))
    assert logits(near, EAST, EAST)[THREAT] > 5
    assert logits(near, EAST, NORTH)[THREAT] < -5
    assert logits(near, EAST)[THREAT] == pytest.approx(0)


def test_many_passages_are_told_as_one_by_one() -> None:
    near = model((EAST, 0, BROKEN), (NORTH, 1, KEPT), befores=(EAST,))
    rows = np.random.default_rng(1).normal(size=(600, 2)).astype(np.float32)
    whole = near.logits(rows, rows[::-1])
    for at in (0, 255, 256, 599):
        assert whole[at] == pytest.approx(near.logits(rows[at : at + 1], rows[::-1][at : at + 1])[0], abs=1e-4)
    assert near.logits(rows[:0], rows[:0]).shape == (0, len(REQUIREMENTS_CN))


def test_each_text_is_asked_for_once_and_only_of_what_is_read() -> None:
    asked: list[list[str]] = []

    def vectors(texts: Sequence[str]) -> np.ndarray:
        asked.append(list(texts))
        return np.ones((len(texts), 2), np.float32)

    before = Said("没钱", "customer")
    passages = [
        Passage(Said("滚", "customer")), Passage(Said("滚", "agent"), before), Passage(Said("get out", "agent")),
        Passage(Said("滚", "agent")), Passage(Said(" ", "agent")),
    ]  # fmt: skip
    read, told = told_by(model((EAST, 0, BROKEN)), passages, vectors)
    assert read == [1, 3]
    assert told.shape == (2, len(REQUIREMENTS_CN))
    assert asked == [["滚", "没钱"]]
    assert told_by(model((EAST, 0, BROKEN)), passages[:1], vectors)[0] == []


class Compass(WordRuntime):
    """Whose plain encoder places what speaks of going east, and all else north."""

    def pooled(self, batch: object) -> np.ndarray:
        ids: np.ndarray = batch.ids  # type: ignore[attr-defined]
        return np.array([EAST if "东" in READER.tokenizer.decode([int(i) for i in row]) else NORTH for row in ids])


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_they_count_by_their_share_for_agents_in_their_language(share: float) -> None:
    near = model((EAST, 0, BROKEN), (NORTH, 0, KEPT))
    card = Card(base="words", near_requirements=share, labels={each: LabelCard() for each in OUTPUTS})
    made = TurnClassifier(Compass({}), READER, card, near=[near])
    speakers = [Said("往东", "agent"), Said("往北", "agent"), Said("往东", "customer"), Said("x", "agent")]
    found = made.logits([Passage(said) for said in speakers])[:, OUTPUTS.index(REQUIREMENTS_CN[THREAT])]
    assert found[0] == pytest.approx(-5 + share * logits(near, EAST)[THREAT])
    assert found[1] == pytest.approx(-5 + share * logits(near, NORTH)[THREAT])
    assert list(found[2:]) == [-5, -5]


@pytest.mark.parametrize("file", FILES)
def test_what_ships_holds_together(file: str) -> None:
    near = Near.read(CONDUCT / file)
    assert near.columns == FILES[file]
    assert len(near.turns) == len(near.before) == len(near.broken) == len(near.kept)
    assert near.before.max() == len(near.befores)
    assert not (near.broken & near.kept).any()
    broken = np.unpackbits(near.broken, axis=1, count=len(near.columns))
    assert broken.any(0).all(), "of each requirement something that broke it"
    assert near.turns.any(1).all()
    assert np.isfinite(near.middle).all()
    lengths = np.linalg.norm(near.axes, axis=1)
    assert near.axes @ near.axes.T == pytest.approx(np.diag(lengths**2), abs=float(1e-3 * lengths.max() ** 2))


def test_a_file_of_another_version_is_told(tmp_path: Path) -> None:
    shutil.copyfile(CONDUCT / "near-zh.safetensors", tmp_path / "near-en.safetensors")
    with pytest.raises(SetupError) as told:
        Near.read(tmp_path / "near-en.safetensors")
    assert told.value.code is ErrorCode.MODEL_CORRUPT


def test_utterances_of_another_encoder_are_told() -> None:
    with pytest.raises(SetupError, match="vectors of 2 numbers; the encoder makes 3"):
        told_by(model((EAST, 0, BROKEN)), [Passage(Said("滚", "agent"))], lambda texts: np.ones((len(texts), 3)))


@pytest.mark.torch
@pytest.mark.usefixtures("scripts")
def test_what_is_kept_is_agents_turns_of_batches_to_keep_once_each() -> None:
    import conduct_near
    from conduct_rows import Source

    from qa_service.classify.training import Example

    def source(text: str, author: str = "cn-b", kind: str = "requirement", speaker: str = "agent") -> Source:
        return Source(Example(Passage(Said(text, speaker)), frozenset(), known=frozenset()), kind, author)

    rows = [source("一"), source("一"), source("二", "cn-t6"), source("三", speaker="customer"), source(" ")]
    turns = [source(f"句{i}", kind="turn") for i in range(1000)]
    found = [e.passage.turn.text for e in conduct_near.kept([*rows, *turns], {"cn-t6"}, 7)]
    assert found[0] == "一"
    assert not {"二", "三", " "} & set(found)
    assert 0.5 * conduct_near.TURNS < (len(found) - 1) / len(turns) < 2 * conduct_near.TURNS
    assert len(set(found)) == len(found)


def written() -> list[Example]:
    """A threat, an insult and two lawful turns."""
    from qa_service.classify.training import Example

    threat, abuse = REQUIREMENTS_CN[:2]
    known = frozenset({threat, abuse})
    said = [
        ("再不还钱打断你的腿", {threat}),
        ("你就是个废物", {abuse}),
        ("请问您是李女士吗", set()),
        ("可以分六期还", set()),
    ]
    before = Said("我没钱", "customer")
    return [Example(Passage(Said(text, "agent"), before), frozenset(held), known=known) for text, held in said]


@pytest.mark.torch
@pytest.mark.usefixtures("scripts")
def test_what_was_learned_is_found_again_from_its_file(tmp_path: Path) -> None:
    import conduct_near
    import conduct_weights

    examples = written()
    plain = conduct_weights.alone_in(CONDUCT)
    near = conduct_near.learned("near-zh.safetensors", examples, plain, axes=3)
    conduct_near.write(near, tmp_path / "near-zh.safetensors")
    again = Near.read(tmp_path / "near-zh.safetensors")
    _, told = told_by(again, [e.passage for e in examples], plain.vectors)
    assert (told[:, :2] > 1).tolist() == [[True, False], [False, True], [False, False], [False, False]]
    with pytest.raises(SystemExit, match="near-en"):
        conduct_near.learned("near-en.safetensors", examples, plain)


@pytest.mark.torch
@pytest.mark.usefixtures("scripts")
def test_what_is_tried_is_told_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is looked at was learned, so that the nearest utterances cannot but find it."""
    import conduct_near
    import conduct_rows
    import conduct_weights

    sources = [conduct_rows.Source(e, "requirement", "cn-a") for e in written()]
    monkeypatch.setattr(conduct_rows, "looked_at", lambda: sources)
    near = conduct_near.learned("near-zh.safetensors", written(), conduct_weights.alone_in(CONDUCT), axes=3)
    card = (CONDUCT / "card.json").read_bytes()
    conduct_near.tell([near], CONDUCT)
    without, *tried = capsys.readouterr().out.splitlines()[1:]
    assert without.startswith("without")
    assert len(tried) == len(conduct_near.SHARPS) * len(conduct_near.FLOORS) * len(conduct_near.SHARES)
    assert all("'CN': [1.0]" in line for line in tried if line.split("share ")[1].startswith("0.6"))
    assert (CONDUCT / "card.json").read_bytes() == card
