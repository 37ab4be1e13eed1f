"""Fields of a call that other systems send in a form of their own: the number by the way the call went, a switch for
the direction.

Only where the value fits: a ``call_type`` that is no direction stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from qa_service.records.fact_words import DIRECTIONS, ROLES_ON_THE_LINE, meant, plain_name

_DIRECTION = (
    "call_type", "originating_direction", "initiation_method", "direction_type", "call_way", "呼叫类型", "通话类型",
)  # fmt: skip
_OUTBOUND = ("is_outbound", "outbound", "是否外呼")
_WHOM = (
    "spoke_to", "spoken_to", "spoke_with", "person_contacted", "party_contacted", "contact_relationship",
    "relationship", "与客户关系", "与借款人关系", "与债务人关系", "联系人关系",
)  # fmt: skip
_DIALLED = ("dialled_number", "dialed_number", "called_number", "被叫号码")
"""The customer's, unless the call came in: then it is our own."""
_TO = (
    "callee", "callee_number", "called", "dnis", "to", "to_number", "to_addr", "destination", "destination_number",
    "被叫",
)  # fmt: skip
_FROM = (
    "caller", "caller_number", "calling_number", "caller_id", "ani", "from", "from_number", "from_addr",
    "主叫", "主叫号码",
)  # fmt: skip
_NUMBER = re.compile(r"(tel:|sip:)?\+?[\d\s().\-*]{5,30}")


def settled(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with their own names where those could be told of others; these stay away then."""
    found = dict(flat)
    _take(found, "direction", _DIRECTION, lambda value: _means("direction", value, DIRECTIONS))
    _take(found, "callee_role", _WHOM, lambda value: _means("callee_role", value, ROLES_ON_THE_LINE))
    _switch(found)
    direction = meant("direction", found.get("direction"))
    if direction == "inbound":
        _take(found, "phone", _FROM, _is_number)
    else:
        _take(found, "phone", (*_DIALLED, *_TO) if direction == "outbound" else _DIALLED, _is_number)
    return found


def _take(found: dict[str, Any], field: str, names: Iterable[str], fits: Callable[[Any], bool]) -> None:
    if found.get(field) is None and (named := next((n for n in _all(found, names) if fits(found[n])), None)):
        found[field] = found.pop(named)


def _means(field: str, value: object, known: frozenset[str]) -> bool:
    return isinstance(value, str) and meant(field, value) in known


def _switch(found: dict[str, Any]) -> None:
    named = _named(found, _OUTBOUND)
    if found.get("direction") is None and named and isinstance(found[named], bool):
        found["direction"] = "outbound" if found.pop(named) else "inbound"


def _all(found: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    by_name = {plain_name(key): key for key in found}
    return [by_name[plain_name(name)] for name in names if plain_name(name) in by_name]


def _named(found: Mapping[str, Any], names: Iterable[str]) -> str | None:
    return next(iter(_all(found, names)), None)


def _is_number(value: object) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return value > 9999
    return isinstance(value, str) and _NUMBER.fullmatch(value.strip()) is not None
