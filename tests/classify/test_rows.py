"""The rows that are learned from, written by scripts/conduct_rows.py, and the state that training goes on from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from qa_service.classify.labels import OUTPUTS
from qa_service.classify.passages import Passage, Said
from tests.conftest import ROOT

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("scripts")]
CONDUCT = ROOT / "models" / "conduct"


def sources():
    import conduct_data
    import conduct_rows
    import requirement_data

    own = conduct_data.own(conduct_rows.OWN_DATA, "train")[:40]
    broken = requirement_data.utterances(conduct_rows.OWN_DATA / "requirements", "train")[-20:]  # as the turns: English
    found = [conduct_rows._turn(row, "turn") for row in own]
    found += [conduct_rows.Source(e, "requirement", file) for file, _, e in broken]
    comments = [conduct_data.comment(f"comment {i}", bool(i % 2)) for i in range(5)]
    return found + [conduct_rows.Source(c, "comment", c.passage.turn.text) for c in comments]


def test_as_written_the_rows_are_what_the_reader_makes_of_the_sources() -> None:
    import conduct_rows
    import torch

    from qa_service.classify.passages import Reader

    given, reader = sources(), Reader(CONDUCT / "tokenizer.json")
    rows = conduct_rows.numbers(given, (0.0, 1.0), reader, 1, conduct_rows.counts(given))
    assert rows.start.shape == (2, 65)
    assert rows.targets.tolist() == [[int(t) for t in s.example.targets] for s in given]
    plain = reader.encode([s.example.passage for s in given])
    joined = answered = 0
    for at, encoded in enumerate(plain):
        start, length = int(rows.start[0, at]), int(rows.length[0, at])
        found = tuple(rows.ids[start : start + length].tolist())
        if found == encoded.ids:
            continue
        joined += given[at].turn is not None  # only a turn stands beside another sentence
        answered += given[at].kind == "requirement"
        assert given[at].turn is not None or found[: encoded.own] == encoded.ids[: encoded.own]
    assert 2 <= joined <= 20
    assert 3 <= answered <= 17
    comments = slice(60, 65)
    assert torch.equal(rows.start[0, comments], rows.start[1, comments])
    changed = rows.length[0, :60] != rows.length[1, :60]
    assert changed.float().mean() > 0.3
    assert set(np.round(rows.often.tolist(), 3)) == {1.0, 2.0, 0.4}


def test_batches_named_as_new_count_more_than_all_beside_them() -> None:
    import conduct_rows

    given = sources()
    batch = next(s.author for s in given if s.kind == "requirement")
    often = conduct_rows.counts(given, again=True, new=[batch])
    for source, count in zip(given, often, strict=True):
        is_new = source.kind == "requirement" and source.author == batch
        assert count == (conduct_rows.NEW if is_new else conduct_rows.BESIDE_NEW[source.kind])
    assert conduct_rows.counts(given, again=True) == [conduct_rows.AGAIN[s.kind] for s in given]


def test_a_batch_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    import conduct_rows

    with pytest.raises(SystemExit, match="us-nobody"):
        conduct_rows.write(CONDUCT / "tokenizer.json", tmp_path, tmp_path, None, 1, 4, new=["us-nobody"])


def test_one_author_is_in_one_fold_and_no_fold_is_empty() -> None:
    import conduct_data
    import conduct_rows

    authors = [row.batch for row in conduct_data.own(conduct_rows.OWN_DATA, "train")]
    turns = Counter(conduct_rows.fold(author) for author in authors)
    assert set(turns) == set(range(conduct_rows.FOLDS))
    assert min(turns.values()) > len(authors) / conduct_rows.FOLDS / 2


def test_nothing_that_is_scored_or_chosen_from_is_learned() -> None:
    import conduct_data
    import conduct_rows

    learned = {s.author for s in sources()}
    assert not learned & {*conduct_data.TEST, *conduct_data.CHOOSE}
    looked_at = conduct_rows.looked_at()
    assert not [s for s in looked_at if s.kind == "call"]
    assert {s.author for s in looked_at if s.kind == "turn"} == set(conduct_data.CHOOSE)
    assert all(s.author.endswith("-a") for s in looked_at if s.kind == "requirement")
    assert all(s.turn is None for s in looked_at)


def test_what_training_goes_on_from_tells_what_the_shipped_weights_tell() -> None:
    import conduct_learn
    from transformers import BertConfig, BertModel

    from qa_service.classify.create import create_classifier
    from qa_service.classify.network import ConductNetwork
    from qa_service.classify.passages import Reader
    from qa_service.classify.training import scores
    from qa_service.settings import Settings

    network = ConductNetwork(BertModel(BertConfig.from_pretrained(CONDUCT), add_pooling_layer=False))
    network.load_state_dict(conduct_learn.state_of(CONDUCT))
    passages = [Passage(Said("你他妈就是个废物", "agent")), Passage(Said("Read me the code you just got", "agent"))]
    logits = scores(network, Reader(CONDUCT / "tokenizer.json"), passages)
    shipped = create_classifier(Settings(_env_file=None, device="cpu", classifier="onnx"))  # type: ignore[call-arg]
    told = shipped.chances(passages)
    for at, label in enumerate(("insult", "improper_payment")):
        assert logits[at, OUTPUTS.index(label)] > 0
        assert told[at, OUTPUTS.index(label)] > 0.5
