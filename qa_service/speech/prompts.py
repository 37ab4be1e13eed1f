"""Words that the model should expect, by language. A list of words: a sample dialogue did harm (measured)."""

from __future__ import annotations

DOMAIN_PROMPTS = {
    "zh": "催收专员,逾期,欠款,还款,工号,老赖,征信,起诉,分期,法院。",
    "en": "Debt collector, past due, balance, garnishment, recorded line, last four of your social, creditor.",
}
