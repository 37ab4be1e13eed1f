"""What the caller's own systems know of a call."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from qa_service.records.base import Record
from qa_service.records.fact_fields import settled
from qa_service.records.fact_words import OTHER_NAMES, meant, plain_name
from qa_service.records.times import moment, zone_of


def _text(value: object) -> object:
    """Exports write ids as numbers; 201, 201.0 and "201" are the same agent."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _number(value: object) -> object:
    """True is not one day."""
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


_COUNTS_OR_CALLS = {
    "anyOf": [
        {"type": "object", "additionalProperties": True},
        {"type": "array", "items": {"type": "object", "additionalProperties": True}},
    ]
}

Text = Annotated[str, BeforeValidator(_text)]

CalleeRole = Literal[
    "debtor", "spouse", "guarantor", "co_borrower", "authorised_third_party", "contact", "unrelated", "voicemail"
]


class CallFacts(Record):
    """What the caller's own systems know of a call. Every field is optional.

    Names may be written as ``callId`` or ``Call ID``, or as other systems call them (``dpd``, ``customer_id``,
    ``逾期天数``); an empty text is no value. Unknown fields are kept under
    ``extra``; a nested ``meta`` object is flattened. ``channels`` says which channel carries the agent: ``agent_left``
    (also ``stereo``), ``agent_right`` or ``mono``. What has a fixed set of values may be said in words of other
    systems: ``Outbound``, ``外呼``, ``zh-CN``, ``employer``, ``USA``. ``state`` is its two letters (``CA``).
    ``account`` and ``history`` are free-form objects whose fields rules may ask for; a list under ``history`` is the
    log of earlier calls, and stands under ``calls`` there. ``started_at`` may be seconds or milliseconds of the epoch;
    ``clock_tz`` is the zone of times that are sent without one.
    """

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    call_id: Text | None = Field(default=None, min_length=1, max_length=200)
    clock_tz: Text | None = None
    started_at: AwareDatetime | None = None
    direction: Literal["inbound", "outbound"] | None = None
    agent_id: Text | None = None
    agent_name: Text | None = None
    team: Text | None = None
    debtor_ref: Text | None = None
    phone: Text | None = None
    callee_role: CalleeRole | None = None
    product: Text | None = None
    overdue_days: Annotated[int | None, BeforeValidator(_number)] = Field(default=None, ge=0)
    debtor_segment: Text | None = None
    agent_type: Literal["human", "robot"] | None = None
    disposition: Text | None = None
    first_party: bool | None = None
    jurisdiction: Text | None = None
    state: Text | None = None
    debtor_tz: Text | None = None
    language: Literal["zh", "en"] | None = None
    channels: Literal["agent_left", "agent_right", "mono"] | None = None
    account: dict[str, JsonValue] = Field(default_factory=dict)
    history: Annotated[dict[str, JsonValue], WithJsonSchema(_COUNTS_OR_CALLS)] = Field(default_factory=dict)
    extra: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: Any) -> Any:
        """Flatten ``meta``, translate ``channels``, move unknown fields under ``extra``."""
        if not isinstance(value, dict):
            return value
        meta = value.get("meta") or {}
        if not isinstance(meta, dict):
            raise ValueError("meta must be an object")
        rest = {k: v for k, v in value.items() if k != "meta"}
        told = {plain_name(str(key)) for key in (*meta, *rest)}
        flat = {**cls._named(meta, told), **cls._named(rest, told)}
        flat = settled({k: v for k, v in flat.items() if not cls._is_empty(k, v)})
        if "channels" in flat:
            flat["channels"] = _channels(flat["channels"])
        extra = flat.pop("extra", None) or {}
        if not isinstance(extra, dict):
            raise ValueError("extra must be an object")
        if isinstance(flat.get("history"), list):
            flat["history"] = {"calls": flat["history"]}
        extra = dict(extra)
        known = {k: v for k, v in flat.items() if k in cls.model_fields}
        extra.update({k: v for k, v in flat.items() if k not in cls.model_fields})
        return {**known, "extra": extra}

    @classmethod
    def _named(cls, sent: dict[str, Any], told: Collection[str]) -> dict[str, Any]:
        """With the fields' own names, where nothing else stands under these. ``told``: the plain names of all that was
        sent; of several names of a field its own counts."""
        own = {plain_name(name): name for name in cls.model_fields}
        own |= {name: field for name, field in OTHER_NAMES.items() if plain_name(field) not in told}
        found: dict[str, Any] = {}
        for key, item in sent.items():
            name = own.get(plain_name(str(key)), key)
            found[key if name in sent or name in found else name] = item
        return found

    @classmethod
    def _is_empty(cls, field: str, value: object) -> bool:
        """An id that is empty is a mistake, as no other call may have it."""
        if value is None:
            return field in ("account", "history")
        return isinstance(value, str) and not value.strip() and field in cls.model_fields and field != "call_id"

    @field_validator("clock_tz")
    @classmethod
    def _is_zone(cls, value: str | None) -> str | None:
        if value is not None:
            zone_of(value)
        return value

    @field_validator("started_at", mode="before")
    @classmethod
    def _moment(cls, value: object, info: ValidationInfo) -> object:
        """A moment without its zone is one of ``clock_tz``."""
        if value is None or isinstance(value, datetime):
            return value
        clock = info.data.get("clock_tz")
        return moment(value, zone_of(clock) if clock else None)

    @field_validator("direction", "agent_type", "language", "callee_role", "jurisdiction", "first_party", mode="before")
    @classmethod
    def _as_others_say_it(cls, value: object, info: ValidationInfo) -> object:
        return meant(info.field_name, value)

    def get(self, path: str) -> JsonValue | None:
        """A fact by dotted name (``account.lawsuit_filed``), looked up in ``extra`` too; None when missing."""
        first, *parts = path.split(".")
        here: Any = getattr(self, first) if first in type(self).model_fields and first != "extra" else None
        if here is None:
            here = self.extra.get(first)
        elif not isinstance(here, dict):
            here = self.model_dump(mode="json", include={first})[first]
        for part in parts:
            if not isinstance(here, dict) or part not in here:
                return None
            here = here[part]
        return here  # type: ignore[no-any-return]


def _agents_channel(sides: dict[Any, Any]) -> object:
    """Of ``{"agent": 0, "customer": 1}`` or ``{"left": "agent", "right": "customer"}``.

    Two that are 1 and 2 are counted from one; an agent on a 2 alone is on the second of two.
    """
    named = {plain_name(str(key)): item for key, item in sides.items()}
    if "agent" not in named:
        named = {plain_name(item): key for key, item in named.items() if isinstance(item, str)}
    agent, other = (str(named.get(side)) for side in ("agent", "customer"))
    return {("1", "2"): "left", ("2", "1"): "right", ("2", "None"): "right"}.get((agent, other), named.get("agent"))


def _channels(value: object) -> object:
    """Accept the ways exports say it: "stereo", 0, 1, {"agent": 1}, "right". Of two channels a 2 is how many there are,
    and does not say which is the agent's. True is no number of a channel."""
    if isinstance(value, dict):
        value = _agents_channel(value)
    if isinstance(value, bool):
        raise ValueError("channels: true and false name no channel")
    if isinstance(value, str):
        value = value.strip().lower()
    if value in (2, "2"):
        return None
    names: dict[object, str] = {
        "stereo": "agent_left", "left": "agent_left", "agent_left": "agent_left", 0: "agent_left", "0": "agent_left",
        "right": "agent_right", "agent_right": "agent_right", 1: "agent_right", "1": "agent_right", "mono": "mono",
    }  # fmt: skip
    return names.get(value, value) if isinstance(value, str | int) else value
