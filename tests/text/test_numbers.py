"""Spoken numbers become digits, sayings and estimates do not; places are of the text as it was given."""

from __future__ import annotations

import random

import pytest

from qa_service.text.numbers import mandarin, spoken_numbers

NUMBERS = [
    # amounts
    ("欠款六千四百二十元", [("六千四百二十", "6420")]),
    ("一万二,三百五", [("一万二", "12000"), ("三百五", "350")]),
    ("一百零五和三千零五", [("一百零五", "105"), ("三千零五", "3005")]),
    ("1万2还是6千4", [("1万2", "12000"), ("6千4", "6400")]),
    ("三点五万,1.2亿", [("三点五万", "35000"), ("1.2亿", "120000000")]),
    ("百分之二十四,百分之十五点四", [("百分之二十四", "24%"), ("百分之十五点四", "15.4%")]),
    ("百分之百", [("百分之百", "100%")]),
    ("還欠兩萬五千塊", [("兩萬五千", "25000")]),
    ("五十五十地还,一千两千", [("五十", "50"), ("五十", "50"), ("一千", "1000"), ("两千", "2000")]),
    ("三十五点八,零点零五,一百二十点五", [("三十五点八", "35.8"), ("零点零五", "0.05"), ("一百二十点五", "120.5")]),
    ("下午三点二十,二十点三十分", [("二十", "20"), ("二十", "20"), ("三十", "30")]),
    # digit by digit
    ("打我幺三八零零幺三八零零零", [("幺三八零零幺三八零零零", "13800138000")]),
    ("幺三八,零零幺二,嗯五六七八", [("幺三八,零零幺二,嗯五六七八", "13800125678")]),
    ("腰三八零零腰三八零零零", [("腰三八零零腰三八零零零", "13800138000")]),
    ("138零零幺三八", [("138零零幺三八", "13800138")]),
    ("洞洞拐幺", [("洞洞拐幺", "0071")]),
    ("1 3 8 0", [("1 3 8 0", "1380")]),
    ("怎么一三八零零", [("一三八零零", "13800")]),
    ("工号二零一", [("二零一", "201")]),
    # dates stay apart
    ("二零二六年十一月十七号", [("二零二六", "2026"), ("十一", "11"), ("十七", "17")]),
    ("三天,五号,十元", [("三", "3"), ("五", "5"), ("十", "10")]),
    # English
    ("It is four four one seven.", [("four four one seven", "4417")]),
    ("double five, oh, three", [("double five", "55")]),
    ("Nine oh two one", [("Nine oh two one", "9021")]),
    ("one two three, four five", [("one two three, four five", "12345")]),
    ("Twenty-four hundred dollars", [("Twenty-four hundred", "2400")]),
    ("one thousand two hundred and five", [("one thousand two hundred and five", "1205")]),
    ("twenty-four point nine percent", [("twenty-four point nine percent", "24.9%")]),
    ("five hundred, two hundred", [("five hundred", "500"), ("two hundred", "200")]),
    ("November seventeenth nineteen ninety-five", [("seventeenth", "17"), ("nineteen ninety-five", "1995")]),
    ("only five dollars", [("five", "5")]),
    ("by the twenty-first", [("twenty-first", "21")]),
    ("November thirty first twenty twenty-five", [("thirty first", "31"), ("twenty twenty-five", "2025")]),
    ("half a million dollars", [("half a million", "500000")]),
    ("five hundred or six hundred", [("five hundred", "500"), ("six hundred", "600")]),
]

NONE = [
    "一下 一样 万一 千万别 十分抱歉 一定 三思 一点", "不管三七二十一", "三天两头打", "乱七八糟", "你这个二百五",
    "什么三八", "二十多万", "一百多万", "五十来万", "五六七月份", "two or three hundred", "a million and a half",
    "十七八天", "两三千", "三五天", "几十万", "十几个", "三四百块", "一两次", "百分之几", "这么多",
    "您欠6,420块,2026年", "1500，2000，300", "要么不还", "one question, two things", "oh no",
    "in the first place, the third one", "twenty-four seven support", "I owe 4500", "",
]  # fmt: skip


@pytest.mark.parametrize(("said", "numbers"), NUMBERS)
def test_spoken_numbers_have_their_digits(said: str, numbers: list[tuple[str, str]]) -> None:
    assert [(said[n.start : n.end], n.digits) for n in spoken_numbers(said)] == numbers


@pytest.mark.parametrize("said", NONE)
def test_what_counts_nothing_is_none(said: str) -> None:
    assert spoken_numbers(said) == ()


def test_the_language_is_a_choice() -> None:
    assert spoken_numbers("欠六千四百 four four one", "en")[0].digits == "441"
    assert spoken_numbers("欠六千四百 four four one", "zh")[0].digits == "6400"


def test_every_amount_is_read_back() -> None:
    chance = random.Random(11)
    for amount in [*range(11, 2500, 7), *(chance.randint(2500, 99_999_999) for _ in range(500))]:
        said = in_words(amount)
        assert [n.digits for n in spoken_numbers(f"您欠{said}元")] == [str(amount)], said


def in_words(value: int) -> str:
    """As a person reads an amount, written for this test: sections of four digits, a 零 for a gap."""
    if value >= 10**4:
        high, low = divmod(value, 10**4)
        return f"{in_words(high)}万{'零' if 0 < low < 1000 else ''}{in_words(low) if low else ''}"
    words, gap = "", False
    for size, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, size)
        if digit:
            words += ("零" if gap else "") + "零一二三四五六七八九"[digit] + unit
            gap = False
        else:
            gap = bool(words)
    return words


def test_scoring_reads_every_number() -> None:
    assert mandarin("欠六千四百二十元,千万别说一定") == "欠6420元,千万别说1定"


def test_places_are_in_order_and_apart_in_any_text() -> None:
    chance = random.Random(12)
    signs = [
        "零", "一", "二", "幺", "两", "十", "百", "万", "点", "百分之", "1", "20", ",", " ", "嗯", "元", "么",
        "one ", "oh ", "five", "-", "hundred ", "double ", "percent", "Ａ", "國", "%",
    ]  # fmt: skip
    for _ in range(3000):
        said = "".join(chance.choices(signs, k=chance.randint(0, 14)))
        last = 0
        for number in spoken_numbers(said):
            assert last <= number.start < number.end <= len(said), said
            assert number.digits.strip("0123456789.%") == "", said
            last = number.end
