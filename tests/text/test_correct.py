"""Terms are read for what makes no sense, and nothing else is touched."""

from __future__ import annotations

import random

import pytest

from qa_service.records import Word
from qa_service.text.correct import correct, correct_words
from qa_service.text.terms import Term, Vocabulary

ZH = Vocabulary(
    terms=(
        *map(
            Term,
            [
                "催收专员", "逾期", "逾期记录", "欠款", "还款", "工号", "征信", "征信报告", "信用卡", "录音", "身份证",
                "身份证后四位", "滞纳金", "罚息", "起诉", "还款日", "转账", "依法起诉", "协商", "当老赖", "一次还清",
            ],
        ),
        Term("还清", context=("欠", "贷"), never=("还请",)),
        Term("晨江银行", name=True),
    ),
    people=("余启明",),
)  # fmt: skip
EN = Vocabulary(
    terms=(
        Term("past due"), Term("creditor"), Term("dispute rights"), Term("statute of limitations"), Term("garnishee"),
        Term("Westmere Finance", name=True),
    ),
    people=("Joan Pruitt",),
)  # fmt: skip

MENDED = [
    ("您的千款六千四,信用卡的", "您的欠款六千四,信用卡的", ["千款"]),
    ("公号二零一,通话会录影,信用卡中心", "工号二零一,通话会录音,信用卡中心", ["公号", "录影"]),
    ("信用卡于期十八天了", "信用卡逾期十八天了", ["于期"]),
    ("报一下身份正后思维", "报一下身份证后四位", ["身份正后思维"]),
    ("真心报告您看了吗", "征信报告您看了吗", ["真心报告"]),
    ("与其记录会报送征信", "逾期记录会报送征信", ["与其记录"]),
    ("还有智纳金和罚息", "还有滞纳金和罚息", ["智纳金"]),
    ("欠款我们会一法起诉", "欠款我们会依法起诉", ["一法起诉"]),
    ("受成将银行委托", "受晨江银行委托", ["成将银行"]),
    ("欠款不还就是当老来", "欠款不还就是当老赖", ["当老来"]),
    ("欠款不还就气诉你", "欠款不还就起诉你", ["气诉"]),
    ("欠款请转帐", "欠款请转账", ["转帐"]),
]

LEFT = [
    "您的期数是十二期,欠款三千", "欠款剩余期数还有五期", "还款期数可以改吗,欠款",
    "老来得子,欠款还了", "你们老来电话催我还款", "我是真心想还款", "与其这样不如还款", "他妈的电话,还款",
    "这个环境不错,还款", "还请您把欠款处理一下", "三千款式的信用卡", "欠款一万二于七月还", "我叫余其明,信用卡的",
    "余启明先生,信用卡", "他一次环境保护,还款",
    "欠款我一次环境", "于期十八天了", "公号发的文章不错", "今天天气很好", "",
]  # fmt: skip


@pytest.mark.parametrize(("heard", "meant", "kept"), MENDED)
def test_a_term_is_read_for_what_makes_no_sense(heard: str, meant: str, kept: list[str]) -> None:
    text, corrections = correct(heard, ZH, "zh")
    assert text == meant
    assert [c.heard for c in corrections] == kept
    assert [len(text[c.start : c.end]) for c in corrections] == [len(c.heard) for c in corrections]


@pytest.mark.parametrize("said", LEFT)
def test_what_makes_sense_stays(said: str) -> None:
    assert correct(said, ZH, "zh") == (said, ())


def test_the_domain_may_be_spoken_of_next_door() -> None:
    assert correct("于期十八天了", ZH, "zh", nearby="您的信用卡")[0] == "逾期十八天了"


def test_clearly_heard_words_need_more() -> None:
    text = "信用卡于期十八天了"
    assert correct(text, ZH, "zh", chances=[0.99] * len(text))[1] == ()
    assert correct(text, ZH, "zh", chances=[0.5] * len(text))[1] != ()


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("Your passed due account, creditor", "Your past due account, creditor"),
        ("your dispute writes, and the creditor", "your dispute rights, and the creditor"),
        ("the statue of limitations, creditor", "the statute of limitations, creditor"),
        ("a Westmeer finance loan, creditor", "a Westmere Finance loan, creditor"),
        ("He passed. Due to the creditor", "He passed. Due to the creditor"),
        ("garnish she, creditor", "garnish she, creditor"),
        ("passed due", "passed due"),
        ("Past-due, creditors", "Past-due, creditors"),
    ],
)
def test_english(heard: str, meant: str) -> None:
    assert correct(heard, EN, "en")[0] == meant


def test_long_english_words_need_doubt() -> None:
    text = "the garnish she, creditor"
    assert correct(text, EN, "en", chances=[0.3] * len(text))[0] == "the garnishee, creditor"


def test_other_languages_are_left_alone() -> None:
    assert correct("信用卡于期", ZH, "fr") == ("信用卡于期", ())


def words(*texts: str) -> tuple[Word, ...]:
    return tuple(Word(text=t, start_s=i, end_s=i + 1, probability=0.5) for i, t in enumerate(texts))


def test_words_keep_their_times() -> None:
    mended, corrections = correct_words(words("信用", "卡于", "期", "了"), ZH, "zh")
    assert [w.text for w in mended] == ["信用", "卡逾", "期", "了"]
    assert [(w.start_s, w.end_s) for w in mended] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert [(c.start, c.end, c.heard) for c in corrections] == [(3, 5, "于期")]


def test_words_that_one_term_replaces_become_one() -> None:
    mended, corrections = correct_words(words(" Your", " passed", " due", " creditor"), EN, "en")
    assert [w.text for w in mended] == [" Your", " past due", " creditor"]
    assert (mended[1].start_s, mended[1].end_s) == (1, 3)
    text = "".join(w.text for w in mended).strip()
    assert [text[c.start : c.end] for c in corrections] == ["past due"]


def test_words_without_corrections_are_the_same() -> None:
    said = words("您好", ",", "再见")
    assert correct_words(said, ZH, "zh") == (said, ())


def test_any_text_keeps_its_length_and_what_was_heard() -> None:
    chance = random.Random(3)
    signs = [*"于期千款公号真心报告身份正后思维信用卡还请录影一二万,。 a1", "逾期", "欠款", "國"]
    for _ in range(300):
        said = "".join(chance.choices(signs, k=chance.randint(0, 25)))
        text, corrections = correct(said, ZH, "zh")
        assert len(text) == len(said)
        back = text
        for c in corrections:
            back = back[: c.start] + c.heard + back[c.end :]
        assert back == said
        split = [said[i : i + 2] for i in range(0, len(said), 2)]
        assert (
            "".join(w.text for w in correct_words(words(*split), ZH, "zh")[0])
            == correct(said, ZH, "zh", chances=[0.5] * len(said))[0]
        )
