"""How fast turns are classified: onnxruntime int8 against torch float32 over the same stored weights, in one run.

    python scripts/bench_classify.py [--minutes 10] [--rounds 3]

A call of ``--minutes`` is put together of turns of the test part (a turn and its pause take six seconds). Both runtimes
get the same turns, the same cores and one warm-up; rounds alternate, the middle one counts. Torch needs its extra.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from qa_service.classify.create import create_classifier
from qa_service.records import Role, Turn
from qa_service.settings import Settings

TURN_S = 6.0
DATA = Path(__file__).parent.parent / "models" / "conduct" / "data"


def call(language: str, minutes: float) -> list[Turn]:
    """Turns one after another, of both sides."""
    import conduct_data as data

    rows = [r for r in data.own(DATA, "test") if r.language == language]
    count = int(minutes * 60 / TURN_S)
    said = [rows[i % len(rows)].example.passage.turn for i in range(count)]
    return [
        Turn(index=i, role=Role(s.speaker), start_s=i * TURN_S, end_s=i * TURN_S + TURN_S - 1, text=s.text)
        for i, s in enumerate(said)
    ]


def main() -> None:
    args = _arguments()
    print("| language | turns | characters | onnxruntime int8, s | torch float32, s | ratio | with explanations, s |")
    print("|---|---|---|---|---|---|---|")
    for language in ("zh", "en"):
        turns = call(language, args.minutes)
        made = {kind: create_classifier(Settings(classifier=kind, device="cpu")) for kind in ("onnx", "torch")}
        spent: dict[str, list[float]] = {"onnx": [], "torch": [], "whole": []}
        for round_ in range(args.rounds + 1):
            for kind, classifier in made.items():
                start = time.perf_counter()
                classifier.readings(list(classifier.asked(0, turns)))
                spent[kind] += [time.perf_counter() - start] if round_ else []
            start = time.perf_counter()
            made["onnx"].signals([turns])
            spent["whole"] += [time.perf_counter() - start] if round_ else []
        onnx, torch, whole = (statistics.median(spent[k]) for k in ("onnx", "torch", "whole"))
        size = sum(len(t.text) for t in turns)
        print(f"| {language} | {len(turns)} | {size:,} | {onnx:.2f} | {torch:.2f} | {torch / onnx:.1f} | {whole:.2f} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
