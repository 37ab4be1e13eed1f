"""A classifier's doubt about what words, or one of its own labels, have found.

Words stand in lawful sentences too: who reads "every day" and "call" in an answer to a complaint has not heard
harassment. A classifier has read the whole turn and what was said around it. Where it sees nothing of what a finding is
about in the agent's turns that it rests on, the finding is held back; one that words had confirmed asks a person
instead where its rule leans on facts of the case, of which the classifier knows nothing. So does one in a turn that
begins by saying what it is not ("I'm not threatening you, but …"), which a classifier may take at its word, and one
whose words are hidden by signs or pinyin (废*物, feiwu), which it cannot read: nothing is held back there, nor of a
rule that says so (``second_opinion: false``: a threat that is passed over costs more than a question). In a word of
hidden or struck out letters ("l o s e r", "w*nker"), which can be read in one way alone, it has no say. What one of its
own labels alone tells is held back where it thinks that none of the requirements which the rule cites for that label is
broken there.

The limits were chosen on calls and utterances written for that (docs/accuracy.md), before others were scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import replace

import regex

from qa_service.records import FindingState, Polarity, Role
from qa_service.rules.case import Case
from qa_service.rules.compiled import Rule
from qa_service.rules.findings import polarity_of, state_of
from qa_service.rules.gates import Cues, disclaims
from qa_service.rules.obligations import Heard
from qa_service.rules.operators.base import Worded
from qa_service.rules.operators.respelt import Respelt
from qa_service.rules.operators.signal import MODEL_ONLY
from qa_service.rules.operators.words import is_chinese

DOUBT = 0.02
"""A requirement that is less likely broken than this is not what the turn is about."""
AGREES = 0.1
"""What a label tells is asked about where one of the requirements that its rule cites is as likely broken there."""
_STRUCK_OUT = regex.compile(r"[a-z]\*+[a-z]?", regex.IGNORECASE)
MODEL_DOUBTS = "model_doubts"
REASON = f"{MODEL_DOUBTS}: words alone say it; the model sees nothing of it here"
LABEL_ALONE = f"{MODEL_DOUBTS}: a label alone says it; of what the rule cites the model sees nothing here"


class SecondOpinion:
    """What the classifier thinks of all that was found in one call."""

    def __init__(self, case: Case, cues: Cues | None) -> None:
        """``cues``: of the gates, in the language of the call."""
        self._case = case
        self._cues = cues
        teller = case.told_by
        self._faults = frozenset(teller.faults if teller is not None and teller.kept_from <= DOUBT else ())

    def left(self, rule: Rule, heard: Heard) -> Heard | None:
        """What the classifier leaves of it: as it is where it sees it too, did not look or cannot tell; with a doubt,
        for a person to decide; or nothing."""
        asked = frozenset(rule.spec.requirements)
        turns = self._of_agent(heard)
        if not turns or not self._was_asked(rule, turns):
            return heard
        if _STRUCK_OUT.search(heard.evidence.quote) or self._hidden(heard, self._case.unmasked):
            return heard
        kept = not rule.spec.second_opinion
        if heard.evidence.soft.startswith(MODEL_ONLY):
            return heard if kept or self._chance(turns, asked) >= AGREES else None
        if not _rests_on_words(rule, heard) or self._chance(turns, asked) >= DOUBT:
            return heard
        confirmed = state_of(rule, heard)[0] is FindingState.CONFIRMED
        if kept or self._hidden(heard, self._case.uncovered) or self._disclaimed(heard):
            if not confirmed:
                return heard
        elif not confirmed or not _asks_facts(rule):
            return None
        return replace(heard, evidence=replace(heard.evidence, soft=REASON))

    def _was_asked(self, rule: Rule, turns: Set[int]) -> bool:
        """Whether it was asked about every requirement of a violation in each of the turns."""
        asked = frozenset(rule.spec.requirements)
        if not asked or not asked <= self._faults or polarity_of(rule) is Polarity.PRAISE:
            return False
        # Of a turn in another script than its call's the requirements of other countries are told.
        chinese = self._case.transcript.language == "zh"
        texts = (turn.text for turn in self._case.spoken if turn.index in turns)
        return all(is_chinese(text) is chinese for text in texts)

    def doubt(self, heard: Heard) -> str:
        """Why a finding is held back."""
        return LABEL_ALONE if heard.evidence.soft.startswith(MODEL_ONLY) else REASON

    def _chance(self, turns: Set[int], labels: Set[str]) -> float:
        signals = self._case.signals or ()
        found = (s for s in signals if s.turn in turns and s.label in labels)
        return max((max(s.probability, s.peak or 0.0) for s in found), default=0.0)

    def _disclaimed(self, heard: Heard) -> bool:
        lines, cues = self._case.turns[1], self._cues
        return cues is not None and any(
            disclaims(cues, lines[at].stream) for at in heard.evidence.turns if self._case.spoken[at].role is Role.AGENT
        )

    def _hidden(self, heard: Heard, written_out: Iterable[Respelt]) -> bool:
        """Whether it rests on a hidden word, which one of these readings has and the classifier read as it stood."""
        lines, evidence = self._case.turns[1], heard.evidence
        return any(one.first in evidence.turns and one.hides(evidence.quote, lines) for one in written_out)

    def _of_agent(self, heard: Heard) -> frozenset[int]:
        """Indexes of the agent's turns that it rests on."""
        turns = (self._case.spoken[at] for at in heard.evidence.turns)
        return frozenset(turn.index for turn in turns if turn.role is Role.AGENT)


def _asks_facts(rule: Rule) -> bool:
    return rule.applies is not None or rule.facts is not None or bool(rule.spec.applies_to.direction)


def _rests_on_words(rule: Rule, heard: Heard) -> bool:
    match = rule.spec.match
    if match.absent or match.every_turn or match.flow or not heard.selections:
        return False
    chosen = [s for s in rule.selections if s.name in heard.selections]
    return all(s.operator is None or isinstance(s.operator, Worded) for s in chosen)
