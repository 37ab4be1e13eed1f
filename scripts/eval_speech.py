"""How well the speech engine hears a folder of labelled calls.

    python scripts/eval_speech.py --calls FOLDER --json OUT.json [--engine openai-whisper] [--ids D-ZH-001,D-ZH-002]

The folder holds ``ID.json`` (``language``, ``turns`` with ``role``, ``text``, ``start_s``, ``end_s``) and the
recording beside it. The labels are read only after the call has been transcribed.

Figures, for each call and overall (errors of all calls ÷ length of all calls):

- ``error_rate``: edit distance ÷ reference length; characters for Mandarin (CER), words for English (WER).
  Of a two-channel call each side is scored by itself, its turns in order of time; a mono call as a whole.
- ``coverage``: the engine's own figure, the share of detected speech that trusted words cover.
- ``labelled_coverage``: the share of labelled speech (start_s to end_s) inside turns that hold words. It also
  sees speech that the voice detector missed.
- ``real_time_factor``: seconds of everything from decoded sound to transcript ÷ seconds of audio, call by call; loading
  weights is not counted.

Both sides go through the same normaliser, ``NORMALISER`` below. Nothing else is forgiven: contractions, titles and
spelling variants count as errors.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from spoken_numbers import english, mandarin

from qa_service.audio.decode import decode
from qa_service.audio.gate import gated
from qa_service.audio.nonspeech import find_nonspeech
from qa_service.audio.quality import assess
from qa_service.audio.types import Audio
from qa_service.audio.vad import detect_speech
from qa_service.inspect.vocabulary import vocabulary
from qa_service.records import CallFacts, Role, Roles, RoleSource, Transcript
from qa_service.rules.plans import load_plans
from qa_service.settings import Settings, bundled, load_settings
from qa_service.speech.create import create_transcriber
from qa_service.speech.protocol import SpeechJob, Transcriber
from qa_service.text.distance import distance
from qa_service.text.normalise import normalise
from qa_service.text.terms import Vocabulary

NORMALISER = (
    "qa_service.text.normalise (NFKC, simplified characters, lower case); scripts/spoken_numbers (六千四百二十 and "
    '6,420 → 6420; "twenty-four hundred" → 2400; digits side by side join); 24% → 百分之24, "24 percent"; '
    '$5.50 → "5 dollars and 50 cents"; ok → okay; punctuation out, in Mandarin spaces too'
)
MEASURE = {"zh": "CER", "en": "WER"}
AUDIO = {".wav", ".mp3", ".ogg", ".opus", ".flac", ".m4a", ".amr", ".gsm"}
_MONEY = {"$": "dollars", "£": "pounds", "€": "euros"}
_CENTS = {"$": "cents", "£": "pence", "€": "cents"}
_EN_WORDS = {"ok": "okay"}

Json = dict[str, Any]


def zh_units(text: str) -> list[str]:
    """Characters of a Mandarin text as they are scored."""
    text = re.sub(r"(?<=\d)[,，](?=\d{3})", "", normalise(text).text)
    text = re.sub(r"(\d+(?:\.\d+)?)%", r"百分之\1", text)
    text = re.sub(r"(?<=\d)[.:](?=\d)", "点", text)
    return list(mandarin(re.sub(r"[\W_]+", "", text)))


def en_units(text: str) -> list[str]:
    """Words of an English text as they are scored."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", normalise(text).text.replace("’", "'"))
    text = re.sub(r"([$£€])(\d+)\.(\d\d)\b", lambda m: f"{m[2]} {_MONEY[m[1]]} and {m[3]} {_CENTS[m[1]]}", text)
    text = re.sub(r"([$£€])(\d+)", lambda m: f"{m[2]} {_MONEY[m[1]]}", text)
    text = re.sub(r"(?<=\d)%", " percent", re.sub(r"(?<=\d)\.(?=\d)", " point ", text))
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text)
    words = re.sub(r"[^a-z0-9' ]+", " ", text).replace(" '", " ").replace("' ", " ").strip("' ").split()
    return english([_EN_WORDS.get(w, w) for w in words])


@dataclass
class Tally:
    """Errors and lengths of several calls."""

    errors: int = 0
    length: int = 0
    audio_s: float = 0.0
    seconds: float = 0.0
    coverage: list[float] = field(default_factory=list)
    labelled: list[float] = field(default_factory=list)

    def add(self, call: Json) -> None:
        self.errors += call["errors"]
        self.length += call["length"]
        self.audio_s += call["audio_s"]
        self.seconds += call["seconds"]
        self.coverage.append(call["coverage"] or 0.0)
        self.labelled.append(call["labelled_coverage"])

    def figures(self) -> Json:
        return {
            "calls": len(self.coverage),
            "error_rate": round(self.errors / self.length, 4) if self.length else None,
            "errors": self.errors,
            "length": self.length,
            "coverage_mean": round(sum(self.coverage) / len(self.coverage), 4),
            "coverage_least": min(self.coverage),
            "labelled_coverage_mean": round(sum(self.labelled) / len(self.labelled), 4),
            "labelled_coverage_least": min(self.labelled),
            "audio_s": round(self.audio_s, 1),
            "real_time_factor": round(self.seconds / self.audio_s, 4),
        }


def score(labels: Json, transcript: Transcript, channels: int) -> tuple[int, int]:
    """Errors and reference length of one call."""
    units = zh_units if labels["language"] == "zh" else en_units
    sides = (Role.AGENT, Role.CUSTOMER) if channels == 2 else (None,)
    errors = length = 0
    for side in sides:
        said = sorted((t for t in labels["turns"] if side in (None, t["role"])), key=lambda t: t["start_s"])
        reference = units(" ".join(t["text"] for t in said))
        errors += distance(reference, units(" ".join(t.text for t in transcript.turns if side in (None, t.role))))
        length += len(reference)
    return errors, length


def labelled_coverage(labels: Json, transcript: Transcript, channels: int) -> float:
    """Share of labelled seconds inside turns with words (of the same side, where sides are known)."""
    wanted = covered = 0.0
    for turn in labels["turns"]:
        wanted += turn["end_s"] - turn["start_s"]
        own = [t for t in transcript.turns if t.text and (channels == 1 or t.role == turn["role"])]
        covered += sum(max(0.0, min(t.end_s, turn["end_s"]) - max(t.start_s, turn["start_s"])) for t in own)
    return round(min(1.0, covered / wanted), 4)


def speech_job(
    audio: Audio, *, agent_right: bool = False, language: str | None = None, terms: bool = True
) -> SpeechJob:
    """As the pipeline does it, but for voices on a shared channel: speech and music found, the quality gate, the
    vocabulary of the language (no call facts). ``terms`` False: nothing is corrected."""
    found, stretches = detect_speech(audio), find_nonspeech(audio)
    kept = gated(audio, found, stretches, assess(audio, found, stretches))
    sides = (Role.CUSTOMER, Role.AGENT) if agent_right else (Role.AGENT, Role.CUSTOMER)
    if len(audio.channels) == 1:
        sides = (Role.UNKNOWN,)
    roles = Roles(source=RoleSource.CHANNEL, confidence=float(len(audio.channels) == 2))
    return SpeechJob(audio, kept, sides, roles, language, vocabulary=partial(words_of, terms=terms))


@cache
def words_of(language: str, *, terms: bool) -> Vocabulary:
    folder = bundled("rules")
    place = {"zh": "CN", "en": "US"}[language]
    found = vocabulary(load_plans(folder), CallFacts(), language, place, rules=folder)
    return found if terms else replace(found, terms=())


def transcribe(audio: Audio, labels: Json, transcriber: Transcriber, *, terms: bool = True) -> Transcript:
    """Which channel is the agent's is a fact of the call; its language is detected."""
    right = labels.get("channels") == "agent_right"
    return transcriber.transcribe(speech_job(audio, agent_right=right, terms=terms))


def evaluate(path: Path, transcriber: Transcriber, settings: Settings, *, terms: bool = True) -> Json:
    labels = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    audio = decode(path, settings)
    start = time.perf_counter()
    transcript = transcribe(audio, labels, transcriber, terms=terms)
    seconds = time.perf_counter() - start
    errors, length = score(labels, transcript, len(audio.channels))
    return {
        "call_id": path.stem,
        "language": labels["language"],
        "detected": transcript.language,
        "channels": len(audio.channels),
        "error_rate": round(errors / length, 4),
        "errors": errors,
        "length": length,
        "coverage": transcript.coverage.ratio,
        "labelled_coverage": labelled_coverage(labels, transcript, len(audio.channels)),
        "flags": sorted(f for t in transcript.turns for f in t.flags),
        "turns": [[t.role, t.start_s, t.text, t.confidence] for t in transcript.turns],
        "audio_s": round(audio.duration_s, 2),
        "seconds": round(seconds, 2),
        "real_time_factor": round(seconds / audio.duration_s, 4),
    }


def summary(calls: Iterable[Json]) -> Json:
    """Figures by language, two-channel and mono calls apart and together."""
    tallies: dict[str, Tally] = {}
    for call in calls:
        for group in (call["language"], f"{call['language']} {'stereo' if call['channels'] == 2 else 'mono'}", "all"):
            tallies.setdefault(group, Tally()).add(call)
    figures = {name: tally.figures() for name, tally in sorted(tallies.items())}
    for figure in ("error_rate", "errors", "length"):  # characters and words cannot be added up
        figures["all"].pop(figure)
    return figures


def recordings(folder: Path, ids: set[str]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.suffix in AUDIO and path.with_suffix(".json").exists() and (not ids or path.stem in ids):
            yield path


def line(call: Json) -> str:
    """A call's figures as they are printed."""
    sides = "stereo" if call["channels"] == 2 else "mono"
    flags = f"  {', '.join(call['flags'])}" if call["flags"] else ""
    detected = "" if call["detected"] == call["language"] else f" (heard as {call['detected']})"
    return f"{call['call_id']}  {call['language']} {sides:6}{detected}  {_figures(call, call['language'])}{flags}"


def _figures(figures: Json, group: str) -> str:
    coverage = figures.get("coverage", figures.get("coverage_mean")) or 0.0
    labelled = figures.get("labelled_coverage", figures.get("labelled_coverage_mean"))
    rate = f"{MEASURE[group[:2]]} {figures['error_rate']:6.2%}  " if group != "all" else " " * 13
    return f"{rate}coverage {coverage:.4f}  of labels {labelled:.4f}  RTF {figures['real_time_factor']:.3f}"


def measured(options: argparse.Namespace, transcriber: Transcriber, settings: Settings) -> list[Json]:
    """Figures of every call of the folder, printed as they come."""
    calls: list[Json] = []
    for path in recordings(options.calls, set(filter(None, options.ids.split(",")))):
        if not calls:
            evaluate(path, transcriber, settings)  # loads the weights outside the clock
        calls.append(evaluate(path, transcriber, settings, terms=not options.no_terms))
        print(line(calls[-1]), flush=True)
    return calls


def main() -> int:
    options = _options()
    chosen = {k: getattr(options, k) for k in ("engine", "model", "beam_size", "cpu_threads") if getattr(options, k)}
    settings = load_settings(domain_prompt=not options.no_prompt, **chosen)
    transcriber = create_transcriber(settings)
    print(f"Normaliser: {NORMALISER}.", flush=True)
    calls = measured(options, transcriber, settings)
    if not calls:
        print(f"{options.calls} holds no recording with its ID.json.", file=sys.stderr)
        return 1
    result = {
        "data": {"folder": options.calls.name, "about": options.about},
        "normaliser": NORMALISER,
        "engine": transcriber.info().model_dump(mode="json"),
        "machine": {"python": platform.python_version(), "cores": os.cpu_count(), "arch": platform.machine()},
        "summary": summary(calls),
        "calls": calls,
    }
    if options.json:
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for group, figures in summary(calls).items():
        print(f"{group:9} {figures['calls']:3} calls {figures['audio_s'] / 60:5.1f} min  {_figures(figures, group)}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=Path, required=True, help="folder of ID.json and recordings")
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--about", default="", help="what the calls are (synthetic, real, licence), kept in the JSON")
    parser.add_argument("--ids", default="", help="only these calls, with commas between")
    parser.add_argument("--engine", choices=["faster-whisper", "openai-whisper"])
    parser.add_argument("--model")
    parser.add_argument("--beam-size", type=int)
    parser.add_argument("--cpu-threads", type=int)
    parser.add_argument("--no-prompt", action="store_true", help="without the domain's words")
    parser.add_argument("--no-terms", action="store_true", help="without the correction of domain terms")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
