"""What earlier calls of the same debtor or number were, as far as a later call must know."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from qa_service.records.base import CallStatus, Record

#: What a customer may say in one call that binds the calls after it.
MarkKind = Literal[
    "asked_to_stop", "cease_letter", "attorney", "dispute", "workplace", "consent_revoked", "third_party_refused",
    "wrong_number", "no_mornings", "no_evenings", "no_weekends", "callback",
]  # fmt: skip


class Mark(Record):
    """Something said in a call that later calls must respect. It accuses nobody.

    ``sure`` False: the words were not heard well, ``reason`` says why. ``turns`` are indexes into the transcript,
    ``quote`` the words as heard (left out where the mark is kept for later calls).
    """

    kind: MarkKind
    rule_id: str
    rule_version: int
    sure: bool
    turns: tuple[int, ...] = ()
    start_s: float | None = None
    quote: str = ""
    reason: str = ""


class HeardCall(Record):
    """What the inspection of a call says of it. ``customer_turns``: turns of the customer that have words."""

    status: CallStatus
    error: str | None = None
    customer_turns: int = 0
    role_confidence: float = 0.0
    duration_s: float | None = None
    marks: tuple[Mark, ...] = ()


class Contact(Record):
    """One call as the calls after it see it.

    ``at``: when it began, in UTC; when it was received where ``timed`` is False. ``debtor`` and ``number`` are hashes
    of the debtor's reference and of the number dialled, None where unknown. ``debt`` names the debt, ``place`` the kind
    of line (home, cell, work, …). ``answered``: by the caller's own system. ``agreed``: the call had been agreed on
    before, None where what was sent says neither. ``collector``: the agency that called, where that was sent.
    ``talked``: it was a conversation, by the caller's own system, of ``talk_s`` seconds. ``heard`` is None until the
    call is inspected.
    """

    call_id: str
    debtor: str | None = None
    number: str | None = None
    at: datetime
    timed: bool = True
    direction: Literal["inbound", "outbound"] | None = None
    callee_role: str | None = None
    disposition: str | None = None
    answered: bool | None = None
    debt: str | None = None
    product: str | None = None
    place: str | None = None
    agreed: bool | None = False
    collector: str | None = None
    talked: bool | None = None
    talk_s: float | None = None
    heard: HeardCall | None = None


class History(Record):
    """The calls before ``this`` one, oldest first: of the same debtor or the same number, up to ``days`` days back.

    ``marked`` holds calls older than that in which something was said that still binds. ``kept`` False: they are not
    those of a database but what the caller sent, which may not be all.
    """

    this: Contact
    days: int
    earlier: tuple[Contact, ...] = ()
    marked: tuple[Contact, ...] = ()
    kept: bool = True


class EarlierCall(Record):
    """An earlier call that a finding rests on: its id, when it began (in the debtor's zone where known), and what it
    shows (``conversation``, ``attempt``, or the kind of a mark with the second at which it was said; ``same_call``:
    nothing, it is the call of the finding under another id). ``also``: other ids under which it is kept. ``sent``: it
    is not kept here, but stood in the log that came with the call."""

    call_id: str
    at: datetime
    what: str
    start_s: float | None = None
    also: tuple[str, ...] = ()
    sent: bool = False
