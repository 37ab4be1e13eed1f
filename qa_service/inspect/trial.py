"""Try rules on words typed in: a line of an agent, a written conversation, or a file of turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from qa_service.errors import ErrorCode, FactsError, RuleError
from qa_service.inspect.pipeline import Inspector
from qa_service.inspect.readable import too_long
from qa_service.intake.json_text import decode_json, decode_utf8, read_bytes
from qa_service.intake.spoken import is_dialogue, read_dialogue
from qa_service.intake.transcript import given_transcript, transcript_of
from qa_service.records import CallFacts, Finding, NotAssessed, Plan, Transcript
from qa_service.rules.compiled import Pack, fact_names_of
from qa_service.rules.evaluate import Suppressed, evaluate
from qa_service.rules.load import OF_A_RULE
from qa_service.rules.plans import choose
from qa_service.settings import Settings

#: Longer words are no file name. What a file system takes is less (255 bytes a name): it says so when asked.
LONGEST_NAME = 500
#: A word that ends so is meant as a file's name.
FILE_SUFFIXES = (".json", ".txt", ".yaml", ".yml")
RULE_SUFFIXES = (".yaml", ".yml")
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Trial:
    """What the rules said. ``drafts`` are ids of rules that were not run because they are drafts; ``misspelt``: facts
    that no rule asks for, and what may be meant; ``unread``: why the classifier read nothing, where it is on."""

    transcript: Transcript
    packs: tuple[str, ...]
    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    not_assessed: tuple[NotAssessed, ...]
    drafts: tuple[str, ...]
    misspelt: tuple[str, ...]
    unread: str


def trial(
    settings: Settings,
    said: str,
    *,
    pack: str | None = None,
    jurisdiction: str | None = None,
    drafts: bool = False,
    explain: bool = True,
    on_progress: OnProgress | None = None,
) -> Trial:
    """Judge ``said``: the words themselves, or the name of a file that holds them.

    Args:
        settings: name the rules folder and the defaults of jurisdiction.
        said: words of the agent, lines that name their speakers, JSON of turns, or a file with one of these.
        pack: judge by this pack alone, whatever the plan says; else by the packs of the call's plan.
        jurisdiction: in place of the facts' own.
        drafts: run rules in ``draft`` too, as if they were in ``test``.
        explain: also tell all that was held back, which takes several times as long; else what the classifier did.
        on_progress: called with (passages that the classifier has read, passages in all).

    Raises:
        RuleError: ``pack_not_found``, or a rule that cannot be loaded.
        FactsError: TRANSCRIPT_INVALID, FACTS_INVALID, or FILE_NOT_FOUND.
    """
    facts, transcript = _heard(said)
    inspector = Inspector(settings)
    where = jurisdiction or facts.jurisdiction or inspector.jurisdiction(facts, transcript.language)
    plan = choose(inspector.plans, facts, transcript.language, where)
    packs = [inspector.pack(pack)] if pack else _of_plan(inspector, plan, where, transcript)
    _speaks_the_language(packs, transcript)
    waiting = tuple(r.id for p in packs for r in p.rules if r.spec.status == "draft")
    suppressed: list[Suppressed] = []
    unread = too_long(transcript.turns, settings)
    model = None if unread else inspector.classifier
    result = evaluate(
        [_with_drafts(p) for p in packs] if drafts else packs, transcript, facts, None,
        signals=model.signals([transcript.turns], on_progress)[0] if model else None,
        told_by=model.info if model and settings.second_opinion else None,
        parameters=plan.parameters, explain=suppressed if explain else None, doubts=suppressed, unread=unread,
        likeness=model.likeness if model else None,
        word_probability_floor=settings.word_probability_floor, role_floor=settings.role_floor,
        sound_alike=settings.sound_alike,
    )  # fmt: skip
    return Trial(
        transcript=transcript,
        packs=tuple(p.name for p in packs),
        findings=result.findings,
        suppressed=tuple(suppressed),
        not_assessed=result.not_assessed,
        drafts=() if drafts else waiting,
        misspelt=fact_names_of(packs).misspelt(facts),
        unread=unread,
    )


def text_of(content: bytes, where: str) -> str:
    """What a file or standard input (``where``) holds.

    Raises:
        FactsError: TRANSCRIPT_INVALID where it is not UTF-8.
    """
    return decode_utf8(content, ErrorCode.TRANSCRIPT_INVALID, where)


def _heard(said: str) -> tuple[CallFacts, Transcript]:
    path = Path(said) if len(said) < LONGEST_NAME and "\n" not in said else None
    if path is not None and _is_file(path):
        if path.suffix.lower() in RULE_SUFFIXES:
            raise _a_rule(path.name, path.resolve().parent.name)
        return _read(text_of(read_bytes(path, ErrorCode.TRANSCRIPT_INVALID), path.name), path.name)
    if path is not None and path.suffix in FILE_SUFFIXES and " " not in said:
        raise FactsError(ErrorCode.FILE_NOT_FOUND, f"There is no file {said}.", "Check the name and the folder.")
    return _read(said, "the words")


def _is_file(path: Path) -> bool:
    """Words that the file system cannot look up, as they are too long for a name, are no file."""
    try:
        return path.is_file()
    except OSError:
        return False


def _read(text: str, where: str) -> tuple[CallFacts, Transcript]:
    """JSON of turns, lines that name their speakers, or what the agent says."""
    if not text.strip():
        raise FactsError(ErrorCode.TRANSCRIPT_INVALID, f"{where}: there are no words.", "Write what the agent says.")
    if OF_A_RULE.match(text):
        raise _a_rule(where)
    if text.lstrip().startswith(("{", "[")):
        return transcript_of(decode_json(text, ErrorCode.TRANSCRIPT_INVALID, where), where)
    facts = CallFacts()
    if is_dialogue(text):
        return facts, read_dialogue(text, facts, where)
    words = " ".join(line.strip() for line in text.splitlines() if line.strip())
    return facts, given_transcript([{"role": "agent", "text": words}], facts, where)


def _a_rule(where: str, pack: str = "PACK") -> FactsError:
    """Read as words, a rule would say nothing and be called clean."""
    return FactsError(
        ErrorCode.TRANSCRIPT_INVALID,
        f"{where}: this is a rule file, not words to try rules on.",
        f'qa rules check runs its examples; qa rules test "words" --pack {pack} --explain tries it on words of yours.',
    )


def _of_plan(inspector: Inspector, plan: Plan, where: str | None, transcript: Transcript) -> list[Pack]:
    if not plan.packs:
        raise RuleError(
            f"No rule pack covers jurisdiction {where or 'unknown'}, language {transcript.language or 'unknown'}.",
            hint="Name another with --jurisdiction or --pack, or add a pack and a plan.",
            code=ErrorCode.PACK_NOT_FOUND,
        )
    return [inspector.pack(name) for name in plan.packs]


def _speaks_the_language(packs: list[Pack], transcript: Transcript) -> None:
    """A pack of another language would find nothing, which is not the same as clean."""
    known = {language for p in packs for language in p.spec.languages}
    if transcript.language not in known:
        names = ", ".join(p.name for p in packs)
        raise RuleError(
            f"Pack {names} is for {', '.join(sorted(known))}; these words are {transcript.language or 'neither'}.",
            hint="Name a pack of their language, or give `language` in the facts.",
            code=ErrorCode.PACK_NOT_FOUND,
        )


def _with_drafts(pack: Pack) -> Pack:
    """The pack with its drafts in ``test``, so that they run."""
    rules = (
        replace(r, spec=r.spec.model_copy(update={"status": "test"})) if r.spec.status == "draft" else r
        for r in pack.rules
    )
    return replace(pack, rules=tuple(rules))
