"""What a reader of an inspection must know of the recording; each note starts with a stable word."""

from __future__ import annotations

from collections.abc import Iterator

from qa_service.audio.types import Audio
from qa_service.errors import ErrorCode
from qa_service.inspect.hear import Sound
from qa_service.records import Roles


def audio_notes(audio: Audio) -> tuple[str, ...]:
    """What a listener must know of the recording itself; each note starts with a stable word."""
    info = audio.info
    heard_s = audio.duration_s - info.filled_s
    notes = {
        f"{ErrorCode.AUDIO_TRUNCATED}: a part of the file is missing or damaged; {heard_s:.0f} s could be decoded.": (
            info.truncated
        ),
        f"audio_filled: {info.filled_s:.1f} s that the file leaves out stand as silence.": info.filled_s > 0,
        "dual_mono: both channels carry the same sound; one was kept, and who speaks is unknown.": info.dual_mono,
    }
    return tuple(note for note, applies in notes.items() if applies)


def quality_notes(sound: Sound) -> Iterator[str]:
    """What the quality gate left out or doubts; what is merely noted stands in ``quality``."""
    told = {"duplicate_channels"} if sound.audio.info.dual_mono else set()
    yield from (f"{i.code}: {i.detail}" for i in sound.quality.issues if i.effect != "noted" and i.code not in told)


def role_notes(roles: Roles) -> Iterator[str]:
    if roles.swapped:
        yield "roles_swapped: the words show that the channels were declared the wrong way round; roles were exchanged."
