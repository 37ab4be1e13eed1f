"""What the classifier tells: its labels, in the order of its outputs. Definitions: ``models/conduct/CARD.md``."""

from __future__ import annotations

AGENT_FAULTS = (
    "insult",
    "threat_violence",
    "threat_soft",
    "false_legal",
    "impersonation",
    "third_party_disclosure",
    "induce_borrowing",
    "improper_payment",
    "dismissive",
    "pressure_vulnerable",
    "sarcasm_humiliation",
)
AGENT_MERITS = ("empathy", "resolution_offer")
CUSTOMER = ("distress", "dispute", "cease_request", "complaint", "abuse_by_customer", "promise_to_pay")
OFFENSIVE = "offensive"
"""The label of public sets of comments (COLD and others), learned beside ours: it says nothing of conduct."""

AGENT = AGENT_FAULTS + AGENT_MERITS
CONDUCT = AGENT + CUSTOMER
OUTPUTS = (*CONDUCT, OFFENSIVE)


def told_of(speaker: str) -> tuple[str, ...]:
    """The labels that can hold for a turn of this speaker; of an unknown one, none."""
    return {"agent": AGENT, "customer": CUSTOMER}.get(speaker, ())
