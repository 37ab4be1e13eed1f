"""The calls before a call, and which of them count for a question of a rule. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from qa_service.records import Contact, EarlierCall, History
from qa_service.rules.facts import Unknown
from qa_service.rules.history_once import SAME_CALL, Once
from qa_service.rules.outcome import Answer
from qa_service.rules.unsure import between
from qa_service.rules.zones import zone

MOST_NAMED = 3

#: Whether an earlier call counts, given the zone whose calendar is used.
Question = Callable[[Contact, str], Answer]


@dataclass
class HistoryView:
    """A call's history for one rule. ``zones``: where the debtor may be. ``cited`` gathers what was counted."""

    once: Once
    zones: tuple[str, ...]
    role_floor: float
    cited: dict[tuple[str, str], EarlierCall] = field(default_factory=dict)

    @property
    def earlier_calls(self) -> tuple[EarlierCall, ...]:
        """What was counted, oldest first, and under which other ids this call is kept."""
        found = sorted(self.cited.values(), key=lambda c: (c.at, c.call_id, c.what))
        own = self.once.also.get(self.this.call_id, ()) if found else ()
        return (*found, *(self._cited(self.this.model_copy(update={"call_id": i}), SAME_CALL) for i in own))

    @property
    def history(self) -> History:
        return self.once.history

    @property
    def this(self) -> Contact:
        return self.history.this

    def outbound(self, call: Contact) -> Answer:
        return None if call.direction is None else call.direction == "outbound"

    def to_debtor(self, call: Contact) -> Answer:
        """A call to the debtor in person. Without a role: only if the same number is dialled now, for the debtor."""
        if call.debtor != self.this.debtor:
            return None if call.debtor is None and call.number == self.this.number else False
        if call.callee_role in ("debtor", "voicemail"):
            return True
        if call.callee_role is not None:
            return False
        own = self.this.callee_role in ("debtor", "voicemail") and call.number is not None
        return True if own and call.number == self.this.number else None

    def same_number(self, call: Contact) -> Answer:
        if call.number != self.this.number:
            return False
        return True if call.debtor == self.this.debtor else (None if None in (call.debtor, self.this.debtor) else False)

    def same_debt(self, call: Contact) -> Answer:
        """Calls without the name of a debt are taken for one case, unless they name different products. What is counted
        for one debt is counted for one collector: two that are named and differ have nothing to do with each other."""
        if self.this.collector and call.collector and self.this.collector != call.collector:
            return False
        ours, theirs = self.this.debt, call.debt
        if ours is None and theirs is None:
            differ = self.this.product and call.product and self.this.product != call.product
            return None if differ else True
        return None if None in (ours, theirs) else ours == theirs

    def days_ago(self, call: Contact, where: str) -> int:
        here = zone(where)
        return (self.this.at.astimezone(here).date() - call.at.astimezone(here).date()).days

    def within(self, call: Contact, where: str, days: float) -> Answer:
        """On one of the last ``days`` calendar days, today the first of them."""
        ago = self.days_ago(call, where)
        if not call.timed:  # received then, so it began some time before
            return None if -1 <= ago <= days else False
        return 0 <= ago < days

    def place(self, call: Contact, personal: bool) -> Answer:
        """Whether the line is the debtor's own (home, cell) or another."""
        if call.place is None:
            return None
        return (call.place in ("home", "cell", "mobile", "residence", "personal")) is personal

    # -- counting ------------------------------------------------------------------------------------------------

    def count(self, question: Question, what: str = "attempt", own: Answer = True) -> Any:
        """How many earlier calls count. ``own``: whether this call is one of the kind itself, else there is nothing to
        count before it."""
        if not self.zones:
            return Unknown(("debtor_tz",))
        if own is False:
            return 0
        tallies = [self._tally(question, where) for where in self.zones]
        fewest: list[Contact] = min((sure for sure, _ in tallies), key=len)
        low = len(fewest) if own else 0
        high = max(len(sure) + len(maybe) for sure, maybe in tallies)
        self.cite(fewest if own else (), what)
        doubtful = [call for _, maybe in tallies for call in maybe]
        return between(low, high, self.why(doubtful, own))

    def _tally(self, question: Question, where: str) -> tuple[list[Contact], list[Contact]]:
        answers = [(call, self.maybe_once(call, question(call, where))) for call in self.history.earlier]
        return [c for c, a in answers if a], [c for c, a in answers if a is None]

    def maybe_once(self, call: Contact, answer: Answer) -> Answer:
        """What may be a call that counts already counts perhaps."""
        return None if answer and call.call_id in self.once.perhaps else answer

    def cite(self, calls: Iterable[Contact], what: str) -> None:
        for call in calls:
            self.cite_one(call, what)

    def cite_one(self, call: Contact, what: str, start_s: float | None = None) -> None:
        self.cited[call.call_id, what] = self._cited(call, what, start_s)

    def _cited(self, call: Contact, what: str, start_s: float | None = None) -> EarlierCall:
        at = call.at.astimezone(zone(self.zones[0])) if len(self.zones) == 1 else call.at
        also = self.once.also.get(call.call_id, ())
        sent = not self.history.kept
        return EarlierCall(call_id=call.call_id, at=at, what=what, start_s=start_s, also=also, sent=sent)

    def why(self, doubtful: Iterable[Contact], own: Answer = True) -> str:
        told = ["what became of this call is not clear"] if own is None else []
        named = list({call.call_id: self._doubt(call) for call in doubtful}.items())
        told += [f"call {call_id} {doubt}" for call_id, doubt in named[:MOST_NAMED]]
        told += [f"and {len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else []
        return "; ".join(told) or f"the day differs between {', '.join(self.zones)}"

    def _doubt(self, call: Contact) -> str:
        same = self.once.perhaps.get(call.call_id)
        for missing, words in (
            (same is not None, f"may be the same as {same}"),
            (not call.timed, "has no started_at"),
            (call.direction is None, "has no direction"),
            (call.heard is None and self.history.kept, "is not inspected yet"),
            (call.callee_role is None, "has no callee_role"),
            (call.debt is None and self.this.debt is not None, "names no debt"),
        ):
            if missing:
                return words
        return "may count or not"
