"""Results of many calls counted up by rule, with samples of what differs."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from qa_service.inspect.replayed import Replayed, Tally
from qa_service.report.backtest import BacktestReport, Difference, RuleDifference
from qa_service.rules.compiled import Pack


def summarised(
    pack: Pack,
    results: Sequence[Replayed],
    *,
    since: date,
    until: date | None,
    kept: int,
    sample: int,
    service_version: str,
) -> BacktestReport:
    """The report over ``results``; ``kept`` calls were inspected in these days, ``sample`` differences a rule shown."""
    judged = [r for r in results if r.judged]
    tallies: dict[str, list[Tally]] = defaultdict(list)
    differences: dict[str, list[Difference]] = defaultdict(list)
    for result in judged:
        for rule_id, tally in result.rules.items():
            tallies[rule_id].append(tally)
        for difference in result.differences:
            differences[difference.rule_id].append(difference)
    ids = [rule.id for rule in pack.rules]
    gone = sorted(tallies.keys() - set(ids))
    return BacktestReport(
        pack=pack.info,
        since=since,
        until=until,
        kept=kept,
        calls=len(judged),
        touched=sum(bool(r.differences) for r in judged),
        failed={r.call_id: r.error for r in results if r.error},
        judged_by=dict(Counter(r.judged_by for r in judged).most_common()),
        rules=tuple(_rule(pack, rule_id, tallies[rule_id], differences[rule_id], sample) for rule_id in [*ids, *gone]),
        service_version=service_version,
    )


def _rule(
    pack: Pack, rule_id: str, tallies: Iterable[Tally], differences: Sequence[Difference], sample: int
) -> RuleDifference:
    spec = next((rule.spec for rule in pack.rules if rule.id == rule_id), None)
    kinds = Counter(d.kind for d in differences)
    rows = list(tallies)
    return RuleDifference(
        rule_id=rule_id,
        title=spec.title if spec else rule_id,
        title_en=spec.title_en if spec else "",
        severity=spec.severity if spec else None,
        status=spec.status if spec else "gone",
        before=sum(t.before for t in rows),
        after=sum(t.after for t in rows),
        gained=kinds["gained"],
        lost=kinds["lost"],
        changed=kinds["changed"],
        not_assessed_before=sum(t.not_assessed_before for t in rows),
        not_assessed_after=sum(t.not_assessed_after for t in rows),
        samples=tuple(_samples(differences, sample)),
    )


def _samples(differences: Sequence[Difference], most: int) -> Iterable[Difference]:
    """Up to ``most`` of each kind, drawn by hash: spread over the calls, and the same each time."""
    for kind in ("gained", "lost", "changed"):
        own = [d for d in differences if d.kind == kind]
        drawn = sorted(own, key=lambda d: hashlib.sha256(f"{d.call_id} {d.start_s} {d.quote}".encode()).digest())
        yield from sorted(drawn[:most], key=lambda d: (d.day, d.call_id, d.start_s or 0.0))
