"""The order of stages: decode → hear → transcribe → plan → rules → score. The only place that knows it.

A call that cannot be judged is a result, not an exception: ``status`` is ``failed`` (bad file) or
``not_assessable`` (no speech, wrong language, too little transcribed), with a stable error code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Literal

from qa_service import __version__, logs
from qa_service.audio.types import Audio, SpeechSpan
from qa_service.errors import AudioError, ErrorCode, QAError, RuleError, SetupError
from qa_service.inspect.job import AudioJob
from qa_service.inspect.score import score
from qa_service.records import (
    CallFacts,
    CallStatus,
    ErrorInfo,
    Inspection,
    MadeBy,
    Measures,
    Plan,
    ProgressEvent,
    Role,
    Roles,
    RoleSource,
    Transcript,
)
from qa_service.rules.load import Pack, load_packs
from qa_service.rules.plans import PlanSpec, choose, load_plans
from qa_service.settings import Settings, bundled
from qa_service.speech.protocol import Transcriber

log = logs.get(__name__)

LANGUAGES = ("zh", "en")
OnProgress = Callable[[ProgressEvent], None]
OnTiming = Callable[[str, float], None]


class Inspector:
    """Inspects calls one after another; weights and rule packs are loaded once, at first use.

    Args:
        settings: limits, engine, floors.
        transcriber: the speech engine; by default the one that settings name.
        on_timing: hook called with (stage, seconds) after each stage, for metrics.
    """

    def __init__(
        self, settings: Settings, *, transcriber: Transcriber | None = None, on_timing: OnTiming | None = None
    ) -> None:
        self.settings = settings
        self._given_transcriber = transcriber
        self._on_timing = on_timing
        self._packs: dict[str, Pack] = {}

    @cached_property
    def transcriber(self) -> Transcriber:
        from qa_service.speech.create import create_transcriber

        return self._given_transcriber or create_transcriber(self.settings)

    def pack(self, name: str) -> Pack:
        """A pack by name, loaded when the first call needs it."""
        if name not in self._packs:
            self._packs |= load_packs(bundled("rules", self.settings.rules_dir), [name])
        return self._packs[name]

    @cached_property
    def plans(self) -> tuple[PlanSpec, ...]:
        return load_plans(bundled("rules", self.settings.rules_dir))

    def inspect_audio(
        self, path: Path, facts: CallFacts, *, call_id: str, on_progress: OnProgress | None = None
    ) -> Inspection:
        """Inspect a recording. Bad audio gives status ``failed``; a broken installation raises SetupError."""
        report = _Progress(call_id, on_progress)
        try:
            with self._timed("decode"):
                audio, spans = self._hear(path)
            report("decode", audio.duration_s, audio.duration_s)
        except AudioError as wrong:
            return _unjudged(call_id, CallStatus.FAILED, wrong)
        if not spans:
            return _silent(call_id, audio)
        with self._timed("transcribe"):
            transcript = self._transcribe(audio, spans, facts, report)
        measures = self._measure(audio, spans, transcript)
        report("evaluate", audio.duration_s, audio.duration_s)
        result = self._judge(transcript, measures, facts, call_id).model_copy(update={"notes": _audio_notes(audio)})
        report("done", audio.duration_s, audio.duration_s)
        return result

    def inspect_many(
        self, jobs: Sequence[AudioJob], *, on_progress: OnProgress | None = None
    ) -> list[Inspection | Exception]:
        """Inspect recordings together; in the order of ``jobs``, each result or what broke that call alone.

        Raises:
            SetupError, RuleError: the installation is at fault. What ``on_progress`` raises comes out as it is.
        """
        return [self._attempt(job, on_progress) for job in jobs]

    def _attempt(self, job: AudioJob, on_progress: OnProgress | None) -> Inspection | Exception:
        try:
            return self.inspect_audio(job.path, job.facts, call_id=job.call_id, on_progress=on_progress)
        except (SetupError, RuleError):
            raise
        except Exception as wrong:  # one call must not take the others with it
            return wrong

    def inspect_transcript(self, transcript: Transcript, facts: CallFacts, *, call_id: str) -> Inspection:
        """Inspect turns that were given as text; there is no audio, so coverage and sound are unknown."""
        return self._judge(transcript, None, facts, call_id)

    def _hear(self, path: Path) -> tuple[Audio, tuple[SpeechSpan, ...]]:
        from qa_service.audio.decode import decode
        from qa_service.audio.vad import detect_speech

        audio = decode(path, self.settings)
        return audio, detect_speech(audio)

    def _transcribe(
        self, audio: Audio, spans: tuple[SpeechSpan, ...], facts: CallFacts, report: _Progress
    ) -> Transcript:
        channel_roles, roles = assign_roles(audio, facts, self.settings)
        default = None if self.settings.default_language == "auto" else self.settings.default_language
        return self.transcriber.transcribe(
            audio,
            spans,
            channel_roles=channel_roles,
            roles=roles,
            language=facts.language or default,
            progress=lambda done, total: report("transcribe", done, total),
        )

    def _measure(self, audio: Audio, spans: tuple[SpeechSpan, ...], transcript: Transcript) -> Measures:
        from qa_service.audio.measures import measure

        with self._timed("measure"):
            return measure(audio, spans, transcript)

    def _judge(self, transcript: Transcript, measures: Measures | None, facts: CallFacts, call_id: str) -> Inspection:
        from qa_service.rules.evaluate import evaluate

        facts = facts if facts.call_id else facts.model_copy(update={"call_id": call_id})
        plan = choose(self.plans, facts, transcript.language, self.jurisdiction(facts, transcript.language))
        packs = tuple(self.pack(name) for name in plan.packs)
        heard = self._heard(transcript, measures, plan, packs, call_id)
        if wrong := self._unfit(transcript) or _unplanned(plan, facts):
            return heard.model_copy(
                update={"status": CallStatus.NOT_ASSESSABLE, "error": ErrorInfo(code=wrong.code, message=str(wrong))}
            )
        with self._timed("evaluate"):
            evaluation = evaluate(
                packs,
                transcript,
                facts,
                measures,
                parameters=plan.parameters,
                word_probability_floor=self.settings.word_probability_floor,
            )
        return heard.model_copy(
            update={
                "findings": evaluation.findings,
                "not_assessed": evaluation.not_assessed,
                "score": score(evaluation.findings),
            }
        )

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


def assign_roles(audio: Audio, facts: CallFacts, settings: Settings) -> tuple[tuple[Role, ...], Roles]:
    """Roles of the channels as declared (facts, else settings); one channel carries nobody known yet."""
    if len(audio.channels) == 1 or facts.channels == "mono":
        return (Role.UNKNOWN,) * len(audio.channels), Roles(source=RoleSource.CHANNEL, confidence=0.0)
    sides = (Role.AGENT, Role.CUSTOMER)
    if (facts.channels or settings.agent_channel) == "agent_right":
        sides = sides[::-1]
    return sides, Roles(source=RoleSource.CHANNEL, confidence=1.0)


def _unplanned(plan: Plan, facts: CallFacts) -> QAError | None:
    """No pack for this jurisdiction means that nothing was judged, which is not the same as clean."""
    if plan.packs:
        return None
    return RuleError(
        f"No rule pack covers jurisdiction {facts.jurisdiction or 'unknown'}.",
        hint="Add a pack and a plan for it, or correct `jurisdiction` in the call facts.",
        code=ErrorCode.PACK_NOT_FOUND,
    )


def _audio_notes(audio: Audio) -> tuple[str, ...]:
    """What a listener must know of the recording itself; each note starts with a stable word."""
    info = audio.info
    notes = {
        f"{ErrorCode.AUDIO_TRUNCATED}: the file ends early; {audio.duration_s:.0f} s could be decoded.": info.truncated,
        f"audio_filled: {info.filled_s:.1f} s that the file leaves out stand as silence.": info.filled_s > 0,
        "dual_mono: both channels carry the same sound; one was kept, and who speaks is unknown.": info.dual_mono,
    }
    return tuple(note for note, applies in notes.items() if applies)


def _unjudged(call_id: str, status: CallStatus, error: QAError) -> Inspection:
    return Inspection(call_id=call_id, status=status, error=ErrorInfo(code=error.code, message=str(error)))


def _silent(call_id: str, audio: Audio) -> Inspection:
    error = AudioError(
        ErrorCode.NO_SPEECH,
        f"No speech was detected in {audio.duration_s:.0f} s of audio.",
        "Check the recording line; the call was not judged.",
    )
    silent = _unjudged(call_id, CallStatus.NOT_ASSESSABLE, error)
    return silent.model_copy(update={"duration_s": audio.duration_s, "notes": _audio_notes(audio)})
