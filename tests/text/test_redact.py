"""Personal numbers go, the numbers of the case stay."""

from __future__ import annotations

import random
import time

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
    ("座机是88886666", "座机是[电话]"),
    # American ones
    ("Call me at (555) 234-5678 today", "Call me at [phone] today"),
    ("my number is 555-1234", "my number is [phone]"),
    ("it's 415 555 2671", "it's [phone]"),
    ("or +1 415 555 2671", "or [phone]"),
    ("five five five two three four five six seven eight", "[phone]"),
    # told bit by bit, or with how often a digit comes
    ("电话是幺三八然后是零零幺三再是八零零零", "电话是[电话]"),
    ("一三八双零一三八三个零", "[电话]"),
    ("手机幺三六，四个八，四个零，对", "手机[电话]，对"),
    ("我手机1384个0 1380，记一下", "我手机[电话]，记一下"),
    # accounts to write to
    ("微信号是zhangsan123，加一下", "微信号是[账号]，加一下"),
    ("我的微信是abc_8899", "我的微信是[账号]"),
    ("加微信：LiSi-2020", "加微信：[账号]"),
    ("QQ号是12345678", "QQ号是[账号]"),
    ("加我QQ一二三四五六七八", "加我QQ[账号]"),
    ("my WhatsApp handle is li_si", "my WhatsApp handle is [account]"),
    ("邮箱是张三艾特幺六三点com，发过来", "邮箱是[邮箱]，发过来"),
    ("zhangsan圈a qq点com的邮箱", "[邮箱]的邮箱"),
    ("john underscore smith at hotmail dot co dot uk", "[email]"),
    # documents and plates
    ("护照号E12345678", "护照号[证件号]"),
    ("护照是G一二三四五六七八", "护照是[证件号]"),
    ("港澳通行证C12345678过期了", "港澳通行证[证件号]过期了"),
    ("车牌号京A12345", "车牌号[车牌]"),
    ("开的是沪A·D12345的车", "开的是[车牌]的车"),
    ("driver's license D1234567", "driver's license [id]"),
    ("my driving licence is MORGA657054SM9IJ", "my driving licence is [id]"),
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
    ("ITIN nine two three, six five, four three two one.", "ITIN [id]."),
    ("My NI is Q Q one two three four five six C.", "My NI is [id]."),
    ("it's AB 12 34 56 C", "it's [id]"),
    ("The account's double one, double two, double three, four oh oh oh oh oh oh one.", "The account's [account]."),
    ("sort code 20-45-45, account number 55779911", "sort code [account], account number [account]"),
    # secret codes
    ("And the three digits on the back? It's nine two one.", "And the three digits on the back? It's [secret]."),
    ("安全码，后面那三位，五零九。", "安全码，后面那三位，[密码]。"),
    ("The code I got is eight two four one nine three.", "The code I got is [secret]."),
    ("会议号四四八二，进来共享屏幕。", "会议号[密码]，进来共享屏幕。"),
    ("验证码是 482913", "验证码是 [密码]"),
    ("my PIN is four four double one", "my PIN is [secret]"),
    ("登录密码是abc123", "登录密码是[密码]"),
    # birthdays, addresses, employers
    ("She's born the twelfth of May, ninety-one.", "She's born [birth]."),
    ("date of birth 12/05/1991", "date of birth [birth]"),
    ("我是一九九一年五月十二号出生", "我是[出生日期]出生"),
    ("我家在××路十二号三单元四零一。", "我家在[地址]。"),
    ("I live at 12 Acacia Avenue, LS9 8AB", "I live at [address], [address]"),
    ("I work for Harrow Foods now", "I work for [work] now"),
    ("我在海天机械厂上班", "我在[单位]上班"),
    # a number in parts
    ("号码中间四位是零零一三，前面138，后面8000。", "号码中间四位是[电话]，前面[电话]，后面[电话]。"),
    # e-mail
    ("发到zhang.san@qq.com吧", "发到[邮箱]吧"),
    ("12345艾特qq点com", "[邮箱]"),
    ("write to john.doe@mail.example.co.uk.", "write to [email]."),
    ("john dot doe at gmail dot com", "[email]"),
]

KEPT = [
    "微信支付就行，支付宝是不是绑定了",
    "加我微信吧谢谢，微信还款12345元",
    "微信alipay都行",
    "护照过期了，社保断了12345天",
    "先还三个三百然后三个五百",
    "两个3000，三个五百，双十一之前",
    "京东白条欠12000，贵A1234",
    "my WhatsApp account is closed",
    "your driver's license was suspended for 12 months",
    "I was on Medicare in 2019 and 2020",
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
    # published service numbers
    "拨打400-820-8888",
    "ring us free on 0800 123 4567",
    "call our line at 1-800-555-0199",
    # codes, places and dates that are nobody's secret
    "The code on my door is 482, you can come in.",
    "The door code for the office is 4482.",
    "验证码60秒内有效",
    "密码输错3次就锁了",
    "您常驻城市是杭州对吗？",
    "the arrangement is due on the twelfth of May",
    "two weeks in court, it's a two way street",
    "The sort code and account ending 5678 on your Direct Debit.",
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


def test_the_question_before_gives_the_answer_away() -> None:
    assert redact("nine two one", before="And the three digits on the back?").text == "[secret]"
    assert redact("Second of June eighty-six", before="Your date of birth, please?").text == "[birth]"
    assert redact("nine two one").text == "nine two one"


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


@pytest.mark.parametrize("said", ["pin 4444 ", "pin 4 ", "four ", "0800 123 4567 "])
def test_time_is_in_step_with_the_text(said: str) -> None:
    """Four times the text takes four times as long, or little more; each cue against each number would be sixteen."""

    def seconds(size: int) -> float:
        text, spent = said * (size // len(said)), []
        for _ in range(3):  # what else the machine does only adds to it
            begun = time.process_time()
            redact(text)
            spent.append(time.process_time() - begun)
        return min(spent)

    assert seconds(80_000) < 10 * max(seconds(20_000), 0.05)
