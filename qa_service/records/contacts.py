"""A call as the calls after it see it, from its facts."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from qa_service.records.contact_keys import debtor_key, number_key
from qa_service.records.fact_words import first_known, plain_names
from qa_service.records.facts import CallFacts
from qa_service.records.history import Contact

#: Facts of the caller's own: the debt, the kind of line, the agency, an agreement to be called, and whether somebody
#: answered.
DEBT = ("debt_ref", "debt_id", "account_ref", "account_id", "account_number", "loan_id", "contract_id")
PLACE = ("called_place", "phone_type", "number_type")
COLLECTOR = ("agency", "agency_id", "collector_id", "vendor_id")
AGREED = ("callback_agreed", "callback_consent")
ANSWERED = ("answered", "connected")


def contact_of(facts: CallFacts, call_id: str, received_at: datetime) -> Contact:
    """What the facts say of a call to the calls after it."""
    account, extra = plain_names(facts.account), plain_names(facts.extra)
    answered, debt, place = first_known(ANSWERED, extra), first_known(DEBT, account, extra), first_known(PLACE, extra)
    collector = first_known(COLLECTOR, extra, account)
    return Contact(
        call_id=call_id,
        debtor=debtor_key(facts.debtor_ref),
        number=number_key(facts.phone),
        at=facts.started_at or received_at,
        timed=facts.started_at is not None,
        direction=facts.direction,
        callee_role=facts.callee_role,
        disposition=facts.disposition,
        answered=answered if isinstance(answered, bool) else None,
        debt=None if debt is None else _named(debt),
        product=facts.product,
        place=place.strip().lower() if isinstance(place, str) else None,
        agreed=_agreed(facts),
        collector=None if collector is None else _named(collector).casefold(),
    )


def _agreed(facts: CallFacts) -> bool | None:
    """Whether the call had been agreed on; None where that was sent in other words than true or false."""
    sent = [side[n] for side in (facts.history, facts.account, facts.extra) for n in AGREED if side.get(n) is not None]
    return True if any(s is True for s in sent) else (False if all(s is False for s in sent) else None)


def _named(debt: JsonValue) -> str:
    """Exports write 201 as 201.0, too."""
    return str(int(debt) if isinstance(debt, float) and debt.is_integer() else debt).strip()
