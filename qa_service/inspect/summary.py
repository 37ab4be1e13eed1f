"""Results of many calls counted up by rule, with samples of what differs."""

from __future__ import annotations

import hashlib
from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from qa_service.inspect.replayed import Replayed, Tally
from qa_service.report.backtest import BacktestReport, Difference, RuleDifference
from qa_service.rules.compiled import Pack

KINDS = ("gained", "lost", "changed")


@dataclass
class _OfRule:
    """What is kept of one rule: sums, and of each kind of difference the samples drawn so far, with what draws them."""

    sums: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    drawn: defaultdict[str, list[tuple[bytes, int, Difference]]] = field(default_factory=lambda: defaultdict(list))

    def count(self, tally: Tally) -> None:
        self.sums.update(tally.model_dump())

    def note(self, one: Difference, most: int) -> None:
        """Up to ``most`` of a kind, drawn by hash: spread over the calls, and the same each time."""
        self.kinds[one.kind] += 1
        key = hashlib.sha256(f"{one.call_id} {one.start_s} {one.quote}".encode()).digest()
        insort(self.drawn[one.kind], (key, self.kinds[one.kind], one), key=lambda drawn: drawn[:2])
        del self.drawn[one.kind][most:]

    @property
    def samples(self) -> Iterator[Difference]:
        for kind in KINDS:
            found = (difference for _, _, difference in self.drawn[kind])
            yield from sorted(found, key=lambda d: (d.day, d.call_id, d.start_s or 0.0))


class Summary:
    """Counts results up as they come, in any order; what it holds does not grow with the calls.

    Args:
        sample: differences of each kind a rule that are kept to be shown.
    """

    def __init__(self, sample: int) -> None:
        self._sample = sample
        self._rules: defaultdict[str, _OfRule] = defaultdict(_OfRule)
        self._judged_by: Counter[str] = Counter()
        self._touched = 0
        self._failed: dict[str, str] = {}

    def add(self, results: Iterable[Replayed]) -> None:
        """One more result of each of these calls."""
        for result in results:
            if result.error:
                self._failed[result.call_id] = result.error
            if not result.judged:
                continue
            self._judged_by[result.judged_by] += 1
            self._touched += bool(result.differences)
            for rule_id, tally in result.rules.items():
                self._rules[rule_id].count(tally)
            for difference in result.differences:
                self._rules[difference.rule_id].note(difference, self._sample)

    def report(
        self, pack: Pack, chosen: Sequence[str], *, since: date, until: date | None, kept: int, service_version: str
    ) -> BacktestReport:
        """The report; ``kept`` calls were inspected in these days, the ``chosen`` ones were judged again."""
        ids = [rule.id for rule in pack.rules]
        gone = sorted(self._rules.keys() - set(ids))
        judged_by = sorted(self._judged_by.items(), key=lambda item: (-item[1], item[0]))
        return BacktestReport(
            pack=pack.info,
            since=since,
            until=until,
            kept=kept,
            calls=self._judged_by.total(),
            touched=self._touched,
            failed={call_id: self._failed[call_id] for call_id in chosen if call_id in self._failed},
            judged_by=dict(judged_by),
            rules=tuple(_rule(pack, rule_id, self._rules[rule_id]) for rule_id in [*ids, *gone]),
            service_version=service_version,
        )


def _rule(pack: Pack, rule_id: str, found: _OfRule) -> RuleDifference:
    spec = next((rule.spec for rule in pack.rules if rule.id == rule_id), None)
    return RuleDifference(
        rule_id=rule_id,
        title=spec.title if spec else rule_id,
        title_en=spec.title_en if spec else "",
        severity=spec.severity if spec else None,
        status=spec.status if spec else "gone",
        before=found.sums["before"],
        after=found.sums["after"],
        gained=found.kinds["gained"],
        lost=found.kinds["lost"],
        changed=found.kinds["changed"],
        not_assessed_before=found.sums["not_assessed_before"],
        not_assessed_after=found.sums["not_assessed_after"],
        samples=tuple(found.samples),
    )
