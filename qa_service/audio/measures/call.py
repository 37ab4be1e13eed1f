"""Measures of a call: of its sides, of its turns, of the silence between.

Spans come padded from the detector; the padding is taken off here, so that it is neither speech nor overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from qa_service.audio.measures.levels import peak_level, speech_level
from qa_service.audio.measures.rates import Unit, rate, unit_of
from qa_service.audio.measures.silences import holds
from qa_service.audio.measures.sound import Sound, median_hz, range_st, sounds
from qa_service.audio.measures.stretches import Piece, by_role, gaps, length, union, without_padding
from qa_service.audio.measures.talk import Talk, is_anybody, talks
from qa_service.audio.measures.turns import measure_turns
from qa_service.audio.types import Audio, SoundStretch, SpeechSpan
from qa_service.records import Interruption, Measures, Role, SpeakerMeasures, Transcript, TurnMeasures


def measure(
    audio: Audio,
    spans: tuple[SpeechSpan, ...],
    transcript: Transcript,
    stretches: tuple[SoundStretch, ...] = (),
) -> Measures:
    """Measures over speech; docs/measures.md defines them. ``stretches``: music and tones, which name the holds.

    Silence lies between two stretches of speech of anyone: ringing before and waiting after do not count as the
    longest one. Overlap is speech on both channels at once.
    """
    pieces = [(s.channel, *without_padding(s, audio.duration_s)) for s in spans]
    said = talks(transcript.turns, pieces)
    heard = sounds(audio.channels, audio.sample_rate, said)
    unit = unit_of((t.text for t in transcript.turns), transcript.language)
    turns, cuts = measure_turns(said, pieces, heard, unit)
    shares = sorted(by_role(pieces, transcript.turns).items())
    sides = {role: _side(audio, role, own, said, heard, unit) for role, own in shares}
    speech = union((a, b) for _, a, b in pieces)
    silence = max(gaps(speech), key=lambda g: g[1] - g[0], default=None)
    spoken = length(speech)
    return Measures(
        duration_s=round(audio.duration_s, 3),
        speakers={r.value: _with_conduct(side, r, sides, said, turns, cuts) for r, side in sides.items()},
        longest_silence_s=round(silence[1] - silence[0], 2) if silence else None,
        longest_silence_start_s=round(silence[0], 2) if silence else None,
        silence_ratio=round(max(0.0, 1 - spoken / audio.duration_s), 4) if audio.duration_s else None,
        overlap_s=round(max(0.0, sum(b - a for _, a, b in pieces) - spoken), 2),
        turns=turns,
        interruptions=cuts,
        holds=holds(speech, stretches, audio.duration_s),
    )


def _side(
    audio: Audio, role: Role, pieces: list[Piece], said: Sequence[Talk], heard: Sequence[Sound], unit: Unit
) -> SpeakerMeasures:
    """Sound of all that one side says, turns or not."""
    own = [t for t in said if t.turn.role is role]
    one = [t for t in own if not is_anybody(t.speaker, len(heard))]
    hz = np.concatenate([heard[t.turn.channel].voiced(t.parts) for t in one]) if one else np.empty(0)
    power = np.concatenate([heard[c].power_in([(a, b)]) for c, a, b in pieces])
    spoken = rate(own, unit)
    return SpeakerMeasures(
        speech_s=round(length((a, b) for _, a, b in pieces), 2),
        talk_ratio=0.0,
        loudness_dbfs=speech_level(power),
        peak_dbfs=peak_level(audio, pieces),
        rate_per_min=spoken,
        rate_unit=unit if spoken is not None else None,
        pitch_hz=median_hz(hz),
        pitch_range_st=range_st(hz),
        longest_turn_s=round(max(t.end_s - t.start_s for t in own), 2) if own else None,
    )


def _with_conduct(
    side: SpeakerMeasures,
    role: Role,
    sides: Mapping[Role, SpeakerMeasures],
    said: Sequence[Talk],
    turns: Sequence[TurnMeasures],
    cuts: Sequence[Interruption],
) -> SpeakerMeasures:
    """The same with its share of the talk, and how often it cut in or raised its voice."""
    whole = sum(s.speech_s for s in sides.values())
    own = {t.turn.index for t in said if t.turn.role is role}
    return side.model_copy(
        update={
            "talk_ratio": round(side.speech_s / whole, 4) if whole else 0.0,
            "interruptions": sum(c.by is role for c in cuts),
            "raised_voice": sum(t.raised_voice for t in turns if t.turn in own),
        }
    )
