"""Measures of each turn, put together from what was found."""

from __future__ import annotations

from collections.abc import Sequence

from qa_service.audio.measures.baseline import Voice, baselines, step
from qa_service.audio.measures.interruptions import backchannels, interruptions
from qa_service.audio.measures.rates import Unit, rate
from qa_service.audio.measures.silences import Silence, silences
from qa_service.audio.measures.sound import LEVEL_LEAST_S, Sound, median_hz, range_st
from qa_service.audio.measures.stretches import Interval, Piece, length, shared, union
from qa_service.audio.measures.talk import Talk, is_anybody
from qa_service.records import Interruption, TurnMeasures


def measure_turns(
    talks: Sequence[Talk], pieces: Sequence[Piece], sounds: Sequence[Sound], unit: Unit
) -> tuple[tuple[TurnMeasures, ...], tuple[Interruption, ...]]:
    """Turns in the order of the transcript, interruptions in order of time."""
    speech = union([*((a, b) for _, a, b in pieces), *(p for t in talks for p in t.parts)])
    listening = backchannels(talks)
    cuts = interruptions(talks, listening)
    voices = [_voice(t, sounds[t.turn.channel]) for t in talks]
    base = {s: b for s, b in baselines(talks, voices).items() if not is_anybody(s, len(sounds))}
    begun = {i.turn for i in cuts}
    others = _others(pieces, len(sounds))
    measured = [
        _turn(talk, sounds[talk.turn.channel], voice, base.get(talk.speaker), quiet, unit).model_copy(
            update={
                "overlap_s": round(length(shared(talk.parts, others[talk.turn.channel])), 2),
                "interrupts": talk.turn.index in begun,
                "backchannel": talk.turn.index in listening,
            }
        )
        for talk, voice, quiet in zip(talks, voices, silences(talks, speech), strict=True)
    ]
    return tuple(sorted(measured, key=lambda m: m.turn)), cuts


def _turn(talk: Talk, sound: Sound, voice: Voice, base: Voice | None, quiet: Silence, unit: Unit) -> TurnMeasures:
    found = step(voice, base)
    return TurnMeasures(
        turn=talk.turn.index,
        rate_per_min=rate([talk], unit),
        loudness_dbfs=voice.loudness_dbfs,
        loudness_step_db=found.loudness_db,
        pitch_hz=voice.pitch_hz,
        pitch_range_st=range_st(sound.voiced(talk.parts)),
        pitch_step_st=found.pitch_st,
        raised_voice=found.raised,
        silence_before_s=quiet.seconds,
        silence_kept_by=quiet.kept_by,
    )


def _voice(talk: Talk, sound: Sound) -> Voice:
    level = sound.level(talk.parts) if talk.spoken_s >= LEVEL_LEAST_S else None
    return Voice(level, median_hz(sound.voiced(talk.parts)))


def _others(pieces: Sequence[Piece], channels: int) -> list[list[Interval]]:
    """For each channel, when somebody speaks on another."""
    return [union((a, b) for channel, a, b in pieces if channel != own) for own in range(channels)]
