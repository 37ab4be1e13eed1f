"""Words by which callers' systems say what a field of a call may hold: ``Outbound``, ``外呼``, ``zh-CN``, ``employer``.

Case, hyphens, underscores and spaces do not count. Words that say that nobody knows are as good as none. A word that is
none of these stays as it is, and the field refuses it with what is allowed. A language is known by its first word:
``en-IE``, ``English (UK)``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORDS: Mapping[str, Mapping[str, str]] = {
    "direction": {
        "inbound": "in, incoming, received, inbound call, incoming call, 呼入, 来电, 打入, 进线",
        "outbound": "out, outgoing, dialled, dialed, outbound call, outgoing call, outbound api, outbound dial, "
        "呼出, 外呼, 外拨, 去电, 打出, 拨出",
    },
    "agent_type": {
        "human": "person, live, live agent, manual, 人工, 坐席, 真人",
        "robot": "bot, ai, voicebot, voice bot, virtual, virtual agent, ivr, machine, 机器人, 智能外呼, 语音机器人",
    },
    "language": {
        "zh": "zh cn, zh hans, zh hans cn, zho, chi, cmn, cmn hans cn, chinese, mandarin, putonghua, "
        "中文, 汉语, 普通话",
        "en": "en us, en gb, en uk, eng, english, 英语, 英文",
    },
    "callee_role": {
        "debtor": "borrower, primary borrower, customer, consumer, cardholder, account holder, self, "
        "债务人, 借款人, 主借人, 主借款人, 本人, 客户本人, 持卡人, 客户",
        "spouse": "husband, wife, partner, 配偶, 丈夫, 妻子, 爱人, 老公, 老婆",
        "guarantor": "surety, 担保人, 保证人",
        "co_borrower": "cosigner, co signer, joint borrower, joint account holder, 共同借款人, 共借人, 共同还款人",
        "authorised_third_party": "authorized third party, authorised representative, authorized representative, "
        "attorney, lawyer, solicitor, debt adviser, 代理人, 受托人, 授权代理人",
        "contact": "emergency contact, reference, next of kin, relative, family, family member, parent, "
        "mother, father, sibling, brother, sister, "
        "son, daughter, child, friend, roommate, flatmate, neighbour, neighbor, employer, boss, colleague, coworker, "
        "co worker, workplace, third party, thirdparty, "
        "联系人, 紧急联系人, 第三人, 第三方, 亲属, 家属, 家人, 父母, 父亲, 母亲, "
        "子女, 兄弟姐妹, 朋友, 同事, 单位, 公司, 雇主, 领导, 邻居, 室友",
        "unrelated": "stranger, wrong number, 无关人员, 无关第三人, 陌生人, 错号, 非本人",
        "voicemail": "voice mail, answering machine, answerphone, mailbox, 语音信箱, 留言, 留言信箱",
    },
    "jurisdiction": {
        "CN": "chn, china, mainland china, prc, 中国, 中国大陆, 大陆",
        "US": "usa, u.s., u.s.a., united states, united states of america, america, 美国",
        "UK": "gb, gbr, u.k., united kingdom, great britain, 英国",
        "UK-ENG": "england, 英格兰",
        "UK-WLS": "wales, 威尔士",
        "UK-SCT": "scotland, 苏格兰",
        "UK-NIR": "northern ireland, 北爱尔兰",
    },
    "first_party": {"true": "是", "false": "否"},
}  # fmt: skip


_FIELDS: Mapping[str, str] = {
    "started_at": "start_time, call_start, call_started_at, call_time, 通话时间, 呼叫时间, 开始时间, 通话开始时间",
    "direction": "call_direction, 呼叫方向, 通话方向",
    "agent_id": "agent_no, agent_number, 工号, 坐席工号, 坐席编号",
    "agent_name": "坐席姓名, 催收员姓名",
    "debtor_ref": "debtor_id, debtor_no, customer_ref, customer_id, consumer_id, borrower_id, "
    "客户号, 客户编号, 借款人编号, 债务人编号",
    "phone": "phone_number, dialled_number, dialed_number, called_number, 被叫号码, 手机号, 电话号码",
    "callee_role": "callee_type, called_party, 被叫身份, 接听人身份",
    "product": "product_type, 产品, 产品类型",
    "overdue_days": "days_overdue, days_past_due, days_delinquent, dpd, 逾期天数",
    "debtor_segment": "customer_segment, borrower_segment, 客群",
    "disposition": "call_result, call_outcome, call_disposition, 通话结果, 呼叫结果",
    "jurisdiction": "country, 国家, 司法辖区",
    "debtor_tz": "debtor_timezone, customer_timezone, consumer_timezone, borrower_timezone",
    "language": "call_language, 语言, 语种",
    "team": "团队, 班组",
}
"""Names under which other systems send the fields of a call."""


NOT_KNOWN = (
    "", "unknown", "not known", "n/a", "na", "none", "null", "unspecified", "other", "others", "未知", "不详", "不明",
    "无", "其他", "其它", "tbc", "tbd", "to be confirmed", "not yet known", "待核", "待核实", "待查", "待确认",
)  # fmt: skip
"""``other`` says only what it is not: of a person on the line that is as good as not knowing who it is."""


def plain(word: str) -> str:
    return " ".join(re.split(r"[\s_\-]+", word.strip().lower())).strip()


def plain_name(name: str) -> str:
    """``callId``, ``Call ID`` and ``call_id`` are one name."""
    return "".join(filter(str.isalnum, name)).lower()


_MEANT = {
    field: {plain(word): meant for meant, listed in words.items() for word in (meant, *listed.split(","))}
    for field, words in _WORDS.items()
}


OTHER_NAMES: Mapping[str, str] = {
    plain_name(name): field for field, listed in _FIELDS.items() for name in listed.split(",")
}


def meant(field: str | None, value: object) -> object:
    """The value of a field of the facts in the service's own word, where it is one that is known; None where nobody
    knows."""
    words = _MEANT.get(field or "")
    if not words or not isinstance(value, str):
        return value
    word = plain(value)
    if word in NOT_KNOWN:
        return None
    return words.get(word, words.get(word.partition(" ")[0], value) if field == "language" else value)
