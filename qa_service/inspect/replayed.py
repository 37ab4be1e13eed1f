"""One kept call judged again by a pack, and how that differs from what is stored with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from pydantic import Field

from qa_service.inspect.pipeline import Inspector
from qa_service.records import CallEntry, CallStatus, Finding, FindingState, History, Inspection, Record
from qa_service.report.backtest import Difference, Kind
from qa_service.text.redact import redact

#: Longer evidence is cut in a report.
MOST_QUOTED = 200
#: The calls before a kept one.
HistoryOf = Callable[[str], History | None]


class Tally(Record):
    """Of one rule on one call: findings, and whether it could not be judged, then and now."""

    before: int = 0
    after: int = 0
    not_assessed_before: int = 0
    not_assessed_after: int = 0


class Replayed(Record):
    """What became of one call. ``judged`` False: the pack is not for it, or it can no longer be judged.

    ``judged_by``: behaviour of the pack that made the stored findings, empty where it was not this pack. ``error``: the
    kind of an error that nobody foresaw, of this call alone.
    """

    call_id: str
    inspection_id: int = 0
    judged: bool
    judged_by: str = ""
    error: str = ""
    rules: dict[str, Tally] = Field(default_factory=dict)
    differences: tuple[Difference, ...] = ()


def replay(inspector: Inspector, pack: str, entry: CallEntry, history_of: HistoryOf) -> Replayed:
    """Judge a kept call again by ``pack`` (as a part of its plan) and compare. Nothing is written.

    Where earlier calls had a part in what is stored, they have one now.
    """
    kept = entry.inspection
    if kept is None or kept.made_by is None:
        return Replayed(call_id=entry.call_id, judged=False)
    now = inspector.judge_again(kept, entry.facts)
    history = history_of(entry.call_id) if kept.made_by.history_packs else None
    if history is not None:
        now = inspector.judge_by_history(now, entry.facts, history)
    known = {p.name: p.behaviour_sha256 for p in kept.made_by.packs}
    plan = {p.name for p in now.made_by.packs} if now.made_by else set()
    if now.status is not CallStatus.INSPECTED or pack not in plan | known.keys():
        return Replayed(call_id=entry.call_id, judged=False)
    ids = {rule.id for rule in inspector.pack(pack).rules}
    return Replayed(
        call_id=entry.call_id,
        judged=True,
        judged_by=known.get(pack, ""),
        rules=_tallies(kept, now, pack, ids),
        differences=tuple(_differences(kept, now, pack, entry.day)),
    )


def _tallies(kept: Inspection, now: Inspection, pack: str, ids: set[str]) -> dict[str, Tally]:
    found = [Counter(f.rule_id for f in inspection.findings if f.pack == pack) for inspection in (kept, now)]
    missing = [Counter({m.rule_id for m in i.not_assessed if m.rule_id in ids}) for i in (kept, now)]
    return {
        rule_id: Tally(
            before=found[0][rule_id],
            after=found[1][rule_id],
            not_assessed_before=missing[0][rule_id],
            not_assessed_after=missing[1][rule_id],
        )
        for rule_id in sorted({*found[0], *found[1], *missing[0], *missing[1]})
    }


def _differences(kept: Inspection, now: Inspection, pack: str, day: date) -> Iterator[Difference]:
    before = [f for f in kept.findings if f.pack == pack]
    after = [f for f in now.findings if f.pack == pack]
    why = {m.rule_id: m.reason for m in now.not_assessed}
    for was, is_now in paired(before, after):
        finding = is_now or was
        assert finding is not None
        if was and is_now and was.state is is_now.state:
            continue
        kind: Kind = "gained" if was is None else "lost" if is_now is None else "changed"
        yield Difference(
            kind=kind,
            rule_id=finding.rule_id,
            call_id=kept.call_id,
            day=day,
            start_s=finding.start_s,
            quote=_shortened(finding.quote if finding.quotes_calls else redact(finding.quote).text),
            was=_state(was),
            is_now=_state(is_now),
            reason=is_now.reason if is_now else why.get(finding.rule_id, ""),
        )


def _shortened(quote: str) -> str:
    """A long one ends in a sign that it goes on."""
    return quote if len(quote) <= MOST_QUOTED else f"{quote[: MOST_QUOTED - 1].rstrip()}…"


def paired(before: Sequence[Finding], after: Sequence[Finding]) -> Iterable[tuple[Finding | None, Finding | None]]:
    """Findings of the same thing side by side: the same rule and words, else the same rule and a turn in common.

    A finding that has no counterpart stands beside None.
    """
    left, right = list(before), list(after)
    pairs: list[tuple[Finding | None, Finding | None]] = []
    for same in (_same_words, _same_turn):
        for was in list(left):
            found = next((f for f in right if same(was, f)), None)
            if found is not None:
                pairs.append((was, found))
                left.remove(was)
                right.remove(found)
    return [*pairs, *((was, None) for was in left), *((None, f) for f in right)]


def _same_words(one: Finding, other: Finding) -> bool:
    return one.rule_id == other.rule_id and one.turns == other.turns and one.quote == other.quote


def _same_turn(one: Finding, other: Finding) -> bool:
    near = not one.turns or not other.turns or bool(set(one.turns) & set(other.turns))
    return one.rule_id == other.rule_id and near


def _state(finding: Finding | None) -> FindingState | None:
    return finding.state if finding else None
