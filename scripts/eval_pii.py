"""How much of the catalogue's personal data the redaction takes out, and how much it leaves alone.

    python scripts/eval_pii.py CATALOGUE [--verbose]

CATALOGUE is a requirements file; of its ``PII-`` entries ``violations`` must be redacted and ``near_misses`` must be
left as they are. Notes in brackets at the end are no speech and are taken off. An example counts as redacted when a
mark stands in it and no run of four digits or digit words is left, as left alone when not a letter changed. Examples
of the pipeline and of metadata are left out. Odd positions (first, third, …) were open to the writers of the
redaction, even ones were not; ``--verbose`` names failures of the odd half only.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from pathlib import Path

from qa_service.text.redact import redact

_NOTE = re.compile(r"\s*[((][^()()]*[))]\s*$")
_META = re.compile(r"\[(?:pipeline|metadata|元数据|acoustic|声学|email|export)[^\]]*\]|【(?:元数据|声学)】")
_SPEAKER = re.compile(r"\[(?:Customer|Agent|客户|坐席)\]|【(?:客户|坐席)】")
_LEFT = re.compile(
    r"(?:[\d零〇一二三四五六七八九两幺洞拐勾](?:[\s,,、.\-]{0,2}[\d零〇一二三四五六七八九两幺洞拐勾]){3})"
    r"|(?:\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b[\s,.\-]{0,3}){4}",
    re.IGNORECASE,
)
_MARK = re.compile(r"\[[^\[\]]+\]")


def redacted(utterance: str) -> bool:
    """Whether the personal data of an example is gone."""
    result = redact(utterance)
    return bool(result.kinds) and not _LEFT.search(_MARK.sub(" ", result.text))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--verbose", action="store_true", help="name every failure of the odd half")
    arguments = parser.parse_args()
    raw = json.loads(arguments.catalogue.read_text(encoding="utf-8"))
    counts: Counter[tuple[str, str, bool]] = Counter()
    for entry in raw if isinstance(raw, list) else raw["requirements"]:
        if not entry["id"].startswith("PII-"):
            continue
        for kind in ("violations", "near_misses"):
            for position, written in enumerate(entry[kind]):
                if _META.search(written):
                    continue
                half = "even" if position % 2 else "odd"
                said = _SPEAKER.sub(" ", _NOTE.sub("", written)).strip()
                right = redacted(said) if kind == "violations" else redact(said).text == said
                counts[kind, half, right] += 1
                if arguments.verbose and half == "odd" and not right:
                    print(f"{entry['id']:14} {kind:12} {redact(said).text}")
    _report(counts)
    return 0


def _report(counts: Counter[tuple[str, str, bool]]) -> None:
    for kind, name in (("violations", "must be redacted, and is"), ("near_misses", "must be left, and is")):
        for half in ("odd", "even"):
            right, wrong = counts[kind, half, True], counts[kind, half, False]
            if right + wrong:
                print(f"{name:26} {half:5} {right:3}/{right + wrong:3} = {right / (right + wrong):.3f}")


if __name__ == "__main__":
    sys.exit(main())
