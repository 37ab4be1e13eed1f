"""What reading domain terms for what sounds like them does to real transcripts, and to clean text.

    python scripts/eval_corrector.py --calls FOLDER --transcripts FOLDER [--text FILE.jsonl] [--json OUT.json]

``--calls`` holds ``ID.json`` labels and recordings as scripts/eval_speech.py reads them; ``--transcripts`` keeps what
the speech engine heard (``ID.json``), made once where it is missing. Odd-numbered calls were used to develop the word
lists and thresholds, even-numbered ones were not.

- CER or WER before and after, by the same scorer as scripts/eval_speech.py.
- Corrections: *right* where the reference has the term at that place, *wrong* where it has what was heard.
- Clean text: corrections for each 10,000 characters of the references, and of comments on other matters (``--text``: a
  ``text`` on each line), there also with the domain said to be spoken of nearby.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import eval_speech

from qa_service.audio.decode import decode
from qa_service.inspect.vocabulary import vocabulary
from qa_service.records import CallFacts, Role, Transcript, Turn
from qa_service.rules.plans import load_plans
from qa_service.settings import bundled, load_settings
from qa_service.speech.create import create_transcriber
from qa_service.text.correct import correct, correct_words
from qa_service.text.normalise import normalise
from qa_service.text.terms import Vocabulary

Json = dict[str, Any]
#: Nearby text that speaks of the domain, for the stress test on comments.
DOMAIN = "信用卡欠款逾期"


def heard(calls: Path, folder: Path) -> Iterator[tuple[str, Json, Transcript]]:
    """Each call with its labels and transcript, which is made where it is not there yet."""
    settings = load_settings()
    transcriber = create_transcriber(settings)
    folder.mkdir(parents=True, exist_ok=True)
    for path in eval_speech.recordings(calls, set()):
        labels = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        kept = folder / f"{path.stem}.json"
        if not kept.exists():
            transcript = eval_speech.transcribe(decode(path, settings), labels, transcriber, terms=False)
            kept.write_text(transcript.model_dump_json(), encoding="utf-8")
        yield path.stem, labels, Transcript.model_validate_json(kept.read_text(encoding="utf-8"))


def words_of(labels: Json) -> Vocabulary:
    """The vocabulary of a call by its facts, as the pipeline gets it."""
    rules = bundled("rules")
    facts = CallFacts.model_validate({"jurisdiction": labels.get("jurisdiction"), **labels.get("meta", {})})
    return vocabulary(load_plans(rules), facts, labels["language"], facts.jurisdiction, rules=rules)


def corrected(transcript: Transcript, known: Vocabulary, language: str) -> Transcript:
    turns = list(transcript.turns)
    made = []
    for at, turn in enumerate(turns):
        nearby = "\n".join(t.text for t in turns[max(0, at - 1) : at + 2] if t is not turn)
        made.append(corrected_turn(turn, known, language, nearby))
    return transcript.model_copy(update={"turns": tuple(made)})


def corrected_turn(turn: Turn, known: Vocabulary, language: str, nearby: str) -> Turn:
    space = " " if language == "en" else ""
    spaced = tuple(w.model_copy(update={"text": space + w.text}) for w in turn.words)
    mended, corrections = correct_words(spaced, known, language, nearby=nearby)
    text = "".join(w.text for w in mended).strip()
    return turn.model_copy(update={"text": text, "corrections": corrections}) if corrections else turn


def verdicts(labels: Json, transcript: Transcript, channels: int) -> Iterator[tuple[str, str, str]]:
    """Of each correction: right, wrong or neither; what was heard; the term."""
    for side in (Role.AGENT, Role.CUSTOMER) if channels == 2 else (None,):
        said = sorted((t for t in labels["turns"] if side in (None, t["role"])), key=lambda t: t["start_s"])
        reference = plain("".join(t["text"] for t in said))
        own = [t for t in transcript.turns if side in (None, t.role)]
        before = ""
        for number, turn in enumerate(own):
            after = plain("".join(t.text for t in own[number + 1 :]))
            for c in turn.corrections:
                head, term, tail = turn.text[: c.start], turn.text[c.start : c.end], turn.text[c.end :]
                whole = before + plain(head) + plain(term) + plain(tail) + after
                start = len(before + plain(head))
                meant = opposite(whole, reference, start, start + len(plain(term)))
                verdict = "right" if plain(term) in meant else "wrong" if plain(c.heard) in meant else "neither"
                yield verdict, c.heard, term
            before += plain(turn.text)


def opposite(text: str, reference: str, start: int, end: int) -> str:
    """What the reference has where ``text[start:end]`` stands, with one character to either side."""
    blocks = SequenceMatcher(None, text, reference, autojunk=False).get_matching_blocks()
    before = max((b.b + min(b.size, start - b.a) for b in blocks if b.a <= start), default=0)
    behind = min((b.b + max(0, end - b.a) for b in blocks if b.a + b.size >= end and b.b + b.size >= before), default=0)
    return reference[max(0, before - 1) : max(behind, before + end - start) + 1]


def plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", normalise(text).text)


def on_calls(calls: Path, folder: Path) -> list[Json]:
    rows = []
    for name, labels, transcript in heard(calls, folder):
        channels = 1 + max((t.channel for t in transcript.turns), default=0)
        made = corrected(transcript, words_of(labels), labels["language"])
        (errors, length), (errors_after, _) = (eval_speech.score(labels, t, channels) for t in (transcript, made))
        found = list(verdicts(labels, made, channels))
        clean = [correct(t["text"], words_of(labels), labels["language"])[1] for t in labels["turns"]]
        rows.append(
            {
                "call_id": name,
                "group": f"{labels['language']} {'odd' if int(name[-3:]) % 2 else 'even'}",
                "errors": errors,
                "errors_after": errors_after,
                "length": length,
                "corrections": found,
                "clean_characters": sum(len(t["text"]) for t in labels["turns"]),
                "clean_corrections": sum(map(len, clean)),
            }
        )
    return rows


def on_text(path: Path, every: int) -> Json:
    """Corrections in comments on other matters: every n-th line."""
    known = words_of({"language": "zh", "jurisdiction": "CN"})
    lines = path.read_text(encoding="utf-8").splitlines()[::every]
    texts = [json.loads(line)["text"] for line in lines]
    alone = sum(len(correct(text, known, "zh")[1]) for text in texts)
    nearby = sum(len(correct(text, known, "zh", nearby=DOMAIN)[1]) for text in texts)
    size = sum(map(len, texts))
    return {"texts": len(texts), "characters": size, "corrections": alone, "with_domain_nearby": nearby}


def summary(rows: Iterable[Json]) -> Iterator[str]:
    groups: dict[str, list[Json]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    for name, own in sorted(groups.items()):
        length = sum(r["length"] for r in own)
        before, after = (sum(r[key] for r in own) / length for key in ("errors", "errors_after"))
        count = Counter(verdict for r in own for verdict, _, _ in r["corrections"])
        clean = sum(r["clean_corrections"] for r in own) / sum(r["clean_characters"] for r in own)
        yield (
            f"{name:8} {len(own):2} calls  error rate {before:.2%} -> {after:.2%}  right {count['right']}  "
            f"wrong {count['wrong']}  neither {count['neither']}  clean {clean * 1e4:.1f} per 10,000 characters"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=Path, required=True)
    parser.add_argument("--transcripts", type=Path, required=True)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--every", type=int, default=20, help="of --text, every n-th line")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = on_calls(options.calls, options.transcripts)
    for row in rows:
        for verdict, was, term in row["corrections"]:
            if verdict != "right":
                print(f"{row['call_id']} {verdict}: {was} -> {term}")
    print(*summary(rows), sep="\n")
    comments = on_text(options.text, options.every) if options.text else {}
    print(json.dumps(comments))
    if options.json:
        options.json.write_text(json.dumps({"calls": rows, "text": comments}, ensure_ascii=False, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
