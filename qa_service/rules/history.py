"""Facts over several calls: what :class:`History` holds, counted the way the rules ask for it. Pure.

Days are calendar days where the debtor is. A call that may or may not count (not inspected yet, no time, no direction)
makes a count :class:`Unsure`: it is used where the answer does not hang on that call. docs/history.md has the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from qa_service.records import Contact, EarlierCall, History
from qa_service.rules import outcome
from qa_service.rules.facts import Unknown
from qa_service.rules.history_marks import OF_A_NUMBER, agreed_on, bound
from qa_service.rules.history_once import SAME_CALL, Once
from qa_service.rules.outcome import Answer, both
from qa_service.rules.unsure import Unsure, between
from qa_service.rules.zones import zone

#: Days since something that never happened.
NEVER = 36_500
THIRD_PARTIES = ("contact", "unrelated", "spouse")
#: Facts that are asked by the kind of a mark.
OF_MARKS = ("marked", "days_since_mark", "days_since_last_mark")
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

    def __call__(self, name: str, values: tuple[Any, ...]) -> Any:
        """A fact by name, see :data:`FACTS`; :class:`Unknown` where the call lacks what it is counted by."""
        if not self._this.timed:
            return Unknown(("started_at",))
        numbers = [v for v in values if name not in OF_MARKS]
        if wrong := next((v for v in numbers if isinstance(v, bool) or not isinstance(v, int | float)), None):
            return Unknown((), f"{wrong!r} is no number")
        if name.endswith("_last_days") and values[0] > self.history.days:
            return Unknown((), f"the database is asked for {self.history.days} days, not for {values[0]:g}")
        try:
            return FACTS[name](self, *values)
        except ValueError as wrong_zone:
            return Unknown((), str(wrong_zone))

    @property
    def earlier_calls(self) -> tuple[EarlierCall, ...]:
        """What was counted, oldest first, and under which other ids this call is kept."""
        found = sorted(self.cited.values(), key=lambda c: (c.at, c.call_id, c.what))
        own = self.once.also.get(self._this.call_id, ()) if found else ()
        return (*found, *(self._cited(self._this.model_copy(update={"call_id": i}), SAME_CALL) for i in own))

    @property
    def history(self) -> History:
        return self.once.history

    @property
    def _this(self) -> Contact:
        return self.history.this

    def _outbound(self, call: Contact) -> Answer:
        return None if call.direction is None else call.direction == "outbound"

    def _to_debtor(self, call: Contact) -> Answer:
        """A call to the debtor in person. Without a role: only if the same number is dialled now, for the debtor."""
        if call.debtor != self._this.debtor:
            return None if call.debtor is None and call.number == self._this.number else False
        if call.callee_role in ("debtor", "voicemail"):
            return True
        if call.callee_role is not None:
            return False
        own = self._this.callee_role in ("debtor", "voicemail") and call.number is not None
        return True if own and call.number == self._this.number else None

    def _same_number(self, call: Contact) -> Answer:
        if call.number != self._this.number:
            return False
        return (
            True if call.debtor == self._this.debtor else (None if None in (call.debtor, self._this.debtor) else False)
        )

    def _same_debt(self, call: Contact) -> Answer:
        """Calls without the name of a debt are taken for one case, unless they name different products. What is counted
        for one debt is counted for one collector: two that are named and differ have nothing to do with each other."""
        if self._this.collector and call.collector and self._this.collector != call.collector:
            return False
        ours, theirs = self._this.debt, call.debt
        if ours is None and theirs is None:
            differ = self._this.product and call.product and self._this.product != call.product
            return None if differ else True
        return None if None in (ours, theirs) else ours == theirs

    def _days_ago(self, call: Contact, where: str) -> int:
        here = zone(where)
        return (self._this.at.astimezone(here).date() - call.at.astimezone(here).date()).days

    def _within(self, call: Contact, where: str, days: float) -> Answer:
        """On one of the last ``days`` calendar days, today the first of them."""
        ago = self._days_ago(call, where)
        if not call.timed:  # received then, so it began some time before
            return None if -1 <= ago <= days else False
        return 0 <= ago < days

    def _place(self, call: Contact, personal: bool) -> Answer:
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
        self._cite(fewest if own else (), what)
        doubtful = [call for _, maybe in tallies for call in maybe]
        return between(low, high, self._why(doubtful, own))

    def _tally(self, question: Question, where: str) -> tuple[list[Contact], list[Contact]]:
        answers = [(call, self._once(call, question(call, where))) for call in self.history.earlier]
        return [c for c, a in answers if a], [c for c, a in answers if a is None]

    def _once(self, call: Contact, answer: Answer) -> Answer:
        """What may be a call that counts already counts perhaps."""
        return None if answer and call.call_id in self.once.perhaps else answer

    def _cite(self, calls: Iterable[Contact], what: str) -> None:
        for call in calls:
            self._cite_one(call, what)

    def _cite_one(self, call: Contact, what: str, start_s: float | None = None) -> None:
        self.cited[call.call_id, what] = self._cited(call, what, start_s)

    def _cited(self, call: Contact, what: str, start_s: float | None = None) -> EarlierCall:
        at = call.at.astimezone(zone(self.zones[0])) if len(self.zones) == 1 else call.at
        also = self.once.also.get(call.call_id, ())
        sent = not self.history.kept
        return EarlierCall(call_id=call.call_id, at=at, what=what, start_s=start_s, also=also, sent=sent)

    def _why(self, doubtful: Iterable[Contact], own: Answer = True) -> str:
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
            (call.debt is None and self._this.debt is not None, "names no debt"),
        ):
            if missing:
                return words
        return "may count or not"


def _attempt(view: HistoryView, call: Contact) -> Answer:
    return both(view._outbound(call), view._to_debtor(call))


def _of_debtor(fact: Callable[..., Any]) -> Callable[..., Any]:
    """A fact that needs to know whose debt a call is about."""

    def known(view: HistoryView, *values: Any) -> Any:
        return fact(view, *values) if view._this.debtor else Unknown(("debtor_ref",))

    return known


def _of_number(fact: Callable[..., Any]) -> Callable[..., Any]:
    """A fact that needs the number dialled."""

    def known(view: HistoryView, *values: Any) -> Any:
        return fact(view, *values) if view._this.number else Unknown(("phone",))

    return known


@_of_debtor
def _effective_today(view: HistoryView, least_s: float) -> Any:
    def counts(call: Contact, where: str) -> Answer:
        talked = outcome.conversation(call, view.role_floor, least_s)
        return both(_attempt(view, call), view._within(call, where, 1), talked)

    return view.count(counts, "conversation", outcome.conversation(view._this, view.role_floor, least_s))


@_of_number
def _unanswered_today(view: HistoryView) -> Any:
    """This call counts too, where nobody picked up; where somebody did, or the call had been agreed on, the count is
    0. Calls that had been agreed on count for none: the cap of China's banks holds where nothing else was agreed."""

    def missed(call: Contact) -> Answer:
        return both(outcome.unanswered(call, view.role_floor), None if call.agreed is None else not call.agreed)

    def counts(call: Contact, where: str) -> Answer:
        return both(view._outbound(call), view._same_number(call), view._within(call, where, 1), missed(call))

    own = missed(view._this)
    before = view.count(counts, "unanswered", own)
    if own is False or isinstance(before, Unknown):
        return before
    least, most = (before.low, before.high) if isinstance(before, Unsure) else (before, before)
    return between(least + (own is True), most + 1, before.why if isinstance(before, Unsure) else view._why((), own))


@_of_debtor
def _calls_last_days(view: HistoryView, days: float) -> Any:
    """For one debt, busy lines and calls agreed on before left out (12 CFR 1006.14(b)(2)-(3))."""
    asked = bound(view.history, "callback", view.role_floor)

    def counts(call: Contact, where: str) -> Answer:
        free = agreed_on(call, asked, where)
        placed = both(_attempt(view, call), view._same_debt(call), None if free is None else not free)
        return both(placed, view._within(call, where, days), outcome.connected(call, view.role_floor))

    reached = outcome.outcome_of(view._this, view.role_floor) != "not_connected"
    own = both(reached, None if view._this.agreed is None else not view._this.agreed)
    return view.count(counts, "attempt", own)


@_of_debtor
def _attempts_last_days(view: HistoryView, days: float) -> Any:
    def counts(call: Contact, where: str) -> Answer:
        return both(_attempt(view, call), view._same_debt(call), view._within(call, where, days))

    return view.count(counts)


def _placed_last_days(personal: bool) -> Callable[..., Any]:
    """Communications (a bare ring may be none) to the debtor's own lines, or to others."""

    def fact(view: HistoryView, days: float) -> Any:
        def kind(call: Contact) -> Answer:
            return both(outcome.communicated(call, view.role_floor), view._place(call, personal))

        def counts(call: Contact, where: str) -> Answer:
            return both(_attempt(view, call), view._same_debt(call), view._within(call, where, days), kind(call))

        return view.count(counts, "communication", kind(view._this))

    return _of_debtor(fact)


@_of_debtor
def _customer_calls_last_days(view: HistoryView, days: float) -> Any:
    return view.count(lambda call, where: both(_attempt(view, call), view._within(call, where, days)))


@_of_debtor
def _days_since_conversation(view: HistoryView) -> Any:
    """The last conversation about the same debt. One that the debtor began counts perhaps."""
    if outcome.outcome_of(view._this, view.role_floor) == "not_connected":
        return NEVER
    if not view.zones:
        return Unknown(("debtor_tz",))
    lows, highs, doubtful, sure = [NEVER], [NEVER], [], None
    for call in view.history.earlier:
        talked = both(view._to_debtor(call), view._same_debt(call), outcome.conversation(call, view.role_floor))
        answer = both(talked, True if call.timed and call.direction == "outbound" else None)
        ago = [max(0, view._days_ago(call, where)) for where in view.zones]
        if answer:
            lows.append(min(ago))
            highs.append(max(ago))
            sure = call
        elif answer is None:
            lows.append(min(ago))
            doubtful.append(call)
    view._cite([sure] if sure else [], "conversation")
    return between(min(lows), min(highs), view._why(doubtful))


@_of_debtor
def _redials(view: HistoryView, minutes: float) -> Any:
    def counts(call: Contact, _where: str) -> Answer:
        before = view._this.at - call.at
        near = (
            before <= timedelta(minutes=minutes) if call.timed else (None if abs(before) < timedelta(days=1) else False)
        )
        return both(_attempt(view, call), near)

    return view.count(counts)


@_of_number
def _third_party_calls(view: HistoryView) -> Any:
    def counts(call: Contact, _where: str) -> Answer:
        role = None if call.callee_role is None else call.callee_role in THIRD_PARTIES
        return both(
            view._outbound(call), call.number == view._this.number, role, outcome.conversation(call, view.role_floor)
        )

    # An attempt that nobody answers is no second communication.
    return view.count(counts, "conversation", outcome.conversation(view._this, view.role_floor))


@_of_debtor
def _unreached_since(view: HistoryView) -> Any:
    """Calls to the debtor that nobody answered, since the debtor last spoke, whoever had called. Those before a call
    in which the debtor may have spoken count perhaps."""
    sure, maybe, spoke = [], [], []
    for call in reversed(view.history.earlier):
        talked = both(view._to_debtor(call), outcome.conversation(call, view.role_floor), True if call.timed else None)
        if talked:
            break
        spoke += [call] if talked is None else []
        missed = both(_attempt(view, call), outcome.unanswered(call, view.role_floor), None if spoke else True)
        answer = view._once(call, missed)
        if answer:
            sure.append(call)
        elif answer is None:
            maybe.append(call)
    view._cite(reversed(sure), "unanswered")
    return between(len(sure), len(sure) + len(maybe), view._why([*spoke, *maybe]))


def _nameless(view: HistoryView, kind: str) -> Unknown | None:
    """Why marks of this kind cannot be looked for."""
    known, missing = (view._this.number, "phone") if kind in OF_A_NUMBER else (view._this.debtor, "debtor_ref")
    return None if known else Unknown((missing,))


def _marked(view: HistoryView, kind: str) -> Any:
    if missing := _nameless(view, kind):
        return missing
    sure, maybe = bound(view.history, kind, view.role_floor)
    for call, start_s in sure[-MOST_NAMED:]:
        view._cite_one(call, kind, start_s)
    return True if sure else between(False, bool(maybe), view._why(maybe))


def _days_since_mark(view: HistoryView, kind: str) -> Any:
    """Days since it was first said; -1 where it never was."""
    if missing := _nameless(view, kind) or (None if view.zones else Unknown(("debtor_tz",))):
        return missing
    sure, maybe = bound(view.history, kind, view.role_floor)
    # A call without a time took place some time before it was received.
    perhaps = [view._days_ago(call, where) if call.timed else NEVER for call in maybe for where in view.zones]
    if not sure:
        return between(-1, max(perhaps, default=-1), view._why(maybe))
    first, start_s = sure[0]
    view._cite_one(first, kind, start_s)
    ago = [view._days_ago(first, where) for where in view.zones]
    return between(min(ago), max([*ago, *perhaps]), view._why(maybe))


def _days_since_last_mark(view: HistoryView, kind: str) -> Any:
    """Days since it was last said; :data:`NEVER` where it never was."""
    if missing := _nameless(view, kind) or (None if view.zones else Unknown(("debtor_tz",))):
        return missing
    sure, maybe = bound(view.history, kind, view.role_floor)
    surely = [[view._days_ago(call, where) for call, _ in sure] for where in view.zones]
    perhaps = [view._days_ago(call, where) for call in maybe for where in view.zones]
    low = min((ago for agos in surely for ago in agos), default=NEVER)
    high = max((min(agos, default=NEVER) for agos in surely), default=NEVER)
    return between(min([low, *perhaps]), high, view._why(maybe))


#: What the rules may ask of earlier calls.
FACTS: dict[str, Callable[..., Any]] = {
    "effective_calls_today": _effective_today,
    "unanswered_attempts_today": _unanswered_today,
    "calls_last_days": _calls_last_days,
    "attempts_last_days": _attempts_last_days,
    "personal_calls_last_days": _placed_last_days(True),
    "other_calls_last_days": _placed_last_days(False),
    "customer_calls_last_days": _customer_calls_last_days,
    "days_since_conversation": _days_since_conversation,
    "redials": _redials,
    "third_party_calls": _third_party_calls,
    "unreached_since": _unreached_since,
    "marked": _marked,
    "days_since_mark": _days_since_mark,
    "days_since_last_mark": _days_since_last_mark,
}
