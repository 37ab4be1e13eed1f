"""The fields of the query language: their names, what may stand behind the colon, and what that means."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from qa_service.errors import QueryError
from qa_service.records import CallStatus, FindingState, Role, Severity
from qa_service.search.tree import Fact, Measure, Range, fact

QUOTE_IT = 'To look for the sign or word itself, put it in quotes: "…".'


class Kind(StrEnum):
    """What a field is of. The finding fields that stand side by side ask for one finding (findings.py)."""

    CALL = "call"
    TURN = "turn"
    FINDING = "finding"
    MEASURE = "measure"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Field:
    """``name`` is how it is written; ``also`` other ways. ``values`` are all that may be asked (empty: anything)."""

    name: str
    kind: Kind
    also: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def value(self, text: str, position: int | None = None) -> str:
        """The value as facts know it.

        Raises:
            QueryError: nothing, or none of the values that there are.
        """
        text = text.strip()
        if not text:
            raise QueryError(f"The field {self.name} has no value.", position=position, hint=f"Write {self.name}:….")
        found = self.values.get(text.lower())
        if self.values and found is None:
            message = f"{self.name} cannot be {short(text)}."
            raise QueryError(message, position=position, hint=f"Use one of {', '.join(self.values)}.")
        return found or self.aliases.get(text.lower(), text)

    def fact(self, text: str, position: int | None = None) -> Fact:
        """Of a call or a turn that has this value."""
        return Fact(fact(self.name.replace("_", ""), self.value(text, position)), self.kind is Kind.TURN)


def _closed(kind: type[StrEnum], **also: str) -> dict[str, str]:
    return {**{str(value): str(value) for value in kind}, **also}


FIELDS = (
    Field("agent", Kind.CALL, ("坐席", "工号")),
    Field("team", Kind.CALL, ("班组",)),
    Field("call", Kind.CALL, ("通话",)),
    Field("product", Kind.CALL, ("产品",)),
    Field("stage", Kind.CALL, ("阶段",)),
    Field("segment", Kind.CALL, ("客群",)),
    Field("jurisdiction", Kind.CALL, ("法域", "地区")),
    Field("language", Kind.CALL, ("语言",), aliases={"中文": "zh", "普通话": "zh", "英文": "en", "英语": "en"}),
    Field("grade", Kind.CALL, ("等级",)),
    Field(
        "status", Kind.CALL, ("质检状态",),
        _closed(CallStatus, 已质检="inspected", 无法评估="not_assessable", 失败="failed"),
    ),
    Field(
        "agent_type", Kind.CALL, ("坐席类型",),
        {"human": "human", "robot": "robot", "人工": "human", "机器人": "robot"},
    ),
    Field("role", Kind.TURN, ("说话人",), _closed(Role, 坐席="agent", 客户="customer", 未知="unknown")),
    Field("rule", Kind.FINDING, ("规则",)),
    Field("requirement", Kind.FINDING, ("条款", "要求")),
    Field(
        "severity", Kind.FINDING, ("严重程度",),
        _closed(Severity, 严重="critical", 较重="major", 轻微="minor", 表扬="praise"),
    ),
    Field(
        "state", Kind.FINDING, ("状态", "结论"),
        _closed(FindingState, 已确认="confirmed", 待核实="unverified", 待复核="needs_review"),
    ),
    Field("score", Kind.MEASURE, ("分数", "得分")),
    Field("duration", Kind.MEASURE, ("时长",)),
    Field("date", Kind.MEASURE, ("日期",)),
    Field("pinyin", Kind.SOUND, ("拼音",)),
)  # fmt: skip
BY_NAME = {name: field for field in FIELDS for name in (field.name, *field.also)}
_MEASURES = {"score": Measure.SCORE, "duration": Measure.DURATION, "date": Measure.DAY}
_WRITTEN = {
    "score": "score:<60, score:>=80 or score:[60 TO 80]",
    "duration": "duration:>300 (seconds), duration:<5m or duration:[60 TO 300]",
    "date": "date:2026-11-17, date:>=2026-11-01 or date:[2026-11-01 TO 2026-11-30]",
}
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(s|sec|秒|m|min|分|分钟)?")
_NUMBER = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)分?")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


def named(name: str, position: int) -> Field:
    """The field of this name.

    Raises:
        QueryError: there is none.
    """
    found = BY_NAME.get(name.lower())
    if found is None:
        hint = f"Fields are {', '.join(f.name for f in FIELDS)}. {QUOTE_IT}"
        raise QueryError(f"There is no field {short(name)}.", position=position, hint=hint)
    return found


def compared(
    asked: Field,
    low: str | None,
    high: str | None,
    position: int,
    *,
    low_included: bool = True,
    high_included: bool = True,
) -> Range:
    """A measure between two ends; None is open.

    Raises:
        QueryError: an end is none of this measure, or nothing can lie between the two.
    """
    ends = [None if end is None else _end(asked, end, position) for end in (low, high)]
    first, last = ends
    if first is not None and last is not None:
        beyond = first > last if isinstance(first, str) and isinstance(last, str) else float(first) > float(last)
        if beyond or (first == last and not (low_included and high_included)):
            hint = f"Write {_WRITTEN[asked.name]}."
            raise QueryError(f"No {asked.name} lies from {low} to {high}.", position=position, hint=hint)
    return Range(_MEASURES[asked.name], first, last, low_included, high_included)


def seconds(text: str) -> float | None:
    """A length of time: 10, 10s, 2m, 10秒, 2分钟; None for anything else."""
    found = _SECONDS.fullmatch(text.strip().lower())
    return float(found.group(1)) * (60 if found.group(2) in ("m", "min", "分", "分钟") else 1) if found else None


def short(text: str) -> str:
    """A text as it is quoted in a message."""
    text = text.strip()
    return f"“{text[:20]}…”" if len(text) > 20 else f"“{text}”"


def _end(asked: Field, text: str, position: int) -> float | str:
    found = {"score": _points, "duration": seconds, "date": _day}[asked.name](text.strip())
    if found is None:
        hint = f"Write {_WRITTEN[asked.name]}."
        raise QueryError(f"{asked.name} cannot be {short(text)}.", position=position, hint=hint)
    return found


def _points(text: str) -> float | None:
    found = _NUMBER.fullmatch(text)
    value = float(found.group(1)) if found else math.nan
    return value if math.isfinite(value) else None


def _day(text: str) -> str | None:
    found = _DAY.fullmatch(text)
    try:
        return date(*map(int, found.groups())).isoformat() if found else None
    except ValueError:
        return None
