"""What the classifier tells: its labels, in the order of its outputs. Definitions: ``models/conduct/CARD.md``."""

from __future__ import annotations

import re

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

REQUIREMENTS_CN = (
    "CN-THREAT-01", "CN-ABUSE-01", "CN-FALSELEGAL-01", "CN-FALSELEGAL-02", "CN-IMPERSON-01", "CN-FAKEDOC-01",
    "CN-THIRD-01", "CN-THIRD-02", "CN-THIRD-03", "CN-THIRD-04", "CN-TIME-01",
    "CN-HARASS-01", "CN-ID-01", "CN-ID-02", "CN-REC-01", "CN-LOAN-01", "CN-FEE-01", "CN-FEE-02",
    "CN-ACCT-01", "CN-CREDIT-01", "CN-VISIT-01", "CN-PRIV-01", "CN-PII-01", "CN-NEG-01", "CN-PROMISE-01",
    "CN-VULN-01", "CN-WRONG-01", "CN-EVADE-01", "CN-TONE-01", "CN-OUTSRC-01",
)  # fmt: skip
REQUIREMENTS_US = (
    "US-1692D-1", "US-1692D-2", "US-1692D-3", "US-1692D-5", "US-1692D-6",
    "US-1692E-1", "US-1692E-2", "US-1692E-3", "US-1692E-4", "US-1692E-5", "US-1692E-7", "US-1692E-8", "US-1692E-10",
    "US-1692E-11", "US-1692E-14", "US-1692F-1", "US-1692F-2", "US-1692F-6", "US-1692C-A1", "US-1692C-A1B",
    "US-1692C-A2", "US-1692C-A3", "US-1692C-B", "US-1692B", "US-1692C-C", "US-1692G-1", "US-1692G-2", "US-REGF-26",
    "US-REGF-LCM", "US-REGF-14H", "US-TCPA-1", "US-REC-1", "US-MA-2", "US-NY-1", "US-CA-1",
)  # fmt: skip
REQUIREMENTS_UK = (
    "UK-CONC-7.3.4", "UK-CONC-7.3.10", "UK-CONC-7.9.2", "UK-CONC-7.9.4", "UK-CONC-7.9-FREQ", "UK-CONC-7.9.6",
    "UK-CONC-7.9.10", "UK-CONC-7.11.1", "UK-CONC-7.11.6", "UK-CONC-7.15.8", "UK-VULN-1", "UK-BS-1", "UK-REC-1",
)  # fmt: skip
REQUIREMENTS = REQUIREMENTS_CN + REQUIREMENTS_US + REQUIREMENTS_UK
"""Requirements of the catalogue that words can break: whether an agent's turn sounds as if it broke one. What the case
must be for that (a debt that is time-barred, a relative on the line) is for the rules to ask."""
OUTPUTS = (*CONDUCT, OFFENSIVE, *REQUIREMENTS)
_HAN = re.compile(r"[\u4e00-\u9fff]")


def told_of(speaker: str) -> tuple[str, ...]:
    """The labels that can hold for a turn of this speaker; of an unknown one, none."""
    return {"agent": AGENT, "customer": CUSTOMER}.get(speaker, ())


def requirements_of(speaker: str, text: str) -> tuple[tuple[str, ...], ...]:
    """The requirements that a turn can break, by country: an agent's, of the countries whose language it is in."""
    if speaker != "agent":
        return ()
    return (REQUIREMENTS_CN,) if _HAN.search(text) else (REQUIREMENTS_US, REQUIREMENTS_UK)


def can_break(speaker: str, text: str, requirements: tuple[str, ...]) -> bool:
    """Whether a turn can break these, which are of countries of one language."""
    return any(requirements[0] in place for place in requirements_of(speaker, text))
