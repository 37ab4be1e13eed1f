"""Give every voice or channel its role, with the chance that this is right and the reasons for it.

On a shared channel the words decide. Where channels were declared they are a strong prior, and the words a check on
it: they lower the confidence where they disagree, and turn the declaration round only when they are nearly sure.
"""

from __future__ import annotations

from collections.abc import Sequence

from qa_service.records import Role, Roles, RoleSource, Transcript
from qa_service.settings import Settings, bundled
from qa_service.speech.roles.cues import Cue, load_cues
from qa_service.speech.roles.model import RoleModel, load_model
from qa_service.speech.roles.traits import Party, cue_turns, parties, traits

#: How often a declaration of channels is right: exports name the wrong side now and then.
DECLARED_RIGHT = 0.98
#: The words turn a declaration round at this chance.
SWAP_AT = 0.98
#: A party must say this many syllables or words, and both together the second number, before words count.
FEWEST_WORDS, FEWEST_IN_ALL = 2, 30
#: Reasons that are kept for a reader, the strongest first.
REASONS = 5

Key = tuple[int, int | None]


def assign(
    transcript: Transcript, *, declared: tuple[Role, ...] | None, direction: str | None, settings: Settings
) -> Transcript:
    """The transcript with the role of every turn set, and ``roles`` saying how sure that is.

    Args:
        transcript: turns with their channel and, on a shared channel, their voice. Where its ``roles`` rest on
            diarisation, their confidence is that of the voices, and the result's is the product of both.
        declared: role of each channel; None (or no agent among them) where one channel carries both.
        direction: ``inbound``, ``outbound`` (assumed where None).

    A shared channel with one voice, or with too few words, keeps UNKNOWN roles at confidence 0.
    """
    folder = bundled("models", settings.models_dir) / "roles"
    cues, model = load_cues(folder), load_model(folder)
    found = parties(transcript.turns, transcript.language)
    weighed = _Weighed(found, cues, model, direction)
    if declared is not None and Role.AGENT in declared:
        return _checked(transcript, declared, weighed)
    if not weighed.enough:
        unknown = Roles(source=transcript.roles.source, confidence=0.0, evidence=("too little was said to tell",))
        return _with_roles(transcript, {p.key: Role.UNKNOWN for p in found}, unknown)
    told = transcript.roles.confidence if transcript.roles.source == RoleSource.DIARISATION else 1.0
    agent = weighed.likeliest
    sides = {p.key: Role.AGENT if p.key == agent else Role.CUSTOMER for p in found}
    roles = Roles(
        source=RoleSource.CONTENT,
        confidence=round(weighed.chance({agent}) * told, 4),
        evidence=weighed.reasons(agent),
    )
    return _with_roles(transcript, sides, roles)


class _Weighed:
    """The parties of a call with their chances of being the agent."""

    def __init__(self, found: Sequence[Party], cues: Sequence[Cue], model: RoleModel, direction: str | None) -> None:
        self.parties = found
        self.cues, self.model = cues, model
        self.enough = sum(p.size >= FEWEST_WORDS for p in found) >= 2 and sum(p.size for p in found) >= FEWEST_IN_ALL
        self.traits = {p.key: traits(p, [o for o in found if o is not p], cues, direction) for p in found}
        scores = [model.score(self.traits[p.key]) for p in found]
        self.chances = dict(zip([p.key for p in found], model.chances(scores) if scores else [], strict=True))

    @property
    def likeliest(self) -> Key:
        return max(self.chances, key=lambda k: self.chances[k])

    def chance(self, agents: set[Key]) -> float:
        """Chance that the agent is one of these, by the words alone."""
        return min(self.model.most, sum(c for k, c in self.chances.items() if k in agents))

    def reasons(self, agent: Key) -> tuple[str, ...]:
        """The cues that say most for this agent, each with who gave it and when first."""
        weighed = []
        for party in self.parties:
            sign = 1 if party.key == agent else -1
            for cue in self.cues:
                part = sign * self.model.part(cue.name, self.traits[party.key][cue.name])
                if part > 0 and (turns := cue_turns(party, cue)):
                    side = "agent" if sign == 1 else "customer"
                    weighed.append((part, f"{side} at {turns[0].start_s:.1f} s: {cue.title}"))
        return tuple(text for _, text in sorted(weighed, key=lambda w: (-w[0], w[1]))[:REASONS])


def _checked(transcript: Transcript, declared: tuple[Role, ...], weighed: _Weighed) -> Transcript:
    """The declaration held against the words."""
    sides = {p.key: declared[p.key[0]] for p in weighed.parties}
    agents = {k for k, role in sides.items() if role == Role.AGENT}
    if not weighed.enough or not agents or len(agents) == len(sides):
        return _with_roles(transcript, sides, Roles(source=RoleSource.CHANNEL, confidence=DECLARED_RIGHT))
    said = weighed.chance(agents)
    if 1 - said >= SWAP_AT:
        exchanged = {k: Role.CUSTOMER if k in agents else Role.AGENT for k in sides}
        note = f"the words contradict the declared channels ({1 - said:.0%} sure); the roles were exchanged"
        reasons = weighed.reasons(next(k for k in exchanged if exchanged[k] == Role.AGENT))
        roles = Roles(source=RoleSource.CONTENT, confidence=round(1 - said, 4), swapped=True, evidence=(note, *reasons))
        return _with_roles(transcript, exchanged, roles)
    right, wrong = DECLARED_RIGHT * said, (1 - DECLARED_RIGHT) * (1 - said)
    doubt = () if said >= 0.5 else (f"the words speak against the declared channels ({1 - said:.0%})",)
    roles = Roles(
        source=RoleSource.CHANNEL,
        confidence=round(right / (right + wrong), 4),
        evidence=(*doubt, *weighed.reasons(next(iter(agents)))),
    )
    return _with_roles(transcript, sides, roles)


def _with_roles(transcript: Transcript, sides: dict[Key, Role], roles: Roles) -> Transcript:
    """Turns without words have the role of their voice, where it has one."""
    turns = tuple(t.model_copy(update={"role": sides.get((t.channel, t.voice), t.role)}) for t in transcript.turns)
    return transcript.model_copy(update={"turns": turns, "roles": roles})
