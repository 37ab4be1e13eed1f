"""One SCA rule as one draft rule of ours, and what of it could not be said."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from qa_service.rules.sca.expression import (
    Expression,
    ExpressionError,
    Joined,
    Name,
    Not,
    holds_on_nothing,
    left_out,
    names,
    parse,
    said_part,
    written,
)
from qa_service.rules.sca.operators import Made, selection_of, speaker_of
from qa_service.rules.sca.records import Anchor, Condition, ScaRule

#: A sentence of one side is, roughly, every second turn.
_TURNS_A_SENTENCE = 2
#: Less than one turn away: the same turn.
_SAME_TURN = 0.5
_SEVERITIES: Mapping[int | None, str] = {0: "critical", 1: "major", 2: "minor"}
_WHICH = {1: "first", 0: "every", -1: "any"}


@dataclass
class Draft:
    """A rule to be written: ``spec`` as YAML data (None: nothing of it can be said), ``lost`` in words."""

    title: str
    spec: dict[str, Any] | None = None
    lost: list[str] = field(default_factory=list)


def draft_of(rule: ScaRule, rule_id: str, families: Collection[str]) -> Draft:
    """Translate a rule. ``families``: keys that a selection may have in this version."""
    draft = Draft(rule.name or f"SCA {rule.rid}".strip(), lost=list(rule.lost))
    if rule.sets:
        draft.lost.append(
            f"a hit leaves its dimension {rule.score or 0:g} points at once there; here points are taken or given, and "
            "the draft does neither: write score.deduct, or veto: section for none at all"
        )
    if rule.flow:
        draft.lost.append("a flow of dialogue nodes is not translated: write it as match.flow")
        return draft
    try:
        match = _Match(rule, families, draft.lost).made()
    except ExpressionError as wrong:
        draft.lost.append(f"its logic cannot be read: {wrong}")
        return draft
    if match is None:
        return draft
    draft.spec = {
        "id": rule_id,
        "title": draft.title,
        "version": 1,
        "status": "draft",
        "severity": _severity(rule),
        "requirements": [],
        "applies_to": {"speaker": "any"},
        "description": " ".join(
            filter(None, (rule.comments, f"Imported from SCA rule {rule.rid}." if rule.rid else ""))
        ),
        "match": match,
        "score": {"add" if _praises(rule) else "deduct": 0.0 if rule.sets else abs(rule.score or 0.0), "once": True},
        "message": draft.title,
        "known_gaps": list(draft.lost),
    }
    draft.spec = {key: value for key, value in draft.spec.items() if value not in ("", []) or key == "requirements"}
    return draft


def _praises(rule: ScaRule) -> bool:
    """Without points nothing is given, and ``scoreType`` has its default."""
    return rule.adds and not rule.sets and bool(rule.score)


def _severity(rule: ScaRule) -> str:
    return "praise" if _praises(rule) else _SEVERITIES.get(rule.level, "major")


class _Match:
    """The match of one rule, built up condition by condition."""

    def __init__(self, rule: ScaRule, families: Collection[str], lost: list[str]) -> None:
        self.rule = rule
        self.families = families
        self.lost = lost
        self.select: dict[str, dict[str, Any]] = {}
        self.parts: dict[str, Expression] = {}
        self.read: set[str] = set()
        self.many_sentences = False
        self.order: list[str] = []
        self.turns = 0

    def made(self) -> dict[str, Any] | None:
        if not self.rule.expression and len(self.rule.conditions) > 1:
            self.lost.append("its logic is not in the export: all conditions of the export are asked for together")
        whole = parse(self.rule.expression or " && ".join(self.rule.conditions))
        used = names(whole)
        for cid in self._ordered([cid for cid, _ in used]):
            self._condition(self.rule.conditions[cid])
        left = _replaced(whole, self.parts)
        self._tell_left_out("", whole, self.parts)
        if left is None:
            self.lost.append("nothing is left to look for")
            return None
        return self._match(self._findable(left))

    def _findable(self, left: Expression) -> Expression:
        """Without branches of denials alone beside others, which are told; a rule of denials alone is an absence."""
        kept = said_part(left) if holds_on_nothing(left) else None
        if kept is None:
            return left
        of_rule = f" {self.rule.expression!r}" if self.rule.expression else ""
        self.lost.append(
            f"its logic{of_rule} (“{written(left, str)}”) also holds where nothing is said, and in a condition a "
            f"denial alone finds nothing: only “{written(kept, str)}” is looked for; what must be said and is not "
            "needs a rule of its own with absent: true"
        )
        return kept

    def _ordered(self, wanted: list[str]) -> list[str]:
        """Conditions, each behind the one it stands about; unknown ones are told."""
        found: dict[str, None] = {}
        for cid in dict.fromkeys(wanted):
            if cid not in self.rule.conditions:
                self.lost.append(f"condition {cid} is not in the export")
            chain: dict[str, None] = {}
            at = self.rule.conditions.get(cid)
            while at is not None and at.cid not in found and at.cid not in chain:
                chain[at.cid] = None
                at = self.rule.conditions.get(at.anchor.cid) if at.anchor else None
            found.update(dict.fromkeys(reversed(chain)))
        return list(found)

    def _condition(self, condition: Condition) -> None:
        self.lost += [f"condition {condition.cid}: {reason}" for reason in condition.lost]
        own: dict[str, Expression] = {}
        places = self._places(condition)
        if speaker_of(condition.role) is None:
            self.lost.append(f"condition {condition.cid}: there is no role {condition.role!r} here: anybody counts")
        for operator in condition.operators:
            if operator.oid in own:
                self.lost.append(
                    f"condition {condition.cid}: two operators are called {operator.oid}: the last is taken"
                )
            made = selection_of(operator, self.families)
            self.lost += [f"condition {condition.cid}, {reason}" for reason in made.lost]
            if made.selection is not None:
                name = self._add(condition, operator.oid, made, places)
                own[operator.oid] = Not(Name(name)) if made.negated else Name(name)
                self.many_sentences |= made.many_sentences
        logic = parse(condition.expression or " && ".join(o.oid for o in condition.operators))
        there = {operator.oid for operator in condition.operators}
        for oid in dict.fromkeys(oid for oid, _ in names(logic) if oid not in there):
            self.lost.append(f"condition {condition.cid}: operator {oid} is not in the export")
        left = _replaced(logic, own)
        self._tell_left_out(f"condition {condition.cid}: ", logic, own)
        if left is not None:
            self.parts[condition.cid] = left
        self.read.add(condition.cid)
        if condition.every:
            self.lost.append(f"condition {condition.cid}: that every sentence must fulfil it is left out")

    def _tell_left_out(self, where: str, logic: Expression, there: Mapping[str, Expression]) -> None:
        """A draft that lost an exception accuses where the rule of before did not."""
        for part, more in left_out(logic, there):
            self.lost.append(f"{where}without “{part}” the draft finds {'more' if more else 'less'} than the rule did")

    def _add(self, condition: Condition, oid: str, made: Made, places: Mapping[str, Any]) -> str:
        name = self._free(f"c{_plain(condition.cid)}_{_plain(oid)}")
        assert made.selection is not None
        self.select[name] = {"speaker": speaker_of(condition.role) or "any", **made.selection, **places}
        return name

    def _free(self, name: str) -> str:
        """Ids in other letters than ours may leave nothing but the same name: ``条件一`` and ``条件二``."""
        return next(
            n for n in itertools.chain((name,), (f"{name}_{i}" for i in itertools.count(2))) if n not in self.select
        )

    def _places(self, condition: Condition) -> dict[str, Any]:
        """First or last sentences of the call, or sentences about the hit of another condition."""
        first, last = condition.first, condition.last
        if condition.anchor and not condition.absolute:
            return self._around(condition.cid, condition.anchor, first, last)
        if condition.anchor:
            self.lost.append(
                f"condition {condition.cid}: its range is absolute and counts from the ends of the call: "
                f"that it stands about condition {condition.anchor.cid} is left out"
            )
        if first is None and last is None:
            return {}
        if first is not None and last is not None and first > last and first * last > 0:
            self.lost.append(
                f"condition {condition.cid}: no sentence lies from {first} to {last}: the range is left out"
            )
            return {}
        each = _TURNS_A_SENTENCE if condition.role in ("客服", "客户") and not condition.absolute else 1
        if first is not None and first > 0 and last is not None and last > 0:
            if first > 1:
                self.lost.append(f"condition {condition.cid}: it begins at sentence {first} there, with the call here")
            return {"within_first_turns": last * each}
        if first is not None and first < 0:
            if last not in (None, -1):
                self.lost.append(f"condition {condition.cid}: it ends at sentence {last} there, with the call here")
            return {"within_last_turns": -first * each}
        if (first, last) not in ((1, -1), (0, -1), (None, -1), (1, None)):
            self.lost.append(f"condition {condition.cid}: sentences {first} to {last} are left out")
        return {}

    def _around(self, cid: str, anchor: Anchor, first: int | None, last: int | None) -> dict[str, Any]:
        """About another condition's hit: ``around`` where this version has it, else within so many turns."""
        part = self.parts.get(anchor.cid)
        if part is None:
            self.lost.append(f"condition {cid}: {self._why_no_anchor(anchor.cid)}")
            return {}
        of = next((name for name, negated in names(part) if not negated), None)
        if of is None:
            self.lost.append(
                f"condition {cid}: the condition {anchor.cid} it stands about is a denial, without a place"
            )
            return {}
        if len(names(part)) > 1:
            self.lost.append(f"condition {cid}: it stands about {of} alone, one operator of condition {anchor.cid}")
        if anchor.location == "CURRENT":
            same = {"of": of, "before_turns": _SAME_TURN, "after_turns": _SAME_TURN}
            return {"around": same} if "around" in self.families else {}
        reach = max((abs(n) for n in (first, last) if n), default=1) * _TURNS_A_SENTENCE
        sides = {"BEFORE": ("before",), "AFTER": ("after",)}.get(anchor.location, ("before", "after"))
        if "around" in self.families:
            which = _WHICH.get(anchor.hit_time, anchor.hit_time)
            return {"around": {"of": of, "which": which, **{f"{side}_turns": reach for side in sides}}}
        self.turns = max(self.turns, reach)
        if anchor.hit_time > 0:
            self.lost.append(f"condition {cid}: any hit of {anchor.cid} counts, not only number {anchor.hit_time}")
        if len(sides) == 1 and not self.order:
            own = f"c{_plain(cid)}_{_plain(self.rule.conditions[cid].operators[0].oid)}"
            self.order = [own, of] if sides == ("before",) else [of, own]
        return {}

    def _why_no_anchor(self, cid: str) -> str:
        if cid not in self.rule.conditions:
            return f"the condition {cid} it stands about is not in the export"
        if cid in self.read:
            return f"the condition {cid} it stands about could not be expressed"
        return f"that it stands about condition {cid}, which stands about it in turn, is left out"

    def _match(self, left: Expression) -> dict[str, Any]:
        pairs = names(left)
        wanted = {name for name, negated in pairs if not negated}
        unwanted = {name for name, _ in pairs} - wanted
        absent = not wanted
        called = {name: f"filter_{name}" for name in unwanted} if not absent else {}
        parts = [part for part in self.parts.values() if {name for name, _ in names(part)} & (wanted | unwanted)]
        found: dict[str, Any] = {"select": self._selected(wanted | unwanted, called)}
        condition = _opposite(left) if absent else left
        found["condition"] = written(condition, lambda name: called.get(name, name))
        if absent:
            found["absent"] = True
        elif self.turns:
            found["within"] = {"turns": self.turns}
            if set(self.order) <= wanted and self.order:
                found["order"] = self.order
        elif len(parts) > 1 or self.many_sentences:
            found["within"] = {"call": True}
            if any(len(names(part)) > 1 for part in parts) and len(parts) > 1:
                self.lost.append("operators of one condition may lie anywhere in the call, not only in one sentence")
        return found

    def _selected(self, named: Collection[str], called: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """Selections of the condition, and those they stand about, under the names they have in the draft."""
        used: set[str] = set()
        todo = list(named)
        while todo:
            name = todo.pop()
            if name not in used:
                used.add(name)
                todo += [about["of"]] if (about := self.select[name].get("around")) else []
        found = {}
        for name, selection in self.select.items():
            if name in used:
                about = selection.get("around")
                moved = {"around": {**about, "of": called.get(about["of"], about["of"])}} if about else {}
                found[called.get(name, name)] = {**selection, **moved}
        return found


def _replaced(expression: Expression, parts: Mapping[str, Expression]) -> Expression | None:
    """The expression with names put in; what cannot be expressed is left out."""
    if isinstance(expression, Name):
        return parts.get(expression.name)
    if isinstance(expression, Not):
        inside = _replaced(expression.part, parts)
        return None if inside is None else inside.part if isinstance(inside, Not) else Not(inside)
    found = [f for part in expression.parts if (f := _replaced(part, parts)) is not None]
    return None if not found else found[0] if len(found) == 1 else Joined(expression.sign, tuple(found))


def _opposite(expression: Expression) -> Expression:
    """Its denial, with the denials inside taken away."""
    if isinstance(expression, Not):
        return expression.part
    if isinstance(expression, Joined):
        return Joined("or" if expression.sign == "and" else "and", tuple(map(_opposite, expression.parts)))
    return Not(expression)


def _plain(text: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in text.lower()) or "x"
