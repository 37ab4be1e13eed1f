"""Compare the acoustic measures with the labels of calls: rate, silence, overlap, interruptions, raised voices, pitch.

    python scripts/eval_measures.py --calls FOLDER [--transcripts DIR] [--only odd|even]

FOLDER holds ID.json (turns with role, text, start_s, end_s; ``style`` shout and ``overlap_s`` where they are so) beside
each recording. DIR keeps the transcripts (ID.json each), so that a second run need not transcribe again. Only calls of
two channels are compared turn by turn. Labelled times hold what silence the synthesiser puts round each turn; so errors
are given with their median sign (bias) too.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from eval_speech import recordings, transcribe

from qa_service.audio.decode import decode
from qa_service.audio.measures import measure
from qa_service.audio.measures.rates import count
from qa_service.audio.types import Audio
from qa_service.audio.vad import detect_speech
from qa_service.records import Measures, Transcript
from qa_service.settings import Settings, load_settings
from qa_service.speech.create import create_transcriber

Json = dict[str, Any]
#: A labelled turn is compared with the turns that share this much of the shorter of the two.
SAME_SHARE = 0.5
#: A labelled rate needs a turn this long, a labelled silence this much.
LEAST_RATED_S, LEAST_SILENCE_S = 1.5, 0.3


@dataclass
class Tally:
    """What was found over calls; pairs are (measured, labelled)."""

    rate: list[tuple[float, float]] = field(default_factory=list)
    silence: list[tuple[float, float]] = field(default_factory=list)
    longest: list[tuple[float, float]] = field(default_factory=list)
    overlap: list[tuple[float, float]] = field(default_factory=list)
    cuts: list[tuple[bool, bool]] = field(default_factory=list)
    raised: list[tuple[bool, bool]] = field(default_factory=list)
    shouts: list[tuple[float | None, float | None]] = field(default_factory=list)
    pitch: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    audio_s: float = 0.0
    cpu_s: float = 0.0
    calls: int = 0


def main() -> int:
    asked = _arguments()
    settings = load_settings()
    tally = Tally()
    for path in recordings(asked.calls, set()):
        if asked.only != "all" and (int(path.stem[-1]) % 2 == 1) != (asked.only == "odd"):
            continue
        labels = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        audio = decode(path, settings)
        transcript = _transcript(path.stem, audio, labels, settings, asked.transcripts)
        spans = detect_speech(audio)
        start = time.process_time()
        found = measure(audio, spans, transcript)
        tally.cpu_s += time.process_time() - start
        tally.audio_s += audio.duration_s
        tally.calls += 1
        if len(audio.channels) == 2:
            _compare(tally, found, transcript, labels)
    print("\n".join(report(tally)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=Path, required=True)
    parser.add_argument("--transcripts", type=Path, help="folder where transcripts are kept")
    parser.add_argument("--only", choices=("all", "odd", "even"), default="all", help="calls with odd or even numbers")
    return parser.parse_args()


def _transcript(call_id: str, audio: Audio, labels: Json, settings: Settings, kept: Path | None) -> Transcript:
    path = kept / f"{call_id}.json" if kept else None
    if path and path.is_file():
        return Transcript.model_validate_json(path.read_text(encoding="utf-8"))
    made = transcribe(audio, labels, create_transcriber(settings))
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made.model_dump_json(), encoding="utf-8")
    return made


def _compare(tally: Tally, found: Measures, transcript: Transcript, labels: Json) -> None:
    said = sorted(labels["turns"], key=lambda t: t["start_s"])
    unit = "characters" if labels["language"] == "zh" else "words"
    begun = {i.turn for i in found.interruptions}
    longest = overlap = spoken_until = 0.0
    for place, label in enumerate(said):
        own = [found.turns[i] for i in _matched(label, transcript)]
        seconds = label["end_s"] - label["start_s"]
        rates = [t.rate_per_min for t in own if t.rate_per_min is not None]
        if len(rates) == 1 and seconds >= LEAST_RATED_S:
            tally.rate.append((rates[0], count(label["text"], unit) / seconds * 60))
        gap = label["start_s"] - spoken_until
        if place and gap >= LEAST_SILENCE_S and own:
            tally.silence.append((own[0].silence_before_s, gap))
        longest = max(longest, gap if place else 0.0)
        overlap += max(0.0, min(label["end_s"], spoken_until) - label["start_s"]) if place else 0.0
        spoken_until = max(spoken_until, label["end_s"])
        tally.cuts.append((any(t.turn in begun for t in own), bool(label.get("overlap_s"))))
        tally.raised.append((any(t.raised_voice for t in own), label.get("style") == "shout"))
        if label.get("style") == "shout" and own:
            tally.shouts.append((own[0].loudness_step_db, own[0].pitch_step_st))
    tally.longest.append((found.longest_silence_s or 0.0, longest))
    tally.overlap.append((found.overlap_s or 0.0, overlap))
    agent = found.speakers.get("agent")
    if agent and agent.pitch_hz and labels["meta"].get("agent_id"):
        tally.pitch[labels["meta"]["agent_id"]].append(agent.pitch_hz)


def _matched(label: Json, transcript: Transcript) -> Iterator[int]:
    """Indexes of the turns of the same side that lie mostly on the label's time, or it on theirs."""
    for turn in transcript.turns:
        both = min(turn.end_s, label["end_s"]) - max(turn.start_s, label["start_s"])
        shorter = min(turn.end_s - turn.start_s, label["end_s"] - label["start_s"])
        if turn.role == label["role"] and both >= SAME_SHARE * shorter:
            yield turn.index


def report(tally: Tally) -> Iterator[str]:
    """The tables."""
    cost = f"measuring took {tally.cpu_s / tally.audio_s:.2%} of real time" if tally.calls else ""
    yield f"{tally.calls} calls, {tally.audio_s / 60:.1f} min; {cost}"
    yield f"{'':34} {'n':>4} {'median |error|':>15} {'90th pct':>9} {'bias':>8}"
    yield _errors("turn rate, % of the labelled", [((m - w) / w * 100) for m, w in tally.rate])
    yield _errors("silence before a turn, s", [m - w for m, w in tally.silence])
    yield _errors("longest silence of a call, s", [m - w for m, w in tally.longest])
    yield _errors("overlap of a call, s", [m - w for m, w in tally.overlap])
    yield _hits("turns that cut in", tally.cuts)
    yield _hits("raised voice", tally.raised)
    known = [s for s in tally.shouts if None not in s]
    for name, at in (("louder, dB", 0), ("higher, semitones", 1)) if known else ():
        low, middle, high = np.quantile([s[at] for s in known], (0, 0.5, 1))  # type: ignore[arg-type]
        yield f"labelled shouts: {name:18} least {low:.1f}, median {middle:.1f}, most {high:.1f} (n = {len(known)})"
    yield from _pitch(tally.pitch)


def _errors(name: str, errors: Sequence[float]) -> str:
    if not errors:
        return f"{name:34} {0:4}"
    size = np.abs(errors)
    return f"{name:34} {len(errors):4} {np.median(size):15.2f} {np.quantile(size, 0.9):9.2f} {np.median(errors):+8.2f}"


def _hits(name: str, pairs: Sequence[tuple[bool, bool]]) -> str:
    """``pairs``: found, labelled."""
    right, wanted, found = sum(f and w for f, w in pairs), sum(w for _, w in pairs), sum(f for f, _ in pairs)
    return f"{name:34} {len(pairs):4} labelled {wanted}, found of them {right}, found beside them {found - right}"


def _pitch(speakers: dict[str, list[float]]) -> Iterator[str]:
    """An agent keeps one voice over all calls: how far apart his calls are, against other agents'."""
    same = [abs(12 * np.log2(a / b)) for hz in speakers.values() for a, b in combinations(hz, 2)]
    means = [float(np.mean(hz)) for hz in speakers.values()]
    other = [abs(12 * np.log2(a / b)) for a, b in combinations(means, 2)]
    if same and other:
        apart = f"median {np.median(same):.2f} st apart, most {max(same):.2f}"
        yield f"pitch, same agent in two calls:     {len(same):4} pairs, {apart}"
        yield f"pitch, two agents:                  {len(other):4} pairs, median {np.median(other):.2f} st apart"
        yield f"pitch of agents: {min(means):.0f} to {max(means):.0f} Hz"


if __name__ == "__main__":
    sys.exit(main())
