"""The SCA rule file as records, whichever of its spellings it comes in."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from qa_service.errors import ErrorCode, InputError

#: Names that say the same: the upload's, and those of the answers.
_SAME = {
    "condition_info_cid": "cid",
    "anchor_cid": "cid",
    "oper_lambda": "lambda",
    "rule_lambda": "lambda",
    "oper_key_words": "keywords",
    "oper_name": "name",
    "condition_basic_info": "conditions",
    "rule_basic_info": "rules",
    "operator_basic_info": "operators",
    "rule_name": "name",
    "rule_id": "rid",
}
#: Values of ``ruleScoreType``, ``scoreType`` and ``scoreNumType`` (API QualityCheck 2019-01-15, RuleInfo).
_UNSCORED, _ADDS, _SETS = 1, 1, 1
#: Of a rule: what is there and has no counterpart.
_NOT_READ = {
    "is_delete": "it is deleted there",
    "preq_rule": "that another rule must have hit before is left out",
    "is_hit_num_score": "points by the number of hits are left out: see score.once and score.cap",
}
#: Of a rule: what is read, in :func:`_rule` or by whoever finds its conditions.
_READ = frozenset((
    "rid", "name", "comments", "lambda", "triggers", "rule_score_type", "score_num", "score_type", "score_num_type",
    "level", "graph_flow", "conditions",
))  # fmt: skip
#: Of a rule: what says who wrote it, when and under which heading, and nothing of what it finds or takes.
_BESIDE = frozenset((
    "type", "rule_type", "create_time", "last_update_time", "update_time", "create_empid", "create_emp_id",
    "create_emp_name", "last_update_empid", "last_update_emp_id", "last_update_emp_name", "rule_category_name",
    "business_category_name_list", "business_category_basic_info_list", "score_id", "score_name", "score_sub_id",
    "score_sub_name", "scheme_id", "scheme_name", "user_group", "sort_index", "is_online", "is_select", "editable",
    "effective", "tenant_id", "base_me_agent_id", "id",
))  # fmt: skip
#: Of a condition, of where it looks, of the hit it looks about, and of an operator: what is read, or is a number or a
#: name that says nothing of what is found.
_OF_CONDITION = frozenset((
    "cid", "id", "rid", "name", "comments", "lambda", "check_range", "operators", "create_time", "update_time",
    "user_group", "tenant_id", "base_me_agent_id", "sort_index",
))  # fmt: skip
_OF_PLACE = frozenset(("role", "role_id", "anchor", "range", "time_range", "absolute", "all_sentences_satisfy"))
_OF_ANCHOR = frozenset(("cid", "location", "hit_time"))
_OF_OPERATOR = frozenset((
    "oid", "id", "type", "name", "param", "comments", "quality_check_type", "user_group", "create_time", "update_time",
    "tenant_id", "base_me_agent_id", "sort_index",
))  # fmt: skip
#: What a field holds that says nothing.
_EMPTY: tuple[Any, ...] = (None, "", "0", 0, False, [], {})
#: Of names that are not known, so many are told, each up to this length.
_MOST_NAMES, _MOST_LETTERS = 8, 40
#: Beginnings of names under which answers hold JSON as text: ``jsonStr``, ``JsonStrForRule``, ``Data`` of GetRuleV4Str.
_JSON_TEXT = ("json_str", "data")
#: What a list is wrapped in by the answers of the API: ``{"OperKeyWords": {"OperKeyWord": […]}}``.
_WRAPPED = 1


@dataclass(frozen=True)
class Operator:
    """One test of a sentence; ``param`` holds its numbers and words under snake_case names."""

    oid: str
    kind: str
    name: str
    param: Mapping[str, Any]


@dataclass(frozen=True)
class Anchor:
    """Another condition, about whose hit this one looks. ``hit_time``: 1 to N, 0 each, -1 any (or the last)."""

    cid: str
    location: str
    hit_time: int


@dataclass(frozen=True)
class Condition:
    """``role``: 客服, 客户 or empty for both. ``first``, ``last``: sentences from 1 (negative: from the end).

    ``absolute``: they are counted whoever speaks, from the ends of the call; else only those of ``role``, and about the
    hit of the ``anchor``. ``lost``: what cannot be used, in words.
    """

    cid: str
    expression: str
    operators: tuple[Operator, ...]
    role: str = ""
    anchor: Anchor | None = None
    first: int | None = None
    last: int | None = None
    absolute: bool = False
    every: bool = False
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScaRule:
    """``score``: points, None where none are told; ``adds``: they are given, not taken (``scoreType`` 1 of 1 and 3).

    ``sets``: they are not added or taken, but what its dimension has then (``scoreNumType`` 1). ``level``: 0 grave, 1
    middling, 2 slight. ``lost``: what is not read, in words.
    """

    rid: str
    name: str
    comments: str
    expression: str
    triggers: tuple[str, ...] = ()
    score: float | None = None
    adds: bool = False
    sets: bool = False
    level: int | None = None
    flow: bool = False
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    lost: tuple[str, ...] = ()


def read_sca(text: str, where: str) -> tuple[ScaRule, ...]:
    """All rules of a file: an upload (``conditions`` and ``rules``), an answer of the API, or a list of either.

    Raises:
        InputError: REQUEST_INVALID: it is no JSON, is nested too deeply, or holds no rule.
    """
    try:
        rules = tuple(_rules(_plain(_loaded(text, where))))
    except RecursionError:
        raise _refused(f"{where} is nested too deeply to be read.", "Export it again.") from None
    if not rules:
        raise _refused(
            f"{where} holds no rule.", 'Give the JSON of UploadRule or GetRule: {"conditions": …, "rules": …}.'
        )
    return rules


def _loaded(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as wrong:
        raise _refused(f"{where} is not JSON: {wrong}.", "Export it again.") from None


def _rules(value: Any) -> Iterator[ScaRule]:
    """Rules wherever they stand; some fields hold JSON as text."""
    if isinstance(value, list):
        for item in value:
            yield from _rules(item)
    elif isinstance(value, dict) and "rules" in value and "conditions" in value:
        conditions = _by_id(map(_condition, _dicts(value["conditions"])))
        yield from (_rule(rule, conditions) for rule in _dicts(value["rules"]))
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str) and name.startswith(_JSON_TEXT):
                item = _plain(_json(item))
            yield from _rules(item)


def _by_id(conditions: Iterable[Condition]) -> dict[str, Condition]:
    """Conditions by their ids; where several share one, the last says so."""
    found: dict[str, Condition] = {}
    for condition in conditions:
        same = ("another condition has the same id, and the last one is taken",) if condition.cid in found else ()
        found[condition.cid] = replace(condition, lost=(*condition.lost, *same))
    return found


def _rule(raw: Mapping[str, Any], conditions: Mapping[str, Condition]) -> ScaRule:
    lost = [told for key, told in _NOT_READ.items() if raw.get(key) not in _EMPTY]
    lost += _unknown(raw, _READ | _BESIDE | _NOT_READ.keys())
    scored = _whole(raw, "rule_score_type", lost) != _UNSCORED
    return ScaRule(
        rid=_id(raw, "rid"),
        name=str(raw.get("name") or "").strip(),
        comments=str(raw.get("comments") or "").strip(),
        expression=str(raw.get("lambda") or "").strip(),
        triggers=tuple(map(str, _list(raw.get("triggers")))),
        score=_number(raw, "score_num", lost) if scored else None,
        adds=_whole(raw, "score_type", lost) == _ADDS,
        sets=scored and _whole(raw, "score_num_type", lost) == _SETS,
        level=_whole(raw, "level", lost),
        flow=bool(raw.get("graph_flow")),
        conditions=conditions,
        lost=tuple(lost),
    )


def _unknown(raw: object, known: Collection[str], of: str = "") -> Iterator[str]:
    """One line that names the fields that hold something and are not ``known``; none where there are none."""
    held = raw.items() if isinstance(raw, dict) else ()
    if names := [key[:_MOST_LETTERS] for key, value in held if value not in _EMPTY and key not in known]:
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        yield f"fields {of}that are not known here are left out: {', '.join(names[:_MOST_NAMES])}{more}"


def _condition(raw: Mapping[str, Any]) -> Condition:
    place = raw.get("check_range") if isinstance(raw.get("check_range"), dict) else {}
    assert isinstance(place, dict)
    limits = place.get("range")
    limits = _plain(_json(limits)) if isinstance(limits, str) else limits
    limits = limits if isinstance(limits, dict) else {}
    operators = _dicts(raw.get("operators"))
    lost = [*_unknown(raw, _OF_CONDITION), *_unknown(place, _OF_PLACE, "of where it looks ")]
    lost += _unknown(place.get("anchor"), _OF_ANCHOR, "of its anchor ")
    lost += [told for o in operators for told in _unknown(o, _OF_OPERATOR, f"of operator {_id(o, 'oid', 'id')} ")]
    if place.get("time_range"):
        lost.append("its range of time is left out")
    if place.get("role_id") and not place.get("role"):
        lost.append(f"its role has a number ({place['role_id']}) and no name in the export: anybody counts")
    return Condition(
        cid=_id(raw, "cid", "id"),
        expression=str(raw.get("lambda") or "").strip(),
        operators=tuple(map(_operator, operators)),
        role=str(place.get("role") or ""),
        anchor=_anchor(place.get("anchor"), lost),
        first=_whole(limits, "from", lost),
        last=_whole(limits, "to", lost),
        absolute=bool(place.get("absolute")),
        every=bool(place.get("all_sentences_satisfy")),
        lost=tuple(lost),
    )


def _anchor(raw: object, lost: list[str]) -> Anchor | None:
    if not isinstance(raw, dict) or not (cid := _id(raw, "cid")):
        return None
    return Anchor(cid, str(raw.get("location") or "").upper(), _whole(raw, "hit_time", lost) or 0)


def _operator(raw: Mapping[str, Any]) -> Operator:
    param = raw.get("param")
    kind, name = str(raw.get("type") or ""), str(raw.get("name") or "")
    return Operator(_id(raw, "oid", "id"), kind, name, param if isinstance(param, dict) else {})


def _id(raw: Mapping[str, Any], *keys: str) -> str:
    """The first of these that is there; 0 is an id too."""
    return next((str(raw[key]) for key in keys if raw.get(key) not in (None, "")), "")


def words_of(value: object) -> tuple[str, ...]:
    """A list of words, also where the API has wrapped it; empty ones are passed over, whole numbers are words (110)."""
    return tuple(word for item in _list(value) if (word := _word(item)))


def no_words_of(value: object) -> int:
    """How many items of such a list are something, but no word."""
    return sum(item not in (None, "") and not _word(item) for item in _list(value))


def _word(item: object) -> str:
    plain = isinstance(item, str | int) and not isinstance(item, bool)
    return str(item).strip() if plain else ""


def _list(value: object) -> Sequence[Any]:
    if isinstance(value, dict) and len(value) == _WRAPPED:
        value = next(iter(value.values()))
    return value if isinstance(value, list) else ()


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _plain(value: Any) -> Any:
    """Keys in snake_case: the API writes OperKeyWords, oper_key_words and operKeyWords. Texts that can be printed."""
    if isinstance(value, dict):
        snake = {_snake(str(key)): _plain(item) for key, item in value.items()}
        return {_SAME.get(key, key): item for key, item in snake.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return _whole_text(value) if isinstance(value, str) else value


def _whole_text(text: str) -> str:
    """Escapes of JSON can write half a surrogate pair, which no file and no screen takes: it is replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _whole_text(name)).lower()


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def finite(value: float | str) -> float:
    """The number; also of its digits.

    Raises:
        ValueError: it is none (``nan``), or one without an end (``1e999``, which JSON reads as infinity).
    """
    try:
        number = float(value)
    except (OverflowError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        shown = str(value) if isinstance(value, str | float) else "so large a whole number"
        raise ValueError(f"{shown[:30]} is no number that can be used")
    return number


def _number(raw: Mapping[str, Any], key: str, lost: list[str]) -> float | None:
    """None where there is none; one that cannot be used is told."""
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | str) or value == "":
        return None
    try:
        return finite(value)
    except ValueError as wrong:
        lost.append(f"{key} is left out: {wrong}")
        return None


def _whole(raw: Mapping[str, Any], key: str, lost: list[str]) -> int | None:
    number = _number(raw, key, lost)
    return None if number is None else int(number)


def _refused(message: str, hint: str) -> InputError:
    return InputError(ErrorCode.REQUEST_INVALID, message, hint)
