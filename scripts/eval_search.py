"""How well the search finds what people look for: 60 judged queries over labelled calls.

    python scripts/eval_search.py FOLDER [--url http://localhost:9200] [--verbose]

FOLDER holds ``NAME.json`` files: call facts, ``turns`` with their times and labels, and ``expected``. They are indexed
as they are labelled, redacted, each labelled requirement as a confirmed finding, with vectors where the classifier's
encoder is here. The queries and the grades (3 sought, 2 useful, 1 marginal) are in scripts/search_judgements.json.

Without ``--url`` the embedded index in a temporary folder, with it also an Elasticsearch server, under a prefix of its
own that is dropped in the end. For words that must all be in one turn, for words of which some
will do where no turn has all (as the page searches), and for words with meaning, by kind of asker:

- nDCG@10: gains 2^g − 1, discount log2(1 + rank) (Järvelin & Kekäläinen, 2002);
- P@5: share of calls of grade 2 or 3 among the first five shown (0 where none is shown);
- S@1: the first call is of grade 3;
- moment: of the judged turns in calls among the first ten, how many are shown;
- nothing: queries that find no call.

Then each two-character Chinese word of these calls is looked up: it counts as found when the search gives every turn in
which it stands, punctuation aside.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench_search import opened
from rich.console import Console
from search_quality import ndcg, ndcg_by_chance, precision, success

from qa_service.classify.embedder import create_embedder
from qa_service.records import FindingState, Role, Severity
from qa_service.search import relaxed
from qa_service.search.document import CallDocument, FindingMark, TurnDocument
from qa_service.search.hybrid import hybrid
from qa_service.search.protocol import (
    EVERYTHING,
    MOST_CALLS,
    MOST_TURNS,
    CallHit,
    Embedder,
    SearchIndex,
    SearchQuery,
    SearchResults,
)
from qa_service.search.vectors import with_vectors
from qa_service.settings import load_settings
from qa_service.text.normalise import normalise
from qa_service.text.redact import redact
from qa_service.text.words import usual

ROOT = Path(__file__).resolve().parent.parent
DEPTH = 10
#: Asks an index one way, for the best DEPTH calls.
Ask = Callable[[SearchQuery], SearchResults]


@dataclass(frozen=True)
class Judged:
    """A query with its grades by call, and for some calls the turn to listen to."""

    id: str
    kind: str
    form: str
    query: str
    intent: str
    grades: dict[str, int]
    turns: dict[str, int]


@dataclass(frozen=True)
class Scored:
    """What came of one query: ``moments`` are judged turns shown and not shown."""

    judged: Judged
    found: tuple[str, ...]
    moments: tuple[bool, ...]

    @property
    def ndcg(self) -> float:
        return ndcg(self.found, self.judged.grades, DEPTH)


def main() -> None:
    arguments = _arguments()
    out = Console(width=160)
    embedder = create_embedder(load_settings())
    calls = documents(arguments.folder, embedder)
    judged = judgements()
    for url in ("", arguments.url) if arguments.url else ("",):
        with opened(url) as (index, _):
            if refused := index.write(calls):
                raise SystemExit(f"refused: {refused[0].reason}")
            held = index.state()
            out.print(
                f"\n{held.backend} {held.version}: {held.calls} calls, {held.turns} turns, {held.vectors} vectors"
            )
            chance = statistics.mean(ndcg_by_chance(one.grades, len(calls), DEPTH) for one in judged)
            out.print(f"nDCG@{DEPTH} of all calls in a random order: {chance:.3f}")
            for way, ask in _ways(index, embedder):
                report(out, way, [scored(one, ask) for one in judged], arguments.verbose)
            findable(out, index, calls)


def judgements() -> list[Judged]:
    """The judged queries, in the order of the file."""
    raw = json.loads((ROOT / "scripts" / "search_judgements.json").read_text(encoding="utf-8"))
    return [Judged(**{"turns": {}, **row}) for row in raw["queries"]]


def documents(folder: Path, embedder: Embedder | None) -> list[CallDocument]:
    """The labelled calls of the folder as the index takes them."""
    raw = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    calls = [_document(call) for call in raw if isinstance(call, dict) and "expected" in call and "turns" in call]
    if not calls:
        raise SystemExit(f"there are no labelled calls in {folder}")
    return with_vectors(calls, embedder) if embedder else calls


def _document(call: dict[str, Any]) -> CallDocument:
    meta, begun = call["meta"], datetime.fromisoformat(call["meta"]["started_at"])
    turns = tuple(_turns(call["turns"]))
    told = [*call["expected"]["violations"], *call["expected"]["missing"], *call["expected"]["metadata"]]
    marks = [mark for turn in turns for mark in turn.findings]
    return CallDocument(
        call_id=call["call_id"], day=begun.date(), happened_at=begun, started_at=begun, duration_s=call["duration_s"],
        language=call["language"], agent_id=meta["agent_id"], agent_name=meta["agent_name"],
        agent_type=meta["agent_type"], team=meta["team"], product=meta["product"], segment=meta["debtor_segment"],
        jurisdiction=call["jurisdiction"], status="inspected", turns=turns,
        findings=tuple(dict.fromkeys([*marks, *map(_mark, told)])),
    )  # fmt: skip


def _turns(raw: Sequence[dict[str, Any]]) -> Iterator[TurnDocument]:
    befores = ["", *(turn["text"] for turn in raw)]
    for index, (turn, before) in enumerate(zip(raw, befores, strict=False)):
        yield TurnDocument(
            index=index, start_s=turn["start_s"], end_s=turn["end_s"], role=Role(turn["role"]),
            text=redact(turn["text"], before).text, findings=tuple(map(_mark, dict.fromkeys(_labels(turn)))),
        )  # fmt: skip


def _labels(turn: dict[str, Any]) -> Iterator[str]:
    for label in turn["labels"]:
        yield label["id"] if isinstance(label, dict) else label


def _mark(requirement: str) -> FindingMark:
    return FindingMark(
        rule_id=f"LABEL-{requirement}", severity=_severities()[requirement], state=FindingState.CONFIRMED,
        requirements=(requirement,),
    )  # fmt: skip


@lru_cache(maxsize=1)
def _severities() -> dict[str, Severity]:
    catalogue = json.loads((ROOT / "rules" / "requirements.json").read_text(encoding="utf-8"))
    return {entry["id"]: Severity(entry["severity"]) for entry in catalogue["requirements"]}


def _ways(index: SearchIndex, embedder: Embedder | None) -> Iterator[tuple[str, Ask]]:
    yield "words, all of them", lambda query: index.search(query, EVERYTHING)
    yield "words", lambda query: relaxed.search(index, query, EVERYTHING)
    if embedder:
        yield "words and meaning", lambda query: hybrid(index, embedder, query, EVERYTHING).results


def scored(judged: Judged, ask: Ask) -> Scored:
    """The query asked one way."""
    calls = ask(SearchQuery(text=judged.query, limit=DEPTH)).calls
    return Scored(judged, tuple(call.call_id for call in calls), tuple(_moments(judged, calls)))


def _moments(judged: Judged, calls: Sequence[CallHit]) -> Iterator[bool]:
    for call in calls:
        if call.call_id in judged.turns:
            yield judged.turns[call.call_id] in {turn.turn_index for turn in call.turns}


def report(out: Console, way: str, results: Sequence[Scored], verbose: bool) -> None:
    """A table by kind of asker and by form of query; with ``verbose`` the worst queries after it."""
    out.print(f"\n| {way} | queries | nDCG@10 | P@5 | S@1 | moment | nothing |\n|---|---|---|---|---|---|---|")
    for name in dict.fromkeys(one.judged.kind for one in results):
        _row(out, name, [one for one in results if one.judged.kind == name])
    for name in sorted({one.judged.form for one in results}):
        _row(out, f"– {name}", [one for one in results if one.judged.form == name])
    _row(out, "all", results)
    for one in sorted(results, key=lambda one: one.ndcg) if verbose else ():
        if one.ndcg < 1:
            out.print(f"{one.ndcg:.2f} {_told(one)}", soft_wrap=True, markup=False)


def _told(one: Scored) -> str:
    asked = one.judged
    missed = [call for call in asked.grades if call not in one.found]
    return f"{asked.id} {asked.query} | found: {_graded(asked, one.found)} | not found: {_graded(asked, missed)}"


def _row(out: Console, name: str, results: Sequence[Scored]) -> None:
    moments = [shown for one in results for shown in one.moments]
    figures = (
        statistics.mean(one.ndcg for one in results),
        statistics.mean(precision(one.found, one.judged.grades) for one in results),
        statistics.mean(success(one.found, one.judged.grades) for one in results),
        statistics.mean(moments) if moments else float("nan"),
    )
    cells = " | ".join(f"{figure:.3f}" for figure in figures)
    out.print(f"| {name} | {len(results)} | {cells} | {sum(not one.found for one in results)} |", soft_wrap=True)


def _graded(judged: Judged, calls: Sequence[str]) -> str:
    return " ".join(f"{call}={judged.grades.get(call, 0)}" for call in calls) or "none"


def findable(out: Console, index: SearchIndex, calls: Sequence[CallDocument]) -> None:
    """How many two-character words, and how many two characters side by side, are found wherever they stand."""
    stand: dict[str, set[tuple[str, int]]] = {}
    for call in calls:
        for turn in call.turns:
            for pair in pairwise(filter(str.isalnum, normalise(turn.text).text)):
                if all("\u4e00" <= char <= "\u9fff" for char in pair):
                    stand.setdefault("".join(pair), set()).add((call.call_id, turn.index))
    found = {pair: _turns_with(index, pair) for pair in stand}
    for name, chosen in (("words", [pair for pair in stand if usual(pair)]), ("any", list(stand))):
        everywhere = sum(stand[pair] <= found[pair] for pair in chosen)
        elsewhere = [pair for pair in chosen if found[pair] - stand[pair]]
        out.print(f"\ntwo Chinese characters ({name}): {everywhere} of {len(chosen)} found in every turn that has them")
        out.print(f"{len(elsewhere)} also in another turn: {' '.join(elsewhere)}")


def _turns_with(index: SearchIndex, text: str) -> set[tuple[str, int]]:
    found = index.search(SearchQuery(text=text, limit=MOST_CALLS, turns=MOST_TURNS), EVERYTHING)
    return {(call.call_id, turn.turn_index) for call in found.calls for turn in call.turns}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", default="", help="of an Elasticsearch server")
    parser.add_argument("--verbose", action="store_true", help="name every query that is not answered perfectly")
    return parser.parse_args()


if __name__ == "__main__":
    main()
