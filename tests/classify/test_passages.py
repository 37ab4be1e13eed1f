"""What the model reads: the turn and its surroundings, cut to what it was trained on."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.classify.passages import CONTEXT_TOKENS, TURN_TOKENS, Passage, Reader, Said, passage_at
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(ROOT / "models" / "conduct" / "tokenizer.json")


def text_of(reader: Reader, ids: tuple[int, ...]) -> str:
    return reader.tokenizer.decode(list(ids), skip_special_tokens=False)


def test_a_turn_stands_before_its_surroundings_and_each_says_who(reader: Reader) -> None:
    passage = Passage(Said("再不还钱就试试", "agent"), Said("我没钱", "customer"), Said("你想怎样", "customer"))
    row = reader.encode([passage])[0]
    own, around = text_of(reader, row.ids[: row.own]), text_of(reader, row.ids[row.own :])
    assert own == "<s> query: agent: 再不还钱就试试</s>"
    assert around == "customer: 我没钱</s> customer: 你想怎样</s>"


def test_a_turn_alone_has_nothing_around_it(reader: Reader) -> None:
    row = reader.encode([Passage(Said("a comment"))])[0]
    assert text_of(reader, row.ids) == "<s> query: a comment</s>"
    assert row.own == len(row.ids)


def test_what_is_too_long_is_cut_at_the_far_ends(reader: Reader) -> None:
    words = " ".join(f"word{i}" for i in range(400))
    row = reader.encode([Passage(Said(words, "agent"), Said(words, "customer"), Said(words, "customer"))])[0]
    assert row.own == TURN_TOKENS + 2
    assert len(row.ids) == TURN_TOKENS + 2 + 2 * (CONTEXT_TOKENS + 1)
    before, after = text_of(reader, row.ids[row.own :]).split("</s>")[:2]
    assert before.endswith("word399")
    assert after.strip().startswith("customer: word0")


def test_scripts_and_widths_that_mean_the_same_read_the_same(reader: Reader) -> None:
    one, other = reader.encode(
        [Passage(Said("你再不還錢，我就去你單位", "agent")), Passage(Said("你再不还钱,我就去你单位", "agent"))]
    )
    assert one == other


def test_rows_of_a_batch_are_padded_and_marked(reader: Reader) -> None:
    rows = reader.encode([Passage(Said("好", "agent")), Passage(Said("好的没问题", "agent"), Said("行吗", "customer"))])
    batch = reader.batch(rows)
    assert batch.ids.shape == batch.mask.shape == batch.types.shape == (2, len(rows[1].ids))
    assert batch.mask.sum(1).tolist() == [len(r.ids) for r in rows]
    assert batch.types.sum(1).tolist() == [0, len(rows[1].ids) - rows[1].own]
    assert not np.any(batch.types[0] & batch.mask[0])


def test_a_turn_of_which_no_word_was_heard_is_nobodys_words() -> None:
    said = [Said("我没钱", "customer"), Said(" ", "customer"), Said("那就去借", "agent"), Said("", "customer")]
    assert passage_at(said, 2) == Passage(said[2], said[0], None)
