"""Does time and memory grow in step with the length of a call?

    python scripts/bench_length.py --calls FOLDER [--minutes 1,5,15,30,60,120] [--json OUT.json]

The two-channel Mandarin recordings of the folder are joined one after another, and again from the start, up to each
length; the result is written as a 16-bit WAV file at 8 kHz. Each length is measured in a process of its own, whose peak
of resident memory the kernel tells (VmHWM). Measured apart: decoding with voice activity, and transcription (weights
loaded and the first clip decoded before, so that neither counts); CPU seconds of both over all threads, which other
work on the machine sways less. ``base``: resident memory once the model is loaded.

Prints a Markdown table and straight lines through it by least squares, with R² and the seconds or megabytes that each
minute of audio costs. Settings come from the environment, as for every command.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import numpy as np

from qa_service.audio.decode import decode
from qa_service.audio.types import SAMPLE_RATE, Audio, Samples, SpeechSpan
from qa_service.audio.vad import detect_speech
from qa_service.errors import AudioError
from qa_service.records import Role, Roles, RoleSource
from qa_service.settings import Settings, load_settings
from qa_service.speech.create import create_transcriber
from qa_service.speech.protocol import SpeechJob, Transcriber

MINUTES = "1,5,15,30,60,120"
RATE = 8000
LANGUAGE = "zh"
TITLES = {
    "decode_vad_s": "decode + VAD, s",
    "transcribe_s": "transcription, s",
    "cpu_s": "both, CPU s",
    "peak_mb": "peak memory, MB",
}
Row = dict[str, float]


def joined(calls: Path, minutes: float, out: Path, settings: Settings) -> Path:
    """The stereo calls of a folder in a row, as long as asked for, in a WAV file."""
    want = int(minutes * 60 * RATE)
    with wave.open(str(out), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for call in cycle(_stereo(calls, settings, minutes)):
            part = call[:want]
            file.writeframes(part.tobytes())
            want -= len(part)
            if not want:
                return out
    raise AssertionError("unreachable")


def _speaks(path: Path, language: str) -> bool:
    """By the labels beside the recording. A channel is transcribed in one language: calls in two are not joined."""
    labels = path.with_suffix(".json")
    return not labels.is_file() or json.loads(labels.read_text(encoding="utf-8")).get("language", language) == language


def _stereo(calls: Path, settings: Settings, minutes: float) -> list[np.ndarray]:
    """16-bit frames of the two-channel calls, enough for so many minutes where there are enough."""
    found: list[np.ndarray] = []
    for path in sorted(p for p in calls.iterdir() if p.suffix in {".wav", ".mp3", ".ogg", ".flac", ".m4a"}):
        if not _speaks(path, LANGUAGE):
            continue
        try:
            audio = decode(path, settings)
        except AudioError:
            continue
        if len(audio.channels) == 2:
            found.append(_frames(audio.channels))
        if sum(map(len, found)) >= minutes * 60 * RATE:
            break
    if not found:
        sys.exit(f"{calls} holds no two-channel recordings")
    return found


def _frames(channels: Sequence[Samples]) -> np.ndarray:
    pairs = np.stack([c[:: SAMPLE_RATE // RATE] for c in channels], axis=1)  # telephone band: nothing folds back
    return (np.clip(pairs, -1, 1) * 32767).astype("<i2")


def measure(path: Path, settings: Settings) -> Row:
    """One recording, in this process."""
    ear = create_transcriber(settings)
    _warm(ear, settings, path)
    base = _resident("VmRSS")
    start, worked = time.perf_counter(), time.process_time()
    audio = decode(path, settings)
    spans = detect_speech(audio)
    heard = time.perf_counter()
    got = ear.transcribe(_job(audio, spans))
    done = time.perf_counter()
    return {
        "minutes": audio.duration_s / 60,
        "turns": len(got.turns),
        "coverage": got.coverage.ratio or 0.0,
        "decode_vad_s": heard - start,
        "transcribe_s": done - heard,
        "cpu_s": time.process_time() - worked,
        "base_mb": base,
        "peak_mb": _resident("VmHWM"),
    }


def _warm(ear: Transcriber, settings: Settings, path: Path) -> None:
    """Load what is loaded once: libraries, the voice detector, the model."""
    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder) / "short.wav"
        with wave.open(str(path), "rb") as whole, wave.open(str(short), "wb") as part:
            part.setparams(whole.getparams())
            part.writeframes(whole.readframes(10 * RATE))
        audio = decode(short, settings)
        ear.transcribe(_job(audio, detect_speech(audio)))


def _job(audio: Audio, spans: tuple[SpeechSpan, ...]) -> SpeechJob:
    roles = Roles(source=RoleSource.CHANNEL, confidence=1.0)
    return SpeechJob(audio, spans, (Role.AGENT, Role.CUSTOMER), roles)


def _resident(name: str) -> float:
    """MB, as the kernel counts them."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) / 1024


def fit(rows: Sequence[Row], column: str) -> tuple[float, float, float]:
    """Least squares of a column over the minutes: cost a minute, constant, R²."""
    x, y = (np.array([row[name] for row in rows]) for name in ("minutes", column))
    slope, constant = np.polyfit(x, y, 1)
    spread = float(np.sum(np.square(y - y.mean())))
    rest = float(np.sum(np.square(y - (slope * x + constant))))
    return float(slope), float(constant), 1.0 - rest / spread if spread else 1.0


def report(rows: Sequence[Row]) -> str:
    head = ("minutes", "turns", "coverage", *TITLES.values(), "real-time factor", "base, MB")
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        factor = (row["decode_vad_s"] + row["transcribe_s"]) / (row["minutes"] * 60)
        cells = [f"{round(row['minutes'], 1):g}", f"{row['turns']:.0f}", f"{row['coverage']:.3f}"]
        cells += [f"{row[column]:.1f}" for column in TITLES]
        lines.append(f"| {' | '.join(cells)} | {factor:.3f} | {row['base_mb']:.0f} |")
    if len(rows) > 2:  # a line through two points always fits
        lines.append("")
        for column, title in TITLES.items():
            slope, constant, square = fit(rows, column)
            lines.append(f"- {title}: {slope:.2f} a minute of audio + {constant:.1f}, R² {square:.4f}")
    return "\n".join(lines)


def run_apart(path: Path) -> Row:
    """Measure in a fresh process: its peak is its own."""
    command = [sys.executable, __file__, "--one", str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=Path, help="folder of two-channel recordings")
    parser.add_argument("--minutes", default=MINUTES, help=f"lengths to measure, default {MINUTES}")
    parser.add_argument("--json", type=Path, metavar="OUT.json", help="also write the rows")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    settings = load_settings()
    if asked.one:
        print(json.dumps(measure(asked.one, settings)))
        return
    if not asked.calls:
        parser.error("--calls is needed")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for minutes in map(float, asked.minutes.split(",")):
            path = joined(asked.calls, minutes, Path(folder) / "call.wav", settings)
            rows.append(run_apart(path))
            print(f"{minutes:g} minutes: {json.dumps(rows[-1])}", file=sys.stderr, flush=True)
            path.unlink()
    print(report(rows))
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
