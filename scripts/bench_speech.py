"""How fast the speech front is, against the stock pipelines on the same weights, cores and calls, in one run.

    python scripts/bench_speech.py --calls FOLDER [--every 4] [--extra CALL.flac] [--extra-s 120] [--again] [--json OUT]

Systems (all with word times, Whisper beam 5 where they search, the language given, decoding the file not counted):

- ``openai cli``: openai-whisper as its command line uses it: fp32, both channels mixed down, temperatures 0 to 1.
- ``openai apart``: the same on each channel by itself, which is what it takes to know who spoke.
- ``faster sequential``, ``faster batched``: faster-whisper's two modes, int8, each channel by itself, the batched one
  also without word times.
- ``ours``: speech and music found, quality gate, windows, guard and second decodes included; several calls together as
  the service does (QA_BATCH_CALLS), and ``ours, call by call``.

Each system is loaded and warmed up before its clock starts. The order of calls is the same for all. Error rates as in
scripts/eval_speech.py (its normaliser, each side of a stereo call by itself; a mixed-down decode as a whole, its words
in order of time).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from eval_speech import NORMALISER, en_units, recordings, speech_job, zh_units

from qa_service.audio.decode import decode
from qa_service.audio.types import SAMPLE_RATE, Audio
from qa_service.records import Transcript
from qa_service.settings import Settings, load_settings
from qa_service.speech.create import create_transcriber
from qa_service.speech.devices import cores
from qa_service.speech.protocol import SpeechJob, Transcriber
from qa_service.speech.weights import resolve
from qa_service.text.distance import distance

SIDES = ("agent", "customer")
#: Text of each side; None stands for the whole call.
Said = dict[str | None, str]
#: Calls in, what was said in each of them out.
System = Callable[["list[Call]"], list[Said]]


@dataclass(frozen=True)
class Call:
    """``labels`` is None for a call whose words nobody wrote down: it counts for time alone."""

    name: str
    audio: Audio
    language: str
    labels: dict[str, Any] | None

    def channels(self) -> Iterator[tuple[str | None, Any]]:
        sides = SIDES if len(self.audio.channels) == 2 else (None,)
        yield from zip(sides, self.audio.channels, strict=True)


def errors(call: Call, said: Said) -> tuple[int, int]:
    """Edit distance and reference length."""
    units = zh_units if call.language == "zh" else en_units
    wrong = length = 0
    for side, text in said.items():
        turns = sorted(
            (t for t in (call.labels or {})["turns"] if side in (None, t["role"])), key=lambda t: t["start_s"]
        )
        reference = units(" ".join(t["text"] for t in turns))
        wrong += distance(reference, units(text))
        length += len(reference)
    return wrong, length


def openai(settings: Settings, *, mixed: bool) -> System:
    import torch
    import whisper

    torch.set_num_threads(settings.cpu_threads or cores())
    model = whisper.load_model(str(resolve(settings.model, settings, "openai-whisper").path), device="cpu")

    def text(samples: Any, language: str) -> str:
        temperatures = tuple(round(0.2 * step, 1) for step in range(6))
        found = model.transcribe(
            samples,
            language=language,
            beam_size=5,
            best_of=5,
            temperature=temperatures,
            fp16=False,
            word_timestamps=True,
        )
        return str(found["text"])

    def run(calls: list[Call]) -> list[Said]:
        if mixed:
            return [{None: text(np.mean(np.stack(c.audio.channels), axis=0), c.language)} for c in calls]
        return [{side: text(samples, c.language) for side, samples in c.channels()} for c in calls]

    return run


def faster(settings: Settings, *, batched: bool, words: bool = True) -> System:
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model = WhisperModel(
        str(resolve(settings.model, settings, "faster-whisper").path),
        device="cpu",
        compute_type="int8",
        cpu_threads=settings.cpu_threads or cores(),
        local_files_only=True,
    )
    ear: Any = BatchedInferencePipeline(model) if batched else model
    more: dict[str, Any] = {"batch_size": 8} if batched else {}

    def text(samples: Any, language: str) -> str:
        segments, _ = ear.transcribe(samples, language=language, beam_size=5, word_timestamps=words, **more)
        return " ".join(s.text for s in segments)

    return lambda calls: [{side: text(samples, c.language) for side, samples in c.channels()} for c in calls]


def ours(settings: Settings, *, together: int) -> System:
    transcriber: Transcriber = create_transcriber(settings)

    def job(call: Call) -> SpeechJob:
        return speech_job(call.audio, language=call.language)

    def run(calls: list[Call]) -> list[Said]:
        found: list[Transcript] = []
        with ThreadPoolExecutor(settings.cpu_threads or cores()) as pool:  # as the pipeline does
            for start in range(0, len(calls), together):
                found += transcriber.transcribe_all(list(pool.map(job, calls[start : start + together])))
        return [_said(c, t) for c, t in zip(calls, found, strict=True)]

    return run


def _said(call: Call, transcript: Transcript) -> Said:
    return {s: " ".join(t.text for t in transcript.turns if s in (None, t.role)) for s, _ in call.channels()}


SYSTEMS: dict[str, Callable[[Settings], System]] = {
    "openai cli": lambda s: openai(s, mixed=True),
    "openai apart": lambda s: openai(s, mixed=False),
    "faster sequential": lambda s: faster(s, batched=False),
    "faster batched": lambda s: faster(s, batched=True),
    "faster batched, no word times": lambda s: faster(s, batched=True, words=False),
    "ours": lambda s: ours(s, together=s.batch_calls),
    "ours, call by call": lambda s: ours(s, together=1),
}


def measured(system: System, calls: list[Call]) -> dict[str, Any]:
    """Seconds and error rates of one system, after a warm-up on the beginning of the first call."""
    warm = replace(
        calls[0].audio, channels=tuple(c[: 8 * SAMPLE_RATE] for c in calls[0].audio.channels), duration_s=8.0
    )
    system([replace(calls[0], audio=warm)])
    start, cpu = time.perf_counter(), time.process_time()
    said = system(calls)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    audio_s = sum(c.audio.duration_s for c in calls)
    rates = {}
    for language in sorted({c.language for c in calls}):
        own = [errors(c, s) for c, s in zip(calls, said, strict=True) if c.labels and c.language == language]
        if length := sum(n for _, n in own):
            rates[language] = round(sum(e for e, _ in own) / length, 4)
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "real_time_factor": round(seconds / audio_s, 4),
        "error_rate": rates,
    }


def mean_of(passes: list[dict[str, Any]]) -> dict[str, Any]:
    """Of several passes over the same calls, whose errors are the same. A shared machine is now faster, now slower."""
    means = {
        key: round(statistics.fmean(p[key] for p in passes), 4)
        for key in ("seconds", "cpu_seconds", "real_time_factor")
    }
    return {**passes[0], **means, "passes_s": [p["seconds"] for p in passes]}


def calls_of(options: argparse.Namespace, settings: Settings) -> list[Call]:
    paths = list(recordings(options.calls, set(filter(None, options.ids.split(",")))))[:: options.every]
    calls = []
    for path in paths:
        labels = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        calls.append(Call(path.stem, decode(path, settings), labels["language"], labels))
    for path in options.extra:
        audio = decode(path, settings)
        size = int(min(options.extra_s, audio.duration_s) * SAMPLE_RATE)
        cut = replace(audio, channels=tuple(c[:size] for c in audio.channels), duration_s=size / SAMPLE_RATE)
        calls.append(Call(path.stem, cut, "en", None))
    return calls


def table(results: dict[str, dict[str, Any]]) -> str:
    """Markdown; the last columns are how many times as fast ours is."""
    base = results.get("ours", {}).get("seconds")
    rows = ["| system | real-time factor | CER zh | WER en | ours is faster by |", "|---|---|---|---|---|"]
    for name, found in results.items():
        rates = [f"{found['error_rate'][x]:.1%}" if x in found["error_rate"] else "–" for x in ("zh", "en")]
        ratio = f"{found['seconds'] / base:.1f} ×" if base else "–"
        rows.append(f"| {name} | {found['real_time_factor']:.4f} | {rates[0]} | {rates[1]} | {ratio} |")
    return "\n".join(rows)


def main() -> int:
    options = _options()
    settings = load_settings(cpu_threads=options.cpu_threads, device="cpu")
    calls = calls_of(options, settings)
    minutes = sum(c.audio.duration_s for c in calls) / 60
    print(
        f"{len(calls)} calls, {minutes:.1f} minutes, {options.cpu_threads or cores()} cores. Normaliser: {NORMALISER}."
    )
    results: dict[str, dict[str, Any]] = {}
    passes: list[dict[str, Any]] = []
    for name in options.systems.split(";") if options.systems else SYSTEMS:
        results[name] = measured(SYSTEMS[name](settings), calls)
        print(f"{name:30} {results[name]}", flush=True)
        if name == "ours" or (passes and options.again):
            passes.append(results[name] if name == "ours" else measured(SYSTEMS["ours"](settings), calls))
    if len(passes) > 1:
        results["ours"] = mean_of(passes)
        print(f"{'ours, mean of passes':30} {results['ours']}", flush=True)
    print(table(results))
    if options.json:
        about = {
            "calls": [c.name for c in calls],
            "minutes": round(minutes, 2),
            "cores": options.cpu_threads or cores(),
            "machine": {"python": platform.python_version(), "arch": platform.machine(), "cpus": os.cpu_count()},
            "normaliser": NORMALISER,
        }
        options.json.write_text(json.dumps({**about, "systems": results}, indent=1) + "\n", encoding="utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=Path, required=True, help="folder of ID.json and recordings")
    parser.add_argument("--ids", default="", help="only these calls, with commas between")
    parser.add_argument("--every", type=int, default=1, help="only every n-th call: the stock pipelines are slow")
    parser.add_argument("--extra", type=Path, action="append", default=[], help="a recording without labels (English)")
    parser.add_argument("--extra-s", type=float, default=120.0, help="at most this much of each")
    parser.add_argument("--systems", default="", help="only these, with semicolons between: " + "; ".join(SYSTEMS))
    parser.add_argument("--again", action="store_true", help="measure ours once more after each other; the mean counts")
    parser.add_argument("--cpu-threads", type=int, default=0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
