"""Who speaks when on one channel: the speech that was found, cut where the voice changes.

Speech is packed into chunks of at most 10 s that end at pauses. In each chunk the segmentation tells up to three
local speakers apart, by sound and not by pauses; what each says alone becomes one embedding; the embeddings of the
whole call are split into two voices; each moment of speech gets the voice of whoever talks in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qa_service.audio.speakers.chunks import chunks_of
from qa_service.audio.speakers.cluster import Split, split
from qa_service.audio.speakers.floor import Talk, pieces
from qa_service.audio.speakers.local import Stretch, frames_of, listen
from qa_service.audio.speakers.verdict import Verdict, judge
from qa_service.audio.types import Audio, SpeechSpan
from qa_service.settings import Settings


@dataclass(frozen=True)
class Voices:
    """Speech by voice. ``voices``: how many were told apart (0 without speech, else 1 or 2).

    ``confidence``: the probability that this number is right and that at least 95 % of the speech has the right
    voice, as calibrated in docs/speakers.md; 0 where there was too little to tell.
    """

    spans: tuple[SpeechSpan, ...]
    confidence: float
    voices: int


def diarise(audio: Audio, spans: tuple[SpeechSpan, ...], settings: Settings, *, channel: int = 0) -> Voices:
    """The same speech in the same places, cut where the voice changes; voices are numbered as they appear.

    Spans of other channels pass through untouched. Where one voice is heard all spans get voice 0. While both talk
    at once, the one who was talking keeps the floor.

    Raises:
        SetupError: the weights are missing or damaged.
    """
    own = tuple(s for s in spans if s.channel == channel)
    samples = audio.channels[channel]
    speech = frames_of(own, samples.size)
    heard = [s for i, chunk in enumerate(chunks_of(samples, own)) for s in listen(samples, speech, i, chunk, settings)]
    known = [s for s in heard if s.vector is not None]
    parted = _split(known)
    verdict = judge(parted, known) if parted else Verdict(min(1, len(own)), 0.0)
    if parted is None or verdict.voices < 2:
        cut = [replace(s, voice=0) for s in own]
    else:
        cut = _cut(own, _talk(heard, known, parted, speech.size))
    return Voices(_with_others(cut, spans, channel), verdict.confidence, verdict.voices)


def _split(known: Sequence[Stretch]) -> Split | None:
    """None where a single stretch, or none, is long enough to tell a voice."""
    if len(known) < 2:
        return None
    return split(
        np.stack([s.vector for s in known if s.vector is not None]),
        np.array([s.seconds for s in known]),
        np.array([s.chunk for s in known]),
        np.array([s.speaker for s in known]),
    )


def _talk(heard: Sequence[Stretch], known: Sequence[Stretch], parted: Split, frames: int) -> Talk:
    """Frames × 2: which voice talks when."""
    talk = np.zeros((frames, 2), dtype=np.bool_)
    chunks: dict[int, dict[int, list[int]]] = {}
    for stretch, label in zip(known, parted.labels.tolist(), strict=True):
        talk[stretch.frames, label] = True
        chunks.setdefault(stretch.chunk, {}).setdefault(stretch.speaker, []).append(label)
    for stretch in heard:
        voice = _guess(stretch.speaker, chunks.get(stretch.chunk, {})) if stretch.vector is None else None
        if voice is not None:
            talk[stretch.frames, voice] = True
    return talk


def _guess(speaker: int, chunk: dict[int, list[int]]) -> int | None:
    """Voice of a stretch too short to tell: that of its local speaker, or whoever else talks in the chunk."""
    if speaker in chunk:
        return chunk[speaker][0]
    others = {label for labels in chunk.values() for label in labels}
    return 1 - others.pop() if len(others) == 1 else None


def _cut(own: Iterable[SpeechSpan], talk: Talk) -> list[SpeechSpan]:
    cut: list[SpeechSpan] = []
    for span in own:
        cut += pieces(span, talk, cut[-1].voice or 0 if cut else 0)
    first = cut[0].voice
    return [replace(s, voice=int(s.voice != first)) for s in cut]


def _with_others(cut: Iterable[SpeechSpan], spans: Iterable[SpeechSpan], channel: int) -> tuple[SpeechSpan, ...]:
    others = [s for s in spans if s.channel != channel]
    return tuple(sorted([*cut, *others], key=lambda s: (s.start_s, s.channel)))
