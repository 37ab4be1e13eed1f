"""Facts over several calls: what :class:`History` holds, counted the way the rules ask for it. Pure.

Days are calendar days where the debtor is. A call that may or may not count (not inspected yet, no time, no direction)
makes a count :class:`Unsure`: it is used where the answer does not hang on that call. docs/history.md has the list.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from qa_service.records import Contact
from qa_service.rules import outcome
from qa_service.rules.facts import Unknown
from qa_service.rules.history_marks import OF_A_NUMBER, agreed_on, bound
from qa_service.rules.history_view import MOST_NAMED, HistoryView
from qa_service.rules.outcome import Answer, both
from qa_service.rules.unsure import Unsure, between

#: Days since something that never happened.
NEVER = 36_500
THIRD_PARTIES = ("contact", "unrelated", "spouse")
#: Facts that are asked by the kind of a mark.
OF_MARKS = ("marked", "days_since_mark", "days_since_last_mark")


def ask(view: HistoryView, name: str, values: tuple[Any, ...]) -> Any:
    """A fact by name, see :data:`FACTS`; :class:`Unknown` where the call lacks what it is counted by."""
    if not view.this.timed:
        return Unknown(("started_at",))
    numbers = [v for v in values if name not in OF_MARKS]
    if wrong := next((v for v in numbers if isinstance(v, bool) or not isinstance(v, int | float)), None):
        return Unknown((), f"{wrong!r} is no number")
    if name.endswith("_last_days") and values[0] > view.history.days:
        return Unknown((), f"the database is asked for {view.history.days} days, not for {values[0]:g}")
    try:
        return FACTS[name](view, *values)
    except ValueError as wrong_zone:
        return Unknown((), str(wrong_zone))


def _attempt(view: HistoryView, call: Contact) -> Answer:
    return both(view.outbound(call), view.to_debtor(call))


def _of_debtor(fact: Callable[..., Any]) -> Callable[..., Any]:
    """A fact that needs to know whose debt a call is about."""

    def known(view: HistoryView, *values: Any) -> Any:
        return fact(view, *values) if view.this.debtor else Unknown(("debtor_ref",))

    return known


def _of_number(fact: Callable[..., Any]) -> Callable[..., Any]:
    """A fact that needs the number dialled."""

    def known(view: HistoryView, *values: Any) -> Any:
        return fact(view, *values) if view.this.number else Unknown(("phone",))

    return known


@_of_debtor
def _effective_today(view: HistoryView, least_s: float) -> Any:
    def counts(call: Contact, where: str) -> Answer:
        talked = outcome.conversation(call, view.role_floor, least_s)
        return both(_attempt(view, call), view.within(call, where, 1), talked)

    return view.count(counts, "conversation", outcome.conversation(view.this, view.role_floor, least_s))


@_of_number
def _unanswered_today(view: HistoryView) -> Any:
    """This call counts too, where nobody picked up; where somebody did, or the call had been agreed on, the count is
    0. Calls that had been agreed on count for none: the cap of China's banks holds where nothing else was agreed."""

    def missed(call: Contact) -> Answer:
        return both(outcome.unanswered(call, view.role_floor), None if call.agreed is None else not call.agreed)

    def counts(call: Contact, where: str) -> Answer:
        return both(view.outbound(call), view.same_number(call), view.within(call, where, 1), missed(call))

    own = missed(view.this)
    before = view.count(counts, "unanswered", own)
    if own is False or isinstance(before, Unknown):
        return before
    least, most = (before.low, before.high) if isinstance(before, Unsure) else (before, before)
    return between(least + (own is True), most + 1, before.why if isinstance(before, Unsure) else view.why((), own))


@_of_debtor
def _calls_last_days(view: HistoryView, days: float) -> Any:
    """For one debt, busy lines and calls agreed on before left out (12 CFR 1006.14(b)(2)-(3))."""
    asked = bound(view.history, "callback", view.role_floor)

    def counts(call: Contact, where: str) -> Answer:
        free = agreed_on(call, asked, where)
        placed = both(_attempt(view, call), view.same_debt(call), None if free is None else not free)
        return both(placed, view.within(call, where, days), outcome.connected(call, view.role_floor))

    reached = outcome.outcome_of(view.this, view.role_floor) != "not_connected"
    own = both(reached, None if view.this.agreed is None else not view.this.agreed)
    return view.count(counts, "attempt", own)


@_of_debtor
def _attempts_last_days(view: HistoryView, days: float) -> Any:
    def counts(call: Contact, where: str) -> Answer:
        return both(_attempt(view, call), view.same_debt(call), view.within(call, where, days))

    return view.count(counts)


def _placed_last_days(personal: bool) -> Callable[..., Any]:
    """Communications (a bare ring may be none) to the debtor's own lines, or to others."""

    def fact(view: HistoryView, days: float) -> Any:
        def kind(call: Contact) -> Answer:
            return both(outcome.communicated(call, view.role_floor), view.place(call, personal))

        def counts(call: Contact, where: str) -> Answer:
            return both(_attempt(view, call), view.same_debt(call), view.within(call, where, days), kind(call))

        return view.count(counts, "communication", kind(view.this))

    return _of_debtor(fact)


@_of_debtor
def _customer_calls_last_days(view: HistoryView, days: float) -> Any:
    return view.count(lambda call, where: both(_attempt(view, call), view.within(call, where, days)))


@_of_number
def _number_calls_last_days(view: HistoryView, days: float) -> Any:
    """Calls placed to the number, whoever they were for."""
    this = view.this

    def counts(call: Contact, where: str) -> Answer:
        return both(view.outbound(call), call.number == this.number, view.within(call, where, days))

    return view.count(counts)


@_of_debtor
def _days_since_conversation(view: HistoryView) -> Any:
    """The last conversation about the same debt. One that the debtor began counts perhaps."""
    if outcome.outcome_of(view.this, view.role_floor) == "not_connected":
        return NEVER
    if not view.zones:
        return Unknown(("debtor_tz",))
    lows, highs, doubtful, sure = [NEVER], [NEVER], [], None
    for call in view.history.earlier:
        talked = both(view.to_debtor(call), view.same_debt(call), outcome.conversation(call, view.role_floor))
        answer = both(talked, True if call.timed and call.direction == "outbound" else None)
        ago = [max(0, view.days_ago(call, where)) for where in view.zones]
        if answer:
            lows.append(min(ago))
            highs.append(max(ago))
            sure = call
        elif answer is None:
            lows.append(min(ago))
            doubtful.append(call)
    view.cite([sure] if sure else [], "conversation")
    return between(min(lows), min(highs), view.why(doubtful))


@_of_debtor
def _redials(view: HistoryView, minutes: float) -> Any:
    def counts(call: Contact, _where: str) -> Answer:
        before = view.this.at - call.at
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
            view.outbound(call), call.number == view.this.number, role, outcome.conversation(call, view.role_floor)
        )

    # An attempt that nobody answers is no second communication.
    return view.count(counts, "conversation", outcome.conversation(view.this, view.role_floor))


@_of_debtor
def _unreached_since(view: HistoryView) -> Any:
    """Calls to the debtor that nobody answered, since the debtor last spoke, whoever had called. Those before a call
    in which the debtor may have spoken count perhaps."""
    sure, maybe, spoke = [], [], []
    for call in reversed(view.history.earlier):
        talked = both(view.to_debtor(call), outcome.conversation(call, view.role_floor), True if call.timed else None)
        if talked:
            break
        spoke += [call] if talked is None else []
        missed = both(_attempt(view, call), outcome.unanswered(call, view.role_floor), None if spoke else True)
        answer = view.maybe_once(call, missed)
        if answer:
            sure.append(call)
        elif answer is None:
            maybe.append(call)
    view.cite(reversed(sure), "unanswered")
    return between(len(sure), len(sure) + len(maybe), view.why([*spoke, *maybe]))


def _nameless(view: HistoryView, kind: str) -> Unknown | None:
    """Why marks of this kind cannot be looked for."""
    known, missing = (view.this.number, "phone") if kind in OF_A_NUMBER else (view.this.debtor, "debtor_ref")
    return None if known else Unknown((missing,))


def _marked(view: HistoryView, kind: str) -> Any:
    if missing := _nameless(view, kind):
        return missing
    sure, maybe = bound(view.history, kind, view.role_floor)
    for call, start_s in sure[-MOST_NAMED:]:
        view.cite_one(call, kind, start_s)
    return True if sure else between(False, bool(maybe), view.why(maybe))


def _days_since_mark(view: HistoryView, kind: str) -> Any:
    """Days since it was first said; -1 where it never was."""
    if missing := _nameless(view, kind) or (None if view.zones else Unknown(("debtor_tz",))):
        return missing
    sure, maybe = bound(view.history, kind, view.role_floor)
    # A call without a time took place some time before it was received.
    perhaps = [view.days_ago(call, where) if call.timed else NEVER for call in maybe for where in view.zones]
    if not sure:
        return between(-1, max(perhaps, default=-1), view.why(maybe))
    first, start_s = sure[0]
    view.cite_one(first, kind, start_s)
    ago = [view.days_ago(first, where) for where in view.zones]
    return between(min(ago), max([*ago, *perhaps]), view.why(maybe))


def _days_since_last_mark(view: HistoryView, kind: str) -> Any:
    """Days since it was last said; :data:`NEVER` where it never was."""
    if missing := _nameless(view, kind) or (None if view.zones else Unknown(("debtor_tz",))):
        return missing
    sure, maybe = bound(view.history, kind, view.role_floor)
    surely = [[view.days_ago(call, where) for call, _ in sure] for where in view.zones]
    perhaps = [view.days_ago(call, where) for call in maybe for where in view.zones]
    low = min((ago for agos in surely for ago in agos), default=NEVER)
    high = max((min(agos, default=NEVER) for agos in surely), default=NEVER)
    return between(min([low, *perhaps]), high, view.why(maybe))


#: What the rules may ask of earlier calls.
FACTS: dict[str, Callable[..., Any]] = {
    "effective_calls_today": _effective_today,
    "unanswered_attempts_today": _unanswered_today,
    "calls_last_days": _calls_last_days,
    "attempts_last_days": _attempts_last_days,
    "personal_calls_last_days": _placed_last_days(True),
    "other_calls_last_days": _placed_last_days(False),
    "customer_calls_last_days": _customer_calls_last_days,
    "number_calls_last_days": _number_calls_last_days,
    "days_since_conversation": _days_since_conversation,
    "redials": _redials,
    "third_party_calls": _third_party_calls,
    "unreached_since": _unreached_since,
    "marked": _marked,
    "days_since_mark": _days_since_mark,
    "days_since_last_mark": _days_since_last_mark,
}
