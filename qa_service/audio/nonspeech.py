"""Hold music and tones (ringing, busy, keys, beeps, fax), found from the sound alone.

Speech must never be taken for music: a stretch is music only while most of what sounds holds its notes, so
speech over music is speech. Limits lie far from speech: over windows of 5 seconds the share of held notes is
under 0.03 in telephone speech and 0.05 to 0.4 in hold music (docs/quality.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.spectra import FRAME_S, Frames, frames_of
from qa_service.audio.types import Audio, Samples, SoundStretch, SpeechSpan

#: Quieter than this (dBFS, in the telephone band) nothing is looked for.
QUIETEST_DB = -55.0
#: Music: held notes have this share of the power over MUSIC_WINDOW_S, for at least MUSIC_AT_LEAST_S in all. Where there
#: are few pauses (frames FALL_DB below the mean), less will do: LEAST_HELD and PAUSES_COST times the share of pauses.
MOST_HELD, LEAST_HELD, PAUSES_COST, FALL_DB = 0.05, 0.02, 0.2, 15.0
MUSIC_WINDOW_S, MUSIC_AT_LEAST_S = 5.0, 4.0
#: A voice over the music: for VOICE_S the level lies VOICE_DB above the stretch's and few notes are held.
VOICE_S, VOICE_DB = 0.5, 3.0
#: A span of speech is music when its share of held notes is this many times that of the music around it: any voice
#: lowers the share.
LIKE_MUSIC = 1.1
#: More of the held power than this is there after 3 s again: a hum, no music.
HUM_SHARE = 0.6
#: Stretches of music nearer than this are one.
MUSIC_GAP_S = 3.0
#: A tone: two peaks have nearly all the power, and neither they (Hz) nor the level (dB) move for TONE_AT_LEAST_S.
PURE_SHARE, TONE_DRIFT_HZ, TONE_DRIFT_DB, TONE_AT_LEAST_S = 0.93, 2.0, 1.0, 0.28
#: Keys: nearly all the power lies at their frequencies, in both groups.
KEY_SHARE, OTHER_KEY_SHARE, KEYS_AT_LEAST_S = 0.9, 0.1, 0.06
#: A data carrier: a narrow band above any voice's first formant that does not stop.
CARRIER_HZ, CARRIER_SPREAD_HZ, CARRIER_AT_LEAST_S = 1000.0, 180.0, 0.8
#: Pauses inside a cadence up to this long belong to the tone.
TONE_GAP_S = 0.6

Mask = NDArray[np.bool_]
Kind = Literal["music", "tone"]


def find_nonspeech(audio: Audio) -> tuple[SoundStretch, ...]:
    """Stretches of music and of tones, ordered by start; on one channel they never overlap."""
    found = [
        SoundStretch(number, start, end, kind)
        for number, samples in enumerate(audio.channels)
        for kind, start, end in _of_channel(samples, audio.duration_s)
    ]
    return tuple(sorted(found, key=lambda s: (s.start_s, s.channel)))


def only_music(
    samples: Samples, spans: Sequence[SpeechSpan], music: Sequence[SoundStretch]
) -> Iterator[tuple[float, float]]:
    """Parts of speech spans (seconds) that are nothing but music: they hold as many notes as the music around them.

    Who speaks over music adds sound that holds none, and so is never among them. All of one channel.
    """
    frames = frames_of(samples)
    spoken = _inside(frames, [(s.start_s, s.end_s) for s in spans])
    for stretch in music:
        around = _inside(frames, [(stretch.start_s, stretch.end_s)]) & ~spoken
        limit = LIKE_MUSIC * (_share(frames, around) if around.sum() * FRAME_S >= 1.0 else MOST_HELD)
        for span in spans:
            part = max(span.start_s, stretch.start_s), min(span.end_s, stretch.end_s)
            if part[1] > part[0] and _share(frames, _inside(frames, [part])) >= limit:
                yield part


def _inside(frames: Frames, parts: Sequence[tuple[float, float]]) -> Mask:
    mask = np.zeros(frames.power.size, np.bool_)
    for start, end in parts:
        mask[max(0, round(start / FRAME_S)) : round(end / FRAME_S) + 1] = True
    return mask


def _share(frames: Frames, mask: Mask) -> float:
    """Share of held notes in the power of these frames."""
    power = frames.power[mask].astype(np.float64)
    return float((power * frames.held[mask]).sum() / max(power.sum(), 1e-12))


def _of_channel(samples: Samples, duration_s: float) -> Iterator[tuple[Kind, float, float]]:
    frames = frames_of(samples)
    loud = 10 * np.log10(frames.power + 1e-12) > QUIETEST_DB
    tone = _closed(_tones(frames) & loud, TONE_GAP_S)
    music = _lasting(_closed(_music(frames, tone), MUSIC_GAP_S), MUSIC_AT_LEAST_S) & ~_voices(frames)
    tone &= ~music
    found: tuple[tuple[Kind, Mask], ...] = (("tone", tone), ("music", music))
    for kind, mask in found:
        for first, last in _runs(mask):
            start, end = max(0.0, (first - 0.5) * FRAME_S), min(duration_s, (last - 0.5) * FRAME_S)
            if end > start:
                yield kind, round(start, 3), round(end, 3)


def _tones(frames: Frames) -> Mask:
    level = 10 * np.log10(frames.power + 1e-12)
    still = _still(frames.first_hz, TONE_DRIFT_HZ) & _still(frames.second_hz, TONE_DRIFT_HZ)
    steady = (frames.pure > PURE_SHARE) & still & _still(level, TONE_DRIFT_DB)
    keys = (frames.keys > KEY_SHARE) & (frames.other_key > OTHER_KEY_SHARE)
    carrier = (frames.centre_hz > CARRIER_HZ) & (frames.spread_hz < CARRIER_SPREAD_HZ)
    return (
        _lasting(steady, TONE_AT_LEAST_S - 2 * FRAME_S)
        | _lasting(keys, KEYS_AT_LEAST_S)
        | _lasting(carrier, CARRIER_AT_LEAST_S)
    )


def _still(values: NDArray[np.float32], drift: float) -> Mask:
    """Frames that differ by less than ``drift`` from the one before or the one behind."""
    near = np.abs(np.diff(values, prepend=np.nan, append=np.nan)) < drift
    return np.asarray(near[:-1] | near[1:])


def _music(frames: Frames, tone: Mask) -> Mask:
    """Every frame of a window that passes for music. Tones do not count for it."""
    width = round(MUSIC_WINDOW_S / FRAME_S)
    power = np.where(tone, np.float32(0), frames.power)
    every, whole = _sums(frames.power, width), _sums(power, width)
    held, humming = (_sums(power * share, width) for share in (frames.held, frames.humming))
    limit = np.minimum(MOST_HELD, LEAST_HELD + PAUSES_COST * _fallen_share(frames.power, width))
    passed = (held > limit * whole) & (whole > every / 2) & (humming < HUM_SHARE * held)
    passed &= 10 * np.log10(every / width + 1e-12) > QUIETEST_DB
    return _spread(passed, width)[: frames.power.size]


def _voices(frames: Frames) -> Mask:
    """Frames that stand out of their surroundings and hold no notes."""
    width, around = round(VOICE_S / FRAME_S), round(MUSIC_WINDOW_S / FRAME_S)
    if frames.power.size <= around:
        return np.zeros(frames.power.size, np.bool_)
    near, held = _sums(frames.power, width), _sums(frames.power * frames.held, width)
    quiet = _sums(frames.power, around) / around
    at = np.clip(np.arange(near.size) - around // 2, 0, quiet.size - 1)
    found = (held < LEAST_HELD * near) & (near / width > quiet[at] * 10 ** (VOICE_DB / 10))
    out = np.zeros(frames.power.size, np.bool_)
    for first, last in _runs(found):
        out[first : last - 1 + width] = True
    return out


def _sums(values: NDArray[np.float32], width: int) -> NDArray[np.float64]:
    """Sums over all windows of ``width`` frames; one window where there are fewer."""
    if values.size <= width:
        return np.array([values.sum(dtype=np.float64)])
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return np.asarray(total[width:] - total[:-width])


def _fallen_share(power: NDArray[np.float32], width: int) -> NDArray[np.float64]:
    """Share of frames far below the mean level of their window, which speech has many of."""
    width = min(width, max(1, power.size))
    mean = _sums(power, width) / width
    at = np.clip(np.arange(power.size) - width // 2, 0, mean.size - 1)
    return _sums((power < mean[at] * 10 ** (-FALL_DB / 10)).astype(np.float32), width) / width


def _spread(windows: Mask, width: int) -> Mask:
    """Frames whose every window passes in its middle half: a window that fails cuts what it is centred on."""
    quarter = width // 4
    out = np.zeros(windows.size + width - 1, np.bool_)
    for first, last in _runs(windows):
        begin = 0 if first == 0 else first + quarter
        end = out.size if last == windows.size else last - 1 + width - quarter
        out[begin:end] = True
    return out


def _runs(mask: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _lasting(mask: Mask, at_least_s: float) -> Mask:
    out = np.zeros_like(mask)
    for first, last in _runs(mask):
        if (last - first) * FRAME_S >= at_least_s:
            out[first:last] = True
    return out


def _closed(mask: Mask, gap_s: float) -> Mask:
    """Gaps up to ``gap_s`` filled."""
    out = mask.copy()
    runs = _runs(mask)
    for (_, end), (start, _) in pairwise(runs):
        if (start - end) * FRAME_S <= gap_s:
            out[end:start] = True
    return out
