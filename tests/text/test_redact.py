"""Personal numbers go, the numbers of the case stay."""

from __future__ import annotations

import random

import pytest

from qa_service.text.redact import Personal, redact

GONE = [
    # mobile numbers, written and spoken
    ("打我13800138000就行", "打我[电话]就行"),
    ("打我１３８００１３８０００就行", "打我[电话]就行"),
    ("我的号码是138 0013 8000", "我的号码是[电话]"),
    ("138-0013-8000。", "[电话]。"),
    ("138，0013，8000", "[电话]"),
    ("138 嗯 0013 啊 8000", "[电话]"),
    ("1 3 8 0 0 1 3 8 0 0 0", "[电话]"),
    ("+86 13800138000", "[电话]"),
    ("008613800138000", "[电话]"),
    ("幺三八零零幺三八零零零", "[电话]"),
    ("电话一三八，零零一三，八零零零", "电话[电话]"),
    ("腰三八零零腰三八零零零", "[电话]"),
    ("一三八〇〇一三八〇〇〇", "[电话]"),
    ("我怎么打，怎么一三八零零一三八零零零", "我怎么打，怎么[电话]"),
    ("138零零一三八零零零", "[电话]"),
    ("幺三八零零幺三八零零", "[电话]"),
    ("欠款3000 13800138000", "欠款3000 [电话]"),
    ("13800138000 3天内还", "[电话] 3天内还"),
    ("13800138000号码", "[电话]号码"),
    # landlines and service lines
    ("010-88886666", "[电话]"),
    ("0571 8888 6666", "[电话]"),
    ("零幺零八八八八六六六六", "[电话]"),
    ("拨打400-820-8888", "拨打[电话]"),
    ("座机是88886666", "座机是[电话]"),
    # American ones
    ("Call me at (555) 234-5678 today", "Call me at [phone] today"),
    ("my number is 555-1234", "my number is [phone]"),
    ("it's 415 555 2671", "it's [phone]"),
    ("or +1 415 555 2671", "or [phone]"),
    ("five five five two three four five six seven eight", "[phone]"),
    # identity numbers
    ("身份证110101199003071234", "身份证[证件号]"),
    ("11010119900307123X", "[证件号]"),
    ("一一零一零一一九九零零三零七一二三叉", "[证件号]"),
    ("110101 19900307 123x", "[证件号]"),
    ("110101900307123", "[证件号]"),
    ("social is 123-45-6789", "social is [id]"),
    ("my ssn is 123456789", "my ssn is [id]"),
    # bank cards
    ("卡号6222021234567890123", "卡号[卡号]"),
    ("6222 0212 3456 7890 123", "[卡号]"),
    ("六二二二零二一二三四五六七八九零一二三", "[卡号]"),
    ("card 4111 1111 1111 1111", "card [card]"),
    ("account number 000123456789", "account number [card]"),
    # e-mail
    ("发到zhang.san@qq.com吧", "发到[邮箱]吧"),
    ("12345艾特qq点com", "[邮箱]"),
    ("write to john.doe@mail.example.co.uk.", "write to [email]."),
    ("john dot doe at gmail dot com", "john dot [email]"),
]

KEPT = [
    "您欠款三千五百元，逾期180天",
    "本金48300元，利息1200.5元",
    "欠款12000000块",
    "¥1,234,567.89",
    "一共 1,500，2,000 和 3,000",
    "1500，2000，300",
    "800 1500 300",
    "250 3000 800",
    "每期 500 500 500 500 元",
    "2026年11月17日之前",
    "2026-11-17 09:30 还款 5000 元",
    "20261117",
    "二零二六年十一月十七号",
    "下午3点15分，17:30前",
    "逾期一百八十天了",
    "分12期，每期1500",
    "利率百分之二十四，24%",
    "年化 15.4%",
    "尾号6688的卡",
    "银行卡尾号是 6688",
    "(2026)城东民初第4417号",
    "工号A-201为您服务",
    "一二三四五",
    "一二三四五六七八九十",
    "打10086，95588也行",
    "第二十三条、第五十六条",
    "你等着，什么三八",
    "三天两头打，一天打了二三十个",
    "You owe $12,345.67 as of 11/17/2026",
    "we offer 3 payments of 1500 dollars over 90 days",
    "one two three",
    "the balance is 4500 and the fee is 35",
    "look at that",
    "5000 到 8000 之间",
    "还了3000，又还2000，还差8000",
    "",
]


@pytest.mark.parametrize(("said", "left"), GONE)
def test_personal_numbers_go(said: str, left: str) -> None:
    assert redact(said).text == left


@pytest.mark.parametrize("said", KEPT)
def test_other_numbers_stay(said: str) -> None:
    assert redact(said).text == said
    assert redact(said).kinds == ()


def test_kinds_are_told_in_order() -> None:
    found = redact("电话13800138000，邮箱a@b.com，卡6222021234567890123，身份证11010119900307123X")
    assert found.kinds == (Personal.PHONE, Personal.EMAIL, Personal.CARD, Personal.ID)


def test_what_is_redacted_stays_redacted() -> None:
    for said, left in GONE:
        assert redact(left).text == left, said


def test_any_mobile_number_goes_in_any_grouping_and_script() -> None:
    chance = random.Random(5)
    spoken = str.maketrans("0123456789", "零幺二三四五六七八九")
    for _ in range(300):
        number = "1" + str(chance.randint(3, 9)) + "".join(chance.choices("0123456789", k=9))
        for form in (number, f"{number[:3]} {number[3:7]} {number[7:]}", number.translate(spoken), " ".join(number)):
            assert redact(f"您好，{form}，对吗").text == "您好，[电话]，对吗", form


def test_any_amount_with_its_unit_stays() -> None:
    chance = random.Random(6)
    for _ in range(300):
        amount = chance.randint(1, 99_999_999)
        for form in (f"{amount}元", f"{amount}块", f"{amount:,}元", f"¥{amount}", f"{amount}.50元"):
            said = f"您欠{form}，逾期{chance.randint(1, 999)}天"
            assert redact(said).text == said


def test_arbitrary_text_is_no_trouble() -> None:
    chance = random.Random(7)
    signs = "0123456789一二零幺么x叉 ,-.()+@艾特点com元年月日\n\0\ud800😀ａ"
    for _ in range(2000):
        said = "".join(chance.choices(signs, k=chance.randint(0, 60)))
        assert isinstance(redact(said).text, str)
