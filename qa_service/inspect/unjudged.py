"""Inspections of calls that could not be judged: a result with its reason, never a clean call."""

from __future__ import annotations

from qa_service.errors import AudioError, ErrorCode, QAError, RuleError
from qa_service.inspect.hear import Sound
from qa_service.inspect.notes import audio_notes
from qa_service.records import CallStatus, ErrorInfo, Inspection, Plan


def unjudged(call_id: str, status: CallStatus, error: QAError) -> Inspection:
    return Inspection(call_id=call_id, status=status, error=ErrorInfo(code=error.code, message=str(error)))


def silent(call_id: str, sound: Sound) -> Inspection:
    audio = sound.audio
    error = AudioError(
        ErrorCode.NO_SPEECH,
        f"No speech was detected in {audio.duration_s:.0f} s of audio.",
        "Check the recording line; only the facts of the call could be judged.",
    )
    result = unjudged(call_id, CallStatus.NOT_ASSESSABLE, error)
    return result.model_copy(
        update={"duration_s": audio.duration_s, "notes": audio_notes(audio), "quality": sound.quality}
    )


def unplanned(plan: Plan) -> QAError | None:
    """No pack for this jurisdiction means that nothing was judged, which is not the same as clean."""
    if plan.packs:
        return None
    return RuleError(
        f"No rule pack covers this call: {'; '.join(plan.notes)}.",
        hint="Add a pack and a plan for it, or correct `jurisdiction` or `language` in the call facts.",
        code=ErrorCode.PACK_NOT_FOUND,
    )
