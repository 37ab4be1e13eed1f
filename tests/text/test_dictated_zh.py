"""Personal data in Mandarin calls as they are said: bit by bit, corrected, asked for, with the word behind."""

from __future__ import annotations

import time

import pytest

from qa_service.text.redact import redact

GONE = [
    # cards: corrections, echoes, asides, repeats, cues behind, 勾 for nine
    ("卡号是六二二八,四八零,不对,四八零二,三三三三,四四四五,幺幺二", "卡号是[卡号]"),
    ("卡号啊,六二幺七……等下戴个眼镜……零零幺三三零,零零四四幺幺二二三", "卡号啊,[卡号]……等下戴个眼镜……[卡号]"),
    ("你划万事达,五组都是三个五", "你划万事达,[卡号]"),
    (
        "五三八七,你写,四四零零,写好没,幺二三四,还有,九零幺二,这是我信用卡",
        "[卡号],你写,[卡号],写好没,[卡号],这是我信用卡",
    ),
    ("账号跟你讲,六二一二,二六四零,俩零,仨一,八八九九五", "账号跟你讲,[卡号]"),
    ("六二二零勾勾,洞洞洞,三三三三,五五五五五五", "[卡号]"),
    # identity numbers: the letter at the end, a year among the digits, the word behind
    ("身份证三二零幺,零六,幺九七八,幺二零二,幺幺幺叉", "身份证[证件号]"),
    ("3701021985,嗯0718,3726,这是我身份证", "[证件号],这是我身份证"),
    ("证件号四二零幺零六,一九九零年的,零三幺五,四零两叉", "证件号[证件号]"),
    # telephones: parts out of order, corrections, asides
    ("中间四位九九八八,开头一三五,末尾是二三三二", "中间四位[电话],开头[电话],末尾是[电话]"),
    ("手机一三九,二二三三,不对是二二三四,四五五六", "手机[电话]"),
    ("我妈电话是幺三四五六七八,等会儿啊,九零幺二", "我妈电话是[电话],等会儿啊,[电话]"),
    # secrets: the word behind, places on the card, letters, corrections
    ("九幺七,卡后面那三位", "[密码],卡后面那三位"),
    ("密码给你说,六个八", "密码给你说,[密码]"),
    ("校验码四拐洞洞,哦不,是四拐洞两。", "校验码[密码]。"),
    ("登录密码大写a,小写b,八八九九", "登录密码大写[密码]"),
    ("六六零三二幺,这个是验证码", "[密码],这个是验证码"),
    # addresses, birthdays, workplaces, e-mail
    ("寄到锦绣花园三期九号楼二单元一八零一", "寄到[地址]"),
    ("西三旗那边,悦秀园18楼4门502", "西三旗那边,[地址]"),
    ("我住3-2-501", "我住[地址]"),
    ("老家河口镇柳树村三组", "[地址]"),
    ("我是九二年六月二十四生的", "我是[出生日期]生的"),
    ("我五月十六号,九五年的,属猪", "我[出生日期]的,属猪"),
    ("出生年月日,一九七六,零四,二幺", "出生年月日,[出生日期]"),
    ("我老公给顺达物流开车", "我老公给[单位]开车"),
    ("我是第二人民医院的护士", "我是[单位]的护士"),
    ("邮件发到 w a n g 横杠 l e i 艾特 新浪点com点cn", "邮件发到 [邮箱]"),
    ("邮箱是liumei86,网易的", "邮箱是[邮箱],网易的"),
]

KEPT = [
    "您去网点重置密码,取号以后到三零二窗口办就行。",
    "您现在断网、改密码、打96110。",
    "上月还款订单号2023112200061475,状态是成功。",
    "交易单号100020240512000884,您截图上也有。",
    "您可以到解放大道188号的营业部当面协商,带上证件。",
    "银行客服九五五九九,信用卡四零零六六九五五六八",
    "卡里3500,转走1200,剩2300",
    "信用卡还了1500,2000,300",
    "我是招商银行信用卡中心的客服",
    "去司法所做个调解也可以",
    "二零二四年三月十八号生效",
    "猪脑子都记得住十五号",
    "我家两套房子,地铁三号线,三号之前还",
    "我八五年的,九五年结的婚",
    "您身份证尾号是零零二X吗?",
    "养老院三楼",
]

ANSWERS = [
    ("您储蓄卡卡号报一下", "六二幺七", "[卡号]"),
    ("卡号您念一下,我记\n六二幺七\n嗯", "零零三三", "[卡号]"),
    ("身份证号报一下前六位", "三七零幺零二", "[证件号]"),
    ("您联系电话是多少", "幺三五", "[电话]"),
    ("幺三五,\n嗯", "九九八八,二三三二", "[电话]"),
    ("卡背面签名条上最后三位是多少?", "幺零六", "[密码]"),
    ("您现在住几栋几单元?", "五栋二单元六零三", "[地址]"),
    ("您手机尾号多少", "六六零八", "六六零八"),
    ("身份证最后四位报一下", "三幺幺叉", "三幺幺叉"),
    ("我工号三三一九,不满意就报这个号。", "三三一九。", "三三一九。"),
    ("您验证码收到了吗", "没收到,我欠的4500能不能缓缓", "没收到,我欠的4500能不能缓缓"),
]


@pytest.mark.parametrize(("said", "left"), GONE)
def test_what_is_dictated_goes(said: str, left: str) -> None:
    assert redact(said).text == left


@pytest.mark.parametrize("said", KEPT)
def test_what_is_nobodys_stays(said: str) -> None:
    assert redact(said).text == said


@pytest.mark.parametrize(("before", "said", "left"), ANSWERS)
def test_the_turns_before_tell_what_an_answer_is(before: str, said: str, left: str) -> None:
    assert redact(said, before).text == left


@pytest.mark.parametrize(
    "unit", ["四", "四 ", "四四,嗯", "四四我看了看", "四个零", "卡号四四,", "三单元", "艾特", "生日四"]
)
def test_long_texts_cost_as_much_as_they_are_long(unit: str) -> None:
    def seconds(size: int) -> float:
        spent = []
        for _ in range(3):  # what else the machine does only adds to it
            start = time.process_time()
            redact(unit * (size // len(unit)))
            spent.append(time.process_time() - start)
        return min(spent)

    assert seconds(16000) < 12 * seconds(4000) + 0.2
