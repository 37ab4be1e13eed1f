"""What was said in earlier calls and binds later ones: which calls hold it, and what it allows. Pure."""

from __future__ import annotations

from qa_service.records import Contact, History
from qa_service.rules import outcome
from qa_service.rules.outcome import Answer
from qa_service.rules.zones import zone

#: Kinds of marks that belong to a number, not to the debtor.
OF_A_NUMBER = ("third_party_refused", "wrong_number")
#: Days for which a debtor's wish to be called holds, the day of the wish the first (12 CFR 1006.14(b)(3)(i)).
CONSENT_DAYS = 7

#: Calls in which something was surely said, with the second, and those in which it may have been.
Bound = tuple[list[tuple[Contact, float | None]], list[Contact]]


def bound(history: History, kind: str, role_floor: float) -> Bound:
    """Calls in which that was said, oldest first. What a call without a time binds is not known."""
    sure, maybe = [], []
    for call in (*history.marked, *history.earlier):
        concerned = _concerned(history.this, call, kind)
        if concerned is False:
            continue
        marks = [mark for mark in (call.heard.marks if call.heard else ()) if mark.kind == kind]
        said = next((mark for mark in marks if mark.sure), None)
        if said and concerned and call.timed:
            sure.append((call, said.start_s))
        elif marks or not outcome.judged_words(call, role_floor):
            maybe.append(call)
    return sure, maybe


def _concerned(this: Contact, call: Contact, kind: str) -> Answer:
    """Whether what was said in that call binds this one."""
    if kind in OF_A_NUMBER:
        return call.number == this.number
    if call.debtor != this.debtor or call.callee_role not in (None, "debtor"):
        return False
    if kind == "workplace":
        same = this.number is not None and call.number == this.number
        return True if same or this.place == "work" else (None if this.place is None and this.number is None else False)
    return True


def agreed_on(call: Contact, asked: Bound, where: str) -> Answer:
    """Whether a call had been agreed on: it is told so, or the debtor had asked for one in the days before.

    ``asked``: calls in which the debtor did; days are those of the zone ``where``.
    """
    answers: list[Answer] = [call.agreed]
    for said, answer in [(said, True) for said, _ in asked[0]] + [(said, None) for said in asked[1]]:
        days = (call.at.astimezone(zone(where)).date() - said.at.astimezone(zone(where)).date()).days
        if said.at < call.at and days < CONSENT_DAYS:
            answers.append(answer)
    return True if True in answers else (None if None in answers else False)
