"""Who speaks a turn, as other systems say it: ``AGENT``, ``坐席1``, ``external``, a channel, or a label of their own.

A label that nobody explains is refused: a customer taken for the agent would be accused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from qa_service.intake.turn_fields import PlainTurn, TurnsError, first_of, plain_turn
from qa_service.records import Role
from qa_service.records.fact_words import NOT_KNOWN, plain, plain_name

_SAID_OF_ROLES: Mapping[Role, str] = {
    Role.AGENT: "agent, collector, debt collector, representative, rep, advisor, adviser, operator, handler, "
    "call handler, csr, employee, staff, associate, supervisor, team leader, internal, robot, bot, voicebot, "
    "voice bot, virtual agent, "
    "坐席, 座席, 坐席员, 客服, 客服人员, 催收员, 催收专员, 催收人员, 业务员, 专员, 员工, "
    "机器人, 智能机器人, 语音机器人, 外呼机器人",
    Role.CUSTOMER: "customer, client, debtor, consumer, borrower, cardholder, account holder, external, end user, "
    "third party, "
    "客户, 用户, 顾客, 客人, 债务人, 借款人, 持卡人, 联系人, 第三方, 第三人",
    Role.UNKNOWN: "system, 系统, " + ", ".join(word for word in NOT_KNOWN if word),
}
_ROLES = {plain(word): role for role, words in _SAID_OF_ROLES.items() for word in words.split(",")}
_OTHER_SIDE = frozenset(map(plain, (
    "user", "caller", "callee", "called party", "contact", "participant", "recipient", "主叫", "被叫", "对方",
)))  # fmt: skip
"""Words that some systems have for the agent and others for the customer: the one that the other turns leave."""
_OPPOSITE = {Role.AGENT: Role.CUSTOMER, Role.CUSTOMER: Role.AGENT}
_WHO = (
    "role", "speaker_role", "participant_role", "participant_purpose", "participant_type", "speaker_type", "speaker",
    "speaker_name", "speaker_label", "speaker_id", "participant", "participant_id", "party", "sender", "side",
    "角色", "说话人", "发言人", "说话人角色",
)  # fmt: skip
_CHANNEL = (
    "channel", "channel_id", "channel_no", "channel_number", "channel_index", "channel_tag", "media_channel", "声道",
)  # fmt: skip
_KIND = ("role", "participant_role", "participant_purpose", "participant_type", "speaker_role", "purpose", "type")
_ID = (
    "id", "participant_id", "channel_participant", "speaker_id", "speaker", "label", "channel", "channel_id",
    "media_channel", "name",
)  # fmt: skip
_SIDES = {"agent_left": ("left", "l"), "agent_right": ("right", "r")}
_ASIDE = re.compile(r"\s*[(（\[].*$|[\s#]*\d+$")
"""``Agent (Karen)``, ``坐席1``."""


def told_speakers(sent: Mapping[str, Any]) -> dict[str, Role]:
    """What a call says of the labels of its turns: ``speakers`` (``{"0": "agent"}`` or ``{"agent": "0"}``), and the
    roles of its ``participants``.

    Raises:
        TurnsError: ``speakers`` names no roles.
    """
    fields = plain_turn(sent)
    found: dict[str, Role] = {}
    people = fields.get("participants")
    for person in people if isinstance(people, list) else ():
        if isinstance(person, Mapping):
            one = plain_turn(person)
            roles = {role for name in _KIND if (said := first_of(one, (name,))) and (role := _role(said[1]))}
            labels = [_label(said[1]) for name in _ID if (said := first_of(one, (name,)))]
            if len(roles) == 1:
                role = roles.pop()
                found |= {label: Role.UNKNOWN if found.get(label, role) is not role else role for label in labels}
    found = {label: role for label, role in found.items() if role is not Role.UNKNOWN}
    return found | _declared(fields.get("speakers"))


def _declared(speakers: Any) -> dict[str, Role]:
    if speakers is None or isinstance(speakers, list):
        return {}
    if not isinstance(speakers, Mapping):
        raise TurnsError('`speakers` must say who is who, as {"0": "agent", "1": "customer"}')
    found: dict[str, Role] = {}
    for key, value in speakers.items():
        for one in value if isinstance(value, list) else (value,):
            role, label = (_role(one), str(key)) if _role(one) else (_role(key), _label(one))
            if role is None:
                raise TurnsError(f"speakers.{key}: {str(one)[:40]!r} is neither agent nor customer nor unknown")
            found[label] = role
    return found


def roles_of(turns: Sequence[PlainTurn], told: Mapping[str, Role], channels: str | None) -> list[Role]:
    """The role of each turn. ``channels`` is that of the call's facts.

    Raises:
        TurnsError: of one of them nobody says it.
    """
    numbers = {_label(said[1]) for turn in turns if (said := first_of(turn, _CHANNEL))}
    sides = {**_sides(numbers, channels), **{label.lower(): role for label, role in told.items()}}
    found = [_one(number, turn, told, sides) for number, turn in enumerate(turns, 1)]
    words_left = {plain(_said(turn) or "") for turn, role in zip(turns, found, strict=True) if role is None}
    known = {role for role in found if role in _OPPOSITE}
    other = _OPPOSITE[known.pop()] if len(known) == 1 and words_left <= _OTHER_SIDE else None
    for number, (turn, role) in enumerate(zip(turns, found, strict=True), 1):
        if role is None and other is None:
            raise TurnsError(_unexplained(number, turn, numbers, channels))
    return [role or other or Role.UNKNOWN for role in found]


def _one(number: int, turn: PlainTurn, told: Mapping[str, Role], sides: Mapping[str, Role]) -> Role | None:
    """What was told of a turn's labels counts before what its words mean, a known role before an unknown one."""
    labels = [(name, turn[plain_name(name)]) for name in _WHO if plain_name(name) in turn]
    explained = {told[_label(value)]: name for name, value in labels if _label(value) in told}
    worded = {role: name for name, value in labels if (role := _role(value))}
    for roles in (explained, worded):
        sure = {role: name for role, name in roles.items() if role is not Role.UNKNOWN} or roles
        if len(sure) > 1:
            both = " and ".join(f"{name} says {role.value}" for role, name in sure.items())
            raise TurnsError(f"turn {number}: {both}")
        if sure:
            return next(iter(sure))
    channel = first_of(turn, _CHANNEL)
    return (sides.get(_label(channel[1]).lower()) or _role(channel[1])) if channel else None


def _sides(numbers: set[str], channels: str | None) -> dict[str, Role]:
    """Roles of the channels where the call says which is the agent's. Of numbers both must be there: a 1 alone may be
    the first or the second, and a 0 alone the one channel on which both speak."""
    if channels not in _SIDES:
        return {}
    left, right = (Role.AGENT, Role.CUSTOMER) if channels == "agent_left" else (Role.CUSTOMER, Role.AGENT)
    found = {"left": left, "l": left, "right": right, "r": right}
    return found | ({"0": left, "1": right} if numbers == {"0", "1"} else {})


def _unexplained(number: int, turn: PlainTurn, numbers: set[str], channels: str | None) -> str:
    label = _said(turn)
    if label is None:
        return f"turn {number} does not say who speaks: send `role` (agent, customer, unknown)"
    more = ", or `channels` (agent_left: 0 is the agent)" if not channels and numbers == {"0", "1"} else ""
    return f'turn {number}: nobody says who {label[:40]!r} is: send `speakers`, as {{"{label[:40]}": …}}{more}'


def _said(turn: PlainTurn) -> str | None:
    found = first_of(turn, _WHO) or first_of(turn, _CHANNEL)
    return _label(found[1]) if found else None


def _label(value: Any) -> str:
    """0, 0.0 and "0" are one label."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return whole.strip() if isinstance(whole, str) else str(whole)


def _role(value: Any) -> Role | None:
    if not isinstance(value, str) or not value.strip():
        return None
    word = plain(value)
    return _ROLES.get(word) or _ROLES.get(_ASIDE.sub("", word))
