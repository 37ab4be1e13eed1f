"""Does anything invent words where nobody speaks?

    python scripts/eval_nonspeech.py [--minutes 30] [--seed 7] [--languages zh,en] [--json OUT]

Silence, noise, hold music, keys, ringing, busy, beeps and fax are made in code (scripts/nonspeech_sounds.py), the
same share of each kind, in each language's own prompt:

- ``stages``: through the stages as the pipeline runs them (detector, music and tones, gate, engine);
- ``forced``: the detector is passed over and every 20 seconds are given to Whisper as if they were speech.

``trusted_words`` counts characters (Mandarin) or words of turns without any flag; ``counted_words`` those that count
as covered speech (no flag of ``guard.UNTRUSTED``). Both should be 0. ``invented_words`` is what Whisper wrote at all.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nonspeech_sounds import KINDS, RATE, sound

from qa_service.audio.gate import gated
from qa_service.audio.nonspeech import find_nonspeech
from qa_service.audio.quality import assess
from qa_service.audio.types import Audio, AudioInfo, SpeechSpan
from qa_service.audio.vad import detect_speech
from qa_service.records import Role, Roles, RoleSource, Transcript, Turn
from qa_service.settings import load_settings
from qa_service.speech.create import create_transcriber
from qa_service.speech.guard import UNTRUSTED
from qa_service.speech.protocol import SpeechJob, Transcriber

CLIP_S = 20.0
_UNITS = re.compile(r"[\u3400-\u9fff]|[A-Za-z0-9']+")
Json = dict[str, Any]


def audio_of(kind: str, seconds: float, seed: int) -> Audio:
    samples = sound(kind, seconds, seed)
    return Audio((samples,), samples.size / RATE, AudioInfo("made", "pcm_mulaw", 8000, 1, truncated=False))


def forced(audio: Audio) -> tuple[SpeechSpan, ...]:
    """Everything is speech, in spans of CLIP_S with a gap that keeps them apart."""
    count = max(1, int(audio.duration_s // CLIP_S))
    return tuple(SpeechSpan(0, i * CLIP_S, min(audio.duration_s, (i + 1) * CLIP_S) - 0.6) for i in range(count))


def transcript(transcriber: Transcriber, audio: Audio, spans: tuple[SpeechSpan, ...], language: str) -> Transcript:
    roles = Roles(source=RoleSource.CHANNEL, confidence=0.0)
    return transcriber.transcribe(SpeechJob(audio, spans, (Role.UNKNOWN,), roles, language))


def words(turns: tuple[Turn, ...] | list[Turn]) -> int:
    return sum(len(_UNITS.findall(t.text)) for t in turns)


def figures(turns: tuple[Turn, ...]) -> Json:
    return {
        "turns": len(turns),
        "invented_words": words(turns),
        "counted_words": words([t for t in turns if UNTRUSTED.isdisjoint(t.flags)]),
        "trusted_words": words([t for t in turns if not t.flags]),
        "flags": sorted({f for t in turns for f in t.flags}),
        "trusted": [t.text for t in turns if not t.flags and t.text],
    }


def measured(options: argparse.Namespace, transcriber: Transcriber) -> Iterator[Json]:
    languages = options.languages.split(",")
    seconds = max(CLIP_S, options.minutes * 60 / len(KINDS) / len(languages))
    for kind in KINDS:
        for number, language in enumerate(languages):
            audio = audio_of(kind, seconds, options.seed * 100 + number)
            spans, stretches = detect_speech(audio), find_nonspeech(audio)
            kept = gated(audio, spans, stretches, assess(audio, spans, stretches))
            row: Json = {"kind": kind, "language": language, "audio_s": round(audio.duration_s, 1)}
            row["speech_s"] = round(sum(s.end_s - s.start_s for s in kept), 2)
            row["nonspeech_s"] = round(sum(s.end_s - s.start_s for s in stretches), 2)
            row["stages"] = figures(transcript(transcriber, audio, kept, language).turns if kept else ())
            if not options.stages_only:
                row["forced"] = figures(transcript(transcriber, audio, forced(audio), language).turns)
            yield row


def summary(rows: list[Json]) -> Json:
    found: Json = {"audio_minutes": round(sum(r["audio_s"] for r in rows) / 60, 1)}
    for way in ("stages", "forced"):
        for figure in ("turns", "invented_words", "counted_words", "trusted_words"):
            found[f"{way} {figure}"] = sum(r[way][figure] for r in rows if way in r)
    return found


def main() -> int:
    options = _options()
    chosen = {"beam_size": options.beam_size} | ({"model": options.model} if options.model else {})
    transcriber = create_transcriber(load_settings(**chosen))
    rows: list[Json] = []
    start = time.perf_counter()
    for row in measured(options, transcriber):
        rows.append(row)
        print(json.dumps(row, ensure_ascii=False), flush=True)
    result = {
        "seed": options.seed,
        "seconds": round(time.perf_counter() - start, 1),
        "engine": transcriber.info().model_dump(mode="json"),
        "summary": summary(rows),
        "kinds": rows,
    }
    if options.json:
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result["summary"]))
    return 0 if not sum(v for k, v in result["summary"].items() if k.endswith("trusted_words")) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0, help="of sound in all")
    parser.add_argument("--seed", type=int, default=7, help="another seed makes other sounds of the same kinds")
    parser.add_argument("--languages", default="zh,en")
    parser.add_argument("--beam-size", type=int, default=1)
    parser.add_argument("--model")
    parser.add_argument("--stages-only", action="store_true", help="leave out the forced way, which costs minutes")
    parser.add_argument("--json", type=Path, help="write all figures here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
