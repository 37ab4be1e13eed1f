"""Words by which callers' systems say what a field of a call may hold: ``Outbound``, ``外呼``, ``zh-CN``, ``employer``.

Case, hyphens, underscores and spaces do not count. Words that say that nobody knows are as good as none. A word that is
none of these stays as it is, and the field refuses it with what is allowed. A language is known by its first word:
``en-IE``, ``English (UK)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_WORDS: Mapping[str, Mapping[str, str]] = {
    "direction": {
        "inbound": "in, i, ib, incoming, received, inbound call, incoming call, 呼入, 来电, 打入, 进线",
        "outbound": "out, o, ob, outgoing, dialled, dialed, outbound call, outgoing call, outbound api, outbound dial, "
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
        "debtor": "borrower, primary borrower, customer, right party, rpc, consumer, cardholder, account holder, self, "
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
    "call_id": "call_ref, call_reference, call_sid, call_uuid, call_guid, call_unique_id, conversation_id, "
    "interaction_id, recording_id, 通话编号, 通话ID, 通话流水号, 呼叫ID, 录音编号",
    "started_at": "start_time, call_start, call_started_at, call_start_time, call_begin_time, begin_time, call_time, "
    "call_date_time, call_start_date_time, conversation_start, conversation_start_time, contact_start, "
    "contact_start_time, initiation_timestamp, 通话时间, 呼叫时间, 拨打时间, 开始时间, 通话开始时间, 呼叫开始时间",
    "direction": "call_direction, 呼叫方向, 通话方向",
    "agent_id": "agent_no, agent_number, agent_ref, agent_code, agent_login, employee_id, "
    "工号, 坐席工号, 坐席编号, 坐席号, 坐席ID, 客服工号, 催收员工号, 催收员编号, 员工编号",
    "agent_name": "collector_name, adviser_name, advisor_name, 坐席姓名, 座席姓名, 客服姓名, 催收员姓名",
    "debtor_ref": "debtor_id, debtor_no, debtor_reference, customer_ref, customer_id, customer_no, customer_reference, "
    "cust_id, consumer_id, consumer_ref, borrower_id, borrower_no, borrower_ref, "
    "客户号, 客户编号, 客户ID, 借款人编号, 借款人ID, 债务人编号, 用户编号, 用户ID",
    "phone": "phone_number, phone_no, mobile, mobile_no, mobile_number, telephone, telephone_number, msisdn, "
    "手机号, 手机号码, 电话, 电话号码, 联系电话",
    "callee_role": "callee_type, called_party, 被叫身份, 接听人身份",
    "product": "product_type, product_name, 产品, 产品类型, 产品名称",
    "overdue_days": "days_overdue, days_past_due, days_delinquent, days_late, dpd, 逾期天数, 逾期日数",
    "debtor_segment": "customer_segment, borrower_segment, 客群",
    "disposition": "disposition_name, primary_disposition_name, call_result, call_outcome, call_disposition, "
    "wrap_up, wrap_up_code, 通话结果, 呼叫结果, 拨打结果, 沟通结果, 催收结果",
    "jurisdiction": "country, 国家, 司法辖区",
    "debtor_tz": "debtor_timezone, customer_timezone, consumer_timezone, borrower_timezone",
    "language": "call_language, language_code, 语言, 语种",
    "team": "team_name, skill_group, skill_group_name, 团队, 团队名称, 班组, 小组, 技能组",
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


def plain_names(sent: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent, under the plain spelling of its names; of two that are spelt apart the last."""
    return {plain_name(str(name)): value for name, value in sent.items() if value is not None}


def first_known(names: Iterable[str], *places: Mapping[str, Any]) -> Any:
    """The first of these facts that one of the places (:func:`plain_names`) tells; None where nobody knows any."""
    told = (place.get(plain_name(name)) for place in places for name in names)
    return next((v for v in told if v is not None and not (isinstance(v, str) and plain(v) in NOT_KNOWN)), None)


_MEANT = {
    field: {plain(word): meant for meant, listed in words.items() for word in (meant, *listed.split(","))}
    for field, words in _WORDS.items()
}


DIRECTIONS, ROLES_ON_THE_LINE = (frozenset(_WORDS[field]) for field in ("direction", "callee_role"))
"""What the two fields may hold."""


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
