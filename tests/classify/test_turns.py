"""From the turns of calls to signals."""

from __future__ import annotations

import numpy as np
import pytest

from qa_service.classify.card import Card, LabelCard
from qa_service.classify.labels import CONDUCT, OUTPUTS, told_of
from qa_service.classify.passages import Batch, Passage, Said
from qa_service.classify.turns import BATCH_TOKENS, TurnClassifier
from qa_service.classify.wide import FILES, Wide, key
from qa_service.records import Role, Turn
from tests.classify.fakes import READER, WordRuntime, classifier
from tests.factories import turns

WORDS = {"滚": ("insult", 3.0), "单位": ("threat_soft", 0.0), "不活": ("distress", 4.0), "jail": ("false_legal", 2.0)}


def test_each_side_is_told_its_own_labels_only() -> None:
    made, _ = classifier(WORDS)
    (found,) = made.signals([turns("你给我滚", "滚,我不活了")])
    assert [(s.turn, s.label) for s in found] == [(0, "insult"), (1, "distress")]
    assert all(s.told for s in found)


def test_what_is_weak_is_kept_but_not_told() -> None:
    made, _ = classifier(WORDS)
    (found,) = made.signals([turns("我去你单位")])
    assert [(s.label, s.probability, s.told, s.words) for s in found] == [("threat_soft", 0.5, False, ())]


def test_what_is_told_names_its_words() -> None:
    made, _ = classifier(WORDS)
    (found,) = made.signals([turns("再不还钱你就给我滚")])
    assert found[0].words == ("滚",)


def test_a_speaker_who_is_not_known_is_not_judged() -> None:
    made, _ = classifier(WORDS)
    unknown = [t.model_copy(update={"role": Role.UNKNOWN}) for t in turns("你给我滚")]
    assert made.signals([unknown]) == [()]


@pytest.mark.parametrize("text", ["", "  ", "…"])
def test_a_turn_without_words_is_no_trouble(text: str) -> None:
    made, _ = classifier(WORDS)
    assert made.signals([turns(text), []]) == [(), ()]


def test_a_long_turn_is_judged_in_pieces_and_told_once() -> None:
    made, runtime = classifier(WORDS)
    long = "今天天气不错我们慢慢聊。" * 40
    (found,) = made.signals([turns(long + "你给我滚。" + long + "滚。")])
    assert [(s.turn, s.label, s.told, s.peak) for s in found] == [(0, "insult", True, None)]
    assert runtime.rows[0] > 3
    assert "".join(made.pieces(long)) == long


def test_a_sentence_without_end_is_cut_all_the_same() -> None:
    made, _ = classifier(WORDS)
    endless = "a1b2 " * 2000
    assert "".join(made.pieces(endless)) == endless
    assert made.signals([turns(endless + "jail")])[0][0].label == "false_legal"


@pytest.mark.parametrize("part", ["再不还钱我们就要去单位找你,", "you really have to call us back today about it, "])
def test_a_long_sentence_is_cut_between_its_parts(part: str) -> None:
    made, _ = classifier(WORDS)
    pieces = made.pieces(part * 60)
    assert len(pieces) > 1
    assert "".join(pieces) == part * 60
    assert all(piece.endswith((",", " ")) for piece in pieces)


def test_calls_are_judged_together_as_each_would_be_alone() -> None:
    made, runtime = classifier(WORDS)
    calls = [turns("你好", "嗯", "你给我滚"), turns("去你单位"), turns("喂", "我不活了")]
    together = made.signals(calls)
    assert len([r for r in runtime.rows if r == 6 + 2]) == 1  # two turns of agents that are answered are read twice
    assert together == [made.signals([call])[0] for call in calls]


def test_batches_are_bounded_and_progress_is_told() -> None:
    made, runtime = classifier({})
    told: list[tuple[int, int]] = []
    made.signals(
        [turns(*["这个月的账单您看一下什么时候方便处理"] * 900)], lambda done, total: told.append((done, total))
    )
    assert told[-1] == (900 + 450, 900 + 450)
    assert [d for d, _ in told] == sorted(d for d, _ in told)
    assert len(runtime.rows) > 3
    assert max(runtime.rows) * 20 <= BATCH_TOKENS


class PutOff(WordRuntime):
    """Not sure where somebody says goodbye."""

    def logits(self, batch: Batch) -> np.ndarray:
        found = super().logits(batch)
        parted = ["再见" in READER.tokenizer.decode([int(i) for i in ids]).replace(" ", "") for ids in batch.ids]
        found[parted] = -1.0
        return found


@pytest.mark.parametrize(("label", "chance"), [("CN-ABUSE-01", 0.7311), ("insult", 0.2689)])
def test_requirements_are_read_with_and_without_the_answer(label: str, chance: float) -> None:
    """Labels are told by the whole; what the surer reading gave is kept of both, for the second opinion."""
    runtime = PutOff({"滚": (label, 3.0)})
    card = Card(base="words", labels={each: LabelCard(threshold=0.6) for each in OUTPUTS})
    made = TurnClassifier(runtime, READER, card)
    answered, last = (
        {s.label: (s.probability, s.peak) for s in found if s.turn == 0}
        for found in made.signals([turns("你给我滚", "再见"), turns("你给我滚")])
    )
    assert (answered[label], last[label]) == ((chance, 0.9526), (0.9526, None))


def test_wordings_count_by_their_share_where_they_are_read() -> None:
    """Of labels a fifth and of requirements a half; what is in another language is the network's alone."""
    keys, ones = np.array([key("c", "滚"), key("c", "x")], np.uint32), np.ones(2, np.float32)
    sure = np.full((2, len(OUTPUTS)), 8, np.int8)
    models = [
        Wide(keys[order], ones, sure[:, : len(columns)], np.ones(len(columns)), np.zeros(len(columns)), columns)
        for order in [np.argsort(keys)]
        for columns in (FILES["wide.safetensors"], FILES["wide-zh.safetensors"])
    ]
    card = Card(
        base="words", deep=0.8, wide=0.2, deep_requirements=0.5, wide_requirements=0.5,
        labels={each: LabelCard() for each in OUTPUTS},
    )  # fmt: skip
    made = TurnClassifier(WordRuntime({}), READER, card, models)
    zh, en, customer = made.logits([Passage(Said("滚", "agent")), Passage(Said("x", "agent")), Passage(Said("滚"))])
    label, requirement, offence = (OUTPUTS.index(n) for n in ("insult", "CN-ABUSE-01", "offensive"))
    assert [zh[label], zh[requirement], zh[offence]] == pytest.approx([0.8 * -5 + 0.2 * 8, (-5 + 8) / 2, -5])
    assert [en[label], en[requirement]] == pytest.approx([0.8 * -5 + 0.2 * 8, -5])
    assert customer[requirement] == -5


def test_an_offset_moves_the_probability() -> None:
    card = Card(base="words", labels={each: LabelCard(offset=5.0 if each == "insult" else 0.0) for each in OUTPUTS})
    made = TurnClassifier(WordRuntime({}), READER, card)
    (found,) = made.chances([Passage(Said("好", "agent"))])
    assert found[OUTPUTS.index("insult")] == pytest.approx(0.5)
    assert found[OUTPUTS.index("threat_soft")] == pytest.approx(1 / (1 + np.exp(5)), rel=1e-3)


def test_vectors_have_length_one_in_the_order_asked() -> None:
    made, _ = classifier({})
    found = made.vectors(["短", "一段长得多的话,说了很多", "短"])
    assert found.shape == (3, 2)
    assert (found**2).sum(1) == pytest.approx([1, 1, 1])
    assert (found[0] == found[2]).all()
    assert made.vectors([]).shape[0] == 0


def test_every_label_belongs_to_one_side() -> None:
    assert sorted([*told_of("agent"), *told_of("customer")]) == sorted(CONDUCT)
    assert told_of("unknown") == ()


def test_turns_keep_their_own_numbers() -> None:
    made, _ = classifier(WORDS)
    later = Turn(index=41, role=Role.AGENT, channel=0, start_s=0, end_s=1, text="滚")
    assert made.signals([[later]])[0][0].turn == 41


def test_around_a_turn_stands_what_the_other_side_says_also_where_one_side_is_cut_into_turns() -> None:
    """The network learned turns between words of the other side; beside more of its own speaker it sees nothing."""

    def passages(sides: str) -> list[Passage]:
        roles = {"a": Role.AGENT, "c": Role.CUSTOMER}
        said = turns(*(f"part {i}" for i in range(len(sides))))
        said = [t.model_copy(update={"role": roles[side]}) for t, side in zip(said, sides, strict=True)]
        return [asked.passage for asked in classifier(WORDS)[0].asked(0, said)]

    cut = passages("acaac")
    assert [cut[3].before, cut[3].after] == [Said("part 1", "customer"), Said("part 4", "customer")]
    assert cut[2].after == Said("part 4", "customer")
    assert cut[0].before is None
    alone = passages("aaaaaac")
    assert alone[1].after is None  # too far away to be an answer
    assert alone[5].before is None
