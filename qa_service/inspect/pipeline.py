"""The order of stages: hear → transcribe → roles → measure → plan → classify → rules → score.

The only place that knows it.

A call that cannot be judged is a result, not an exception: ``status`` is ``failed`` (bad file) or
``not_assessable`` (no speech, wrong language, too little transcribed), with a stable error code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Literal

from qa_service import __version__, logs
from qa_service.classify.protocol import Classifier
from qa_service.errors import AudioError, ErrorCode, QAError, RuleError, SetupError
from qa_service.inspect.hear import Sound, doubted, hear
from qa_service.inspect.job import AudioJob
from qa_service.inspect.notes import audio_notes, quality_notes, role_notes
from qa_service.inspect.readable import too_long
from qa_service.inspect.score import score_of
from qa_service.inspect.unjudged import silent, unjudged, unplanned
from qa_service.inspect.vocabulary import vocabulary
from qa_service.records import (
    CallFacts,
    CallStatus,
    ClassifierInfo,
    ErrorInfo,
    History,
    Inspection,
    MadeBy,
    Measures,
    Plan,
    ProgressEvent,
    Roles,
    RoleSource,
    Signal,
    Transcript,
)
from qa_service.rules.checks.names import sound_numbers, sound_plans
from qa_service.rules.compiled import fact_names_of
from qa_service.rules.load import Pack, load_packs
from qa_service.rules.plans import PlanSpec, choose
from qa_service.settings import Settings, bundled
from qa_service.speech.devices import cores
from qa_service.speech.protocol import SpeechJob, Transcriber
from qa_service.text.terms import Vocabulary

log = logs.get(__name__)

LANGUAGES = ("zh", "en")
OnProgress = Callable[[ProgressEvent], None]
OnTiming = Callable[[str, float], None]


class Inspector:
    """Inspects calls one after another; weights and rule packs are loaded once, at first use.

    Args:
        settings: limits, engine, floors.
        transcriber: the speech engine; by default the one that settings name.
        classifier: what judges turns by a model; by default the one that settings name, or none.
        on_timing: hook called with (stage, seconds) after each stage, for metrics.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        transcriber: Transcriber | None = None,
        classifier: Classifier | None = None,
        on_timing: OnTiming | None = None,
    ) -> None:
        self.settings = settings
        self._given_transcriber = transcriber
        self._given_classifier = classifier
        self._on_timing = on_timing
        self._packs: dict[str, Pack] = {}

    @cached_property
    def transcriber(self) -> Transcriber:
        from qa_service.speech.create import create_transcriber

        return self._given_transcriber or create_transcriber(self.settings)

    @cached_property
    def classifier(self) -> Classifier | None:
        from qa_service.classify.create import create_classifier

        return self._given_classifier or create_classifier(self.settings)

    def signals(self, transcript: Transcript) -> tuple[Signal, ...] | None:
        """What the classifier makes of a call's turns; None where it is switched off or has too much to read."""
        if self.classifier is None or too_long(transcript.turns, self.settings):
            return None
        with self._timed("classify"):
            return self.classifier.signals([transcript.turns])[0]

    def pack(self, name: str) -> Pack:
        """A pack by name, loaded when the first call needs it."""
        if name not in self._packs:
            root = bundled("rules", self.settings.rules_dir)
            self._packs[name] = sound_numbers(root, self.plans, load_packs(root, [name])[name])
        return self._packs[name]

    @cached_property
    def plans(self) -> tuple[PlanSpec, ...]:
        return sound_plans(bundled("rules", self.settings.rules_dir))

    def inspect_audio(
        self, path: Path, facts: CallFacts, *, call_id: str, on_progress: OnProgress | None = None
    ) -> Inspection:
        """Inspect a recording. Bad audio gives status ``failed``; a broken installation raises SetupError."""
        outcome = self.inspect_many([AudioJob(path, facts, call_id)], on_progress=on_progress)[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def inspect_many(
        self, jobs: Sequence[AudioJob], *, on_progress: OnProgress | None = None
    ) -> list[Inspection | Exception]:
        """Inspect recordings together; in the order of ``jobs``, each result or what broke that call alone.

        Raises:
            SetupError, RuleError: the installation is at fault. What ``on_progress`` raises comes out as it is.
        """
        reports = [_Progress(job.call_id, on_progress) for job in jobs]
        with self._timed("decode"):
            heard = self._hear_all(jobs, reports)
        speaking = [i for i, sound in enumerate(heard) if isinstance(sound, Sound) and sound.spans]
        asked = [self._speech_job(jobs[i], heard[i], reports[i]) for i in speaking]
        with self._timed("transcribe"):
            transcripts = dict(zip(speaking, self._transcribe(asked), strict=True))
        return [
            self._finish(job, sound, transcripts.get(i), reports[i])
            for i, (job, sound) in enumerate(zip(jobs, heard, strict=True))
        ]

    def inspect_transcript(self, transcript: Transcript, facts: CallFacts, *, call_id: str) -> Inspection:
        """Inspect turns that were given as text; there is no audio, so coverage and sound are unknown."""
        return self._judge(transcript, None, facts, call_id)

    def judge_again(self, kept: Inspection, facts: CallFacts) -> Inspection:
        """The rules as they are now over what was heard then: the turns and measures of a kept inspection."""
        assert kept.made_by is not None, "an inspection that was judged says what made it"
        transcript = Transcript(
            language=kept.language,
            duration_s=kept.duration_s or 0.0,
            turns=kept.turns,
            coverage=kept.coverage,
            roles=kept.roles or Roles(source=RoleSource.METADATA, confidence=0.0),
            engine=kept.made_by.engine,
        )
        return self._judge(transcript, kept.measures, facts, kept.call_id, kept)

    def judge_by_history(self, inspection: Inspection, facts: CallFacts, history: History | None) -> Inspection:
        """The same inspection with its rules over several calls judged by the calls before it.

        Of a call without usable words, all rules that need none, also where there is no ``history``.
        """
        from qa_service.inspect.cross_call import judged_again

        language = inspection.language or facts.language or self._spoken_there(facts)
        plan, packs = self._chosen(facts, language)
        return judged_again(inspection, facts, history, plan, packs, self.settings, language=language)

    def _spoken_there(self, facts: CallFacts) -> str | None:
        """The language of a call in which none was heard: as set, else the one that the place's plans are for."""
        if self.settings.default_language != "auto":
            return self.settings.default_language
        place = facts.jurisdiction
        fitting = [name for name in LANGUAGES if place and choose(self.plans, facts, name, place).packs]
        return fitting[0] if len(fitting) == 1 else None

    def _chosen(self, facts: CallFacts, language: str | None) -> tuple[Plan, tuple[Pack, ...]]:
        plan = choose(self.plans, facts, language, self.jurisdiction(facts, language))
        packs = tuple(self.pack(name) for name in plan.packs)
        misspelt = fact_names_of(packs).misspelt(facts)
        return plan.model_copy(update={"notes": (*plan.notes, *misspelt)}), packs

    def _hear_all(self, jobs: Sequence[AudioJob], reports: Sequence[_Progress]) -> list[Sound | Exception]:
        """Each on a core of its own: most of it is one thread's work. Progress is told from this thread."""
        heard: list[Sound | Exception] = []
        with ThreadPoolExecutor(cores(), thread_name_prefix="hear") as pool:
            for sound, report in zip(pool.map(self._hear, jobs), reports, strict=True):
                if isinstance(sound, Sound):
                    report("decode", sound.audio.duration_s, sound.audio.duration_s)
                heard.append(sound)
        return heard

    def _hear(self, job: AudioJob) -> Sound | Exception:
        try:
            return hear(job.path, job.facts, self.settings)
        except SetupError:
            raise
        except Exception as wrong:  # one call must not take the others with it
            return wrong

    def _speech_job(self, job: AudioJob, sound: Sound | Exception, report: _Progress) -> SpeechJob:
        assert isinstance(sound, Sound)
        default = None if self.settings.default_language == "auto" else self.settings.default_language
        return SpeechJob(
            audio=sound.audio,
            spans=sound.spans,
            channel_roles=sound.channel_roles,
            roles=sound.roles,
            language=job.facts.language or default,
            vocabulary=lambda language: self._vocabulary(job.facts, language),
            progress=lambda done, total: report.share("transcribe", done, total, sound.audio.duration_s),
        )

    def _vocabulary(self, facts: CallFacts, language: str) -> Vocabulary:
        folder = bundled("rules", self.settings.rules_dir)
        place = self.jurisdiction(facts, language)
        return vocabulary(self.plans, facts, language, place, rules=folder, hotwords=self.settings.hotwords)

    def _transcribe(self, jobs: Sequence[SpeechJob]) -> list[Transcript | QAError]:
        """All together; one by one where a call cannot be heard by this engine, so that the others are."""
        try:
            return list(self.transcriber.transcribe_all(jobs)) if jobs else []
        except AudioError as wrong:
            return [wrong] if len(jobs) == 1 else [t for job in jobs for t in self._transcribe([job])]

    def _finish(
        self, job: AudioJob, sound: Sound | Exception, transcript: Transcript | QAError | None, report: _Progress
    ) -> Inspection | Exception:
        try:
            return self._result(job, sound, transcript, report)
        except (SetupError, RuleError):
            raise
        except Exception as wrong:  # one call must not take the others with it
            return wrong

    def _result(
        self, job: AudioJob, sound: Sound | Exception, transcript: Transcript | QAError | None, report: _Progress
    ) -> Inspection:
        if isinstance(sound, AudioError):
            return unjudged(job.call_id, CallStatus.FAILED, sound)
        if isinstance(sound, Exception):
            raise sound
        if isinstance(transcript, QAError):
            unheard = unjudged(job.call_id, CallStatus.NOT_ASSESSABLE, transcript)
            return self.judge_by_history(unheard, job.facts, None)
        if transcript is None:
            return self.judge_by_history(silent(job.call_id, sound), job.facts, None)
        transcript = self._assigned(transcript, sound, job.facts)
        with self._timed("measure"):
            measures = _measured(sound, transcript)
        length = sound.audio.duration_s
        report("evaluate", length, length)
        found = self._judge(transcript, measures, job.facts, job.call_id)
        report("done", length, length)
        notes = (*audio_notes(sound.audio), *quality_notes(sound), *role_notes(transcript.roles))
        return found.model_copy(update={"notes": notes, "quality": sound.quality})

    def _assigned(self, transcript: Transcript, sound: Sound, facts: CallFacts) -> Transcript:
        """Who is the agent, by the words, and which turns are doubted for their sound."""
        from qa_service.speech.roles import assign

        known = assign(transcript, declared=sound.declared, direction=facts.direction, settings=self.settings)
        return doubted(known, sound.quality)

    def _judge(
        self,
        transcript: Transcript,
        measures: Measures | None,
        facts: CallFacts,
        call_id: str,
        kept: Inspection | None = None,
    ) -> Inspection:
        """``kept``: an inspection whose signals stand, where it has any."""
        from qa_service.rules.evaluate import evaluate

        facts = facts if facts.call_id else facts.model_copy(update={"call_id": call_id})
        plan, packs = self._chosen(facts, transcript.language)
        heard = self._heard(transcript, measures, plan, packs, call_id)
        if wrong := self._unfit(transcript) or unplanned(plan):
            error = ErrorInfo(code=wrong.code, message=str(wrong))
            unfit = heard.model_copy(update={"status": CallStatus.NOT_ASSESSABLE, "error": error})
            return self.judge_by_history(unfit, facts, None)
        known = kept.signals if kept else None
        signals = self.signals(transcript) if known is None else known
        unread = too_long(transcript.turns, self.settings)
        reader = None if unread else self.classifier
        with self._timed("evaluate"):
            evaluation = evaluate(
                packs, transcript, facts, measures, signals=signals, unread=unread,
                told_by=self._teller(signals, kept) if self.settings.second_opinion else None,
                likeness=reader.likeness if reader else None,
                parameters=plan.parameters,
                word_probability_floor=self.settings.word_probability_floor,
                role_floor=self.settings.role_floor,
                sound_alike=self.settings.sound_alike,
            )  # fmt: skip
        return heard.model_copy(
            update={
                "findings": evaluation.findings,
                "not_assessed": evaluation.not_assessed,
                "marks": evaluation.marks,
                "signals": signals,
                "made_by": self._made_by(heard, signals, kept),
                "score": score_of(evaluation.findings, evaluation.not_assessed),
            }
        )

    def _made_by(self, heard: Inspection, signals: tuple[Signal, ...] | None, kept: Inspection | None) -> MadeBy | None:
        """With the classifier that made the signals."""
        made = self._teller(signals, kept)
        return heard.made_by and heard.made_by.model_copy(update={"classifier": made})

    def _teller(self, signals: tuple[Signal, ...] | None, kept: Inspection | None) -> ClassifierInfo | None:
        """Of the signals, the classifier that made them."""
        before = kept.made_by.classifier if kept and kept.made_by and kept.signals is not None else None
        return before or (self.classifier.info if signals is not None and self.classifier else None)

    def _heard(
        self, transcript: Transcript, measures: Measures | None, plan: Plan, packs: tuple[Pack, ...], call_id: str
    ) -> Inspection:
        return Inspection(
            call_id=call_id,
            status=CallStatus.INSPECTED,
            language=transcript.language,
            duration_s=transcript.duration_s,
            coverage=transcript.coverage,
            roles=transcript.roles,
            turns=transcript.turns,
            measures=measures,
            made_by=MadeBy(
                service_version=__version__,
                engine=transcript.engine,
                plan=plan.name,
                plan_notes=plan.notes,
                packs=tuple(p.info for p in packs),
            ),
        )

    def _unfit(self, transcript: Transcript) -> QAError | None:
        """Why this transcript must not be judged, or None. "Could not tell" is never "clean"."""
        ratio = transcript.coverage.ratio
        if not any(t.text.strip() for t in transcript.turns):
            return AudioError(
                ErrorCode.NO_SPEECH, "No words were recognised in this call.", "Listen to it; check the recording line."
            )
        if transcript.language not in LANGUAGES:
            return AudioError(
                ErrorCode.LANGUAGE_UNSUPPORTED,
                f"The call's language is {transcript.language or 'unknown'}; rules exist for {', '.join(LANGUAGES)}.",
                "Set `language` in the call facts if this is wrong.",
            )
        if ratio is not None and ratio < self.settings.coverage_floor:
            return AudioError(
                ErrorCode.LOW_COVERAGE,
                f"Only {ratio:.0%} of the speech could be transcribed (floor {self.settings.coverage_floor:.0%}).",
                "Listen to the call; a larger model may hear more (QA_MODEL).",
            )
        return None

    def jurisdiction(self, facts: CallFacts, language: str | None) -> str | None:
        """Declared, or the operator's default for the language (the plan's notes say that it was assumed)."""
        defaults = {"zh": self.settings.default_jurisdiction_zh, "en": self.settings.default_jurisdiction_en}
        return facts.jurisdiction or defaults.get(language or "")

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        if self._on_timing:
            self._on_timing(stage, time.perf_counter() - start)


class _Progress:
    """Turns (stage, done, total) into events for whoever listens."""

    def __init__(self, call_id: str, listener: OnProgress | None) -> None:
        self._call_id = call_id
        self._listener = listener

    def __call__(
        self, stage: Literal["decode", "transcribe", "evaluate", "done"], done_s: float, total_s: float
    ) -> None:
        if self._listener:
            self._listener(ProgressEvent(call_id=self._call_id, stage=stage, done_s=done_s, total_s=total_s))

    def share(self, stage: Literal["transcribe"], done: float, total: float, length_s: float) -> None:
        """``done`` of ``total`` in any unit, told as seconds of a recording of ``length_s``."""
        self(stage, done / total * length_s if total else length_s, length_s)


def _measured(sound: Sound, transcript: Transcript) -> Measures:
    from qa_service.audio.measures import measure

    return measure(sound.audio, sound.spans, transcript, sound.stretches)
