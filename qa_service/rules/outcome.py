"""What became of a call: from the disposition its own system gave it, else from what was heard in it.

Answers are True, False or None, "not known".
"""

from __future__ import annotations

import re
from typing import Literal

from qa_service.records import CallStatus, Contact

#: ``silent``: nobody, or only the agent, was heard: no conversation, and whether somebody picked up is not known.
Outcome = Literal["conversation", "voicemail", "unanswered", "not_connected", "silent"]
Answer = bool | None

#: Turns with words that a customer must have for a conversation; a single one may be a voicemail greeting.
CUSTOMER_TURNS = 2
UNANSWERED: tuple[Outcome, ...] = ("voicemail", "unanswered", "not_connected")
#: Whole dispositions, compared without case, spaces and signs.
_DISPOSITIONS: dict[Outcome, str] = {
    "voicemail": "voicemail voicemailleft leftvoicemail answeringmachine machine vm am "
    "语音信箱 留言 语音留言 已留言 转语音信箱",
    "unanswered": "noanswer notanswered unanswered na ringnoanswer noreply missed rejected declined "
    "未接 未接听 未接通 无人接听 无应答 拒接 客户拒接 挂断未接 呼叫未接通 无法接通",
    "not_connected": "busy linebusy invalid invalidnumber numberinvalid disconnected disconnectednumber outofservice "
    "notinservice failed callfailed congestion 占线 忙线 用户忙 空号 停机 关机 号码无效 号码停用 呼叫失败",
}  # fmt: skip
_OUTCOME_OF = {word: outcome for outcome, words in _DISPOSITIONS.items() for word in words.split()}
_SIGNS = re.compile(r"[\W_]+")


def outcome_of(call: Contact, role_floor: float) -> Outcome | None:
    """What became of the call; None where that is not known (yet). ``role_floor``: below it who spoke is not known."""
    said = _OUTCOME_OF.get(_SIGNS.sub("", (call.disposition or "").lower()))
    if said:
        return said
    if call.callee_role == "voicemail":
        return "voicemail"
    if call.answered is False:
        return "unanswered"
    heard = call.heard
    if heard is None or heard.status is CallStatus.FAILED:
        return "conversation" if call.talked else None
    if heard.error == "no_speech":
        return "silent"
    if heard.role_confidence < role_floor:
        return None
    if heard.customer_turns >= CUSTOMER_TURNS:
        return "conversation"
    return None if heard.customer_turns else "silent"


def conversation(call: Contact, role_floor: float, least_s: float = 0.0) -> Answer:
    """Whether both sides spoke in a call of at least ``least_s`` seconds."""
    outcome = outcome_of(call, role_floor)
    if outcome != "conversation":
        return None if outcome is None else False
    length = call.heard.duration_s if call.heard else call.talk_s
    if length is None:
        return None if least_s > 0 else True
    return length >= least_s


def unanswered(call: Contact, role_floor: float) -> Answer:
    """Whether nobody picked up."""
    outcome = outcome_of(call, role_floor)
    if outcome == "silent" or (outcome is None and not call.answered):
        return None if not call.answered else False
    return outcome in UNANSWERED


def connected(call: Contact, role_floor: float) -> Answer:
    """Whether the number dialled was reached: it rang, whoever answered or nobody. A busy line was not reached."""
    outcome = outcome_of(call, role_floor)
    if outcome == "not_connected":
        return False
    judged = call.heard is not None and call.heard.status is not CallStatus.FAILED and outcome != "silent"
    return True if judged or outcome in ("voicemail", "unanswered", "conversation") else None


def communicated(call: Contact, role_floor: float) -> Answer:
    """Whether something reached the person called: a conversation or a message. A bare ring: not known."""
    outcome = outcome_of(call, role_floor)
    if outcome in ("conversation", "voicemail"):
        return True
    return False if outcome == "not_connected" else None


def judged_words(call: Contact, role_floor: float) -> bool:
    """Whether what was said in the call is known; nothing was, where nobody answered."""
    if outcome_of(call, role_floor) in (*UNANSWERED, "silent"):
        return True
    return call.heard is not None and call.heard.status is CallStatus.INSPECTED


def both(*answers: Answer) -> Answer:
    """And, over three values."""
    if any(a is False for a in answers):
        return False
    return None if any(a is None for a in answers) else True
