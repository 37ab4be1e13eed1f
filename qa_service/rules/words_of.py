"""What a rule looks for, in plain English: for the pages that an officer reads instead of the YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qa_service.rules.condition import FILTER
from qa_service.rules.gates import Switches
from qa_service.rules.operators.base import Worded
from qa_service.rules.schema import GatesSpec, RuleSpec, SelectionSpec, StepSpec, plain
from qa_service.rules.words_of_operators import counted, in_words, joined, quoted

_PLACES = {
    "within_first_s": ("in the first {} of the call", "second"),
    "within_last_s": ("in the last {} of the call", "second"),
    "within_first_turns": ("in the first {} of the call", "turn"),
    "within_last_turns": ("in the last {} of the call", "turn"),
    "within_first_share": ("in the first {} of the call (share of its length)", ""),
    "within_last_share": ("in the last {} of the call (share of its length)", ""),
}
_SIDES = {"agent": "the agent", "customer": "the customer", "any": "anybody"}
_WITHIN = {
    "turns": ("within {} of each other", "turn"),
    "seconds": ("within {} of each other", "second"),
    "near": ("in one turn, at most {} apart", "character or word"),
    "call": ("anywhere in the call", ""),
}
_ANCHORS = {"any": "a hit", "first": "the first hit", "last": "the last hit", "every": "every hit"}
_GATES = {"quotation": "quoted", "negation": "denied", "conditional": "stated as a possible lawful consequence"}
_DEFAULT = GatesSpec(**{name: getattr(Switches(), name) for name in _GATES})
_NO_GATES = GatesSpec(**dict.fromkeys(_GATES, False))


def selection(spec: SelectionSpec, speaker: str, *, name: str = "", gates: GatesSpec = _DEFAULT) -> str:
    """One selection: what is heard, from whom, where and how often.

    Args:
        spec: the selection.
        speaker: the rule's side.
        name: the selection's; the gates of a filter are off unless it says otherwise.
        gates: the rule's.
    """
    data = plain(spec)
    kept_by = spec.silence.kept_by if spec.silence else None
    who = _SIDES[kept_by or spec.speaker or speaker]
    what = "; and ".join(_things(spec, data)) or "nothing"
    extra = [_place(data[key], *words) for key, words in _PLACES.items() if key in data]
    if spec.at_least > 1:
        extra.append(f"at least {spec.at_least} different ones")
    if spec.count > 1:
        extra.append(f"at least {spec.count} times in all")
    if spec.pinyin or spec.phonetic:
        extra.append("words that sound alike count too")
    if spec.case:
        extra.append("only with capital and small letters as written here")
    if excluded := len(spec.not_phrases or ()) + len(spec.not_regex or ()):
        extra.append(f"not where {'an exclusion' if excluded == 1 else f'one of {excluded} exclusions'} is touched")
    if around := data.get("around"):
        extra.append(f"only where it lies {_around(around)}")
    if _is_gated(spec):
        extra += _switched(spec.gates, _NO_GATES if name.startswith(FILTER) else _given(gates))
    return f"from {who}: {what}" + (f" ({', '.join(extra)})" if extra else "")


def _place(value: object, words: str, unit: str) -> str:
    return words.format(unit if (value, unit) == (1, "turn") else counted(value, unit))


def _is_gated(spec: SelectionSpec) -> bool:
    """Whether gates can hold back what it finds: words or a resemblance."""
    return spec.operator is None or isinstance(spec.operator, Worded)


def switched_gates(spec: RuleSpec) -> str:
    """Gates that the rule switches otherwise than the default, of all its selections but filters; or nothing."""
    held = any(_is_gated(part) for name, part in spec.match.select.items() if not name.startswith(FILTER))
    told = "; ".join(_switched(spec.gates, _DEFAULT)) if held else ""
    return f"What is said {told}" if told else ""


def _given(rule: GatesSpec) -> GatesSpec:
    """With the defaults of what the rule leaves open."""
    return _DEFAULT.model_copy(update=rule.model_dump(exclude_none=True))


def _switched(own: GatesSpec, usual: GatesSpec) -> list[str]:
    """What the switches of ``own`` change of those that hold without them."""
    new = {gate: on for gate in _GATES if (on := getattr(own, gate)) is not None and on != getattr(usual, gate)}
    let, held = ([_GATES[gate] for gate, on in new.items() if on is wanted] for wanted in (False, True))
    return [
        *([f"counts also where it is {joined(let, ' or ')}"] if let else []),
        *([f"does not count where it is {joined(held, ' or ')}"] if held else []),
    ]


def _around(value: Mapping[str, Any]) -> str:
    """Where the hits of another selection must lie."""
    sides = [
        f"at most {joined(limits, ' and ')} {side}"
        for side in ("before", "after")
        if (limits := [counted(value[key], unit) for key, unit in _units(side) if key in value])
    ]
    which = value.get("which", "any")
    anchor = _ANCHORS.get(which, f"hit number {which}")
    each = ", and none if one of them has nothing so near" if which == "every" else ""
    return f"{joined(sides, ' or ')} {anchor} of `{value['of']}`{each}"


def _units(side: str) -> tuple[tuple[str, str], ...]:
    return (f"{side}_turns", "turn"), (f"{side}_s", "second")


def combination(spec: RuleSpec) -> str:
    """How the selections come together, with the window they must lie in."""
    match = spec.match
    if match.flow:
        early = " or comes too early" if match.flow.in_order else ""
        return f"A finding for each step that is missing{early}: {', then '.join(map(_step, match.flow.steps))}"
    names = list(match.select)
    condition = match.condition or _default(names)
    if match.every_turn:
        return f"A finding for each turn in which this is **not** heard: `{condition}`"
    if match.absent:
        return f"A finding where this is **not** heard in the call: `{condition}`"
    within = next((k for k in _WITHIN if match.within and getattr(match.within, k) is not None), None)
    words, unit = _WITHIN[within] if within else ("in one turn", "")
    place = words.format(counted(getattr(match.within, within), unit)) if within else words
    order = f", in the order {', then '.join(match.order)}" if match.order else ""
    alone = len(names) == 1 and not match.order
    return f"A finding where this is heard{'' if alone else f' {place}'}{order}: `{condition}`"


def _step(step: StepSpec) -> str:
    skipped = f" (not where `{step.skip_if}`)" if step.skip_if else ""
    asked = f" (only where `{step.required_if}`)" if step.required_if else ""
    return f"`{step.says or step.name}`{asked}{skipped}"


def points(spec: RuleSpec) -> str:
    """What a confirmed finding costs or gives."""
    score = spec.score
    each = score.deduct or score.add
    sign = "+" if score.add else "−"
    often = "once a call" if score.once else f"each time{f', up to {score.cap:g}' if score.cap else ''}"
    told = f"{sign}{counted(each, 'point')}, {often}" if each else "no points"
    if not score.veto:
        return told
    return f"{told}; fails {f'all of {score.dimension}' if score.veto == 'section' else 'the call'}"


def _things(spec: SelectionSpec, data: Mapping[str, Any]) -> Iterator[str]:
    if phrases := data.get("phrases"):
        yield f"any of {quoted(phrases)}"
    if needed := data.get("all"):
        yield f"each of {quoted(needed)}"
    if patterns := data.get("regex"):
        yield "a pattern of words" if len(patterns) == 1 else f"one of {len(patterns)} patterns of words"
    if lexicons := data.get("lexicon"):
        yield f"a word of the list {', '.join(f'`{name}`' for name in lexicons)}"
    if spec.operator:
        yield in_words(spec.operator)


def _default(names: list[str]) -> str:
    wanted = " and ".join(name for name in names if not name.startswith(FILTER))
    return f"{wanted} and not filter_*" if any(name.startswith(FILTER) for name in names) else wanted
