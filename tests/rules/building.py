"""Small rule folders and calls for the tests of the engine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from qa_service.records import (
    CallFacts,
    Coverage,
    EngineInfo,
    Evaluation,
    Measures,
    Role,
    Roles,
    RoleSource,
    Transcript,
    Turn,
    Word,
)
from qa_service.rules.evaluate import Suppressed, evaluate
from qa_service.rules.load import load_packs
from qa_service.settings import bundled

PACK = {
    "name": "house",
    "version": "1",
    "title": "House rules",
    "languages": ["zh", "en"],
    "parameters": {"intro_s": {"value": 10, "source": "house"}, "cap": {"value": 3, "source": "house"}},
    "lexicons": {"rude": ["idiot", "moron", "废物"]},
}


def folder(root: Path, *rules: dict[str, Any], pack: dict[str, Any] | None = None) -> Path:
    """A rules folder with one pack of these rules, the catalogue and the gates that ship."""
    shipped = bundled("rules")
    shutil.copytree(shipped / "gates", root / "gates", dirs_exist_ok=True)
    shutil.copy(shipped / "requirements.json", root / "requirements.json")
    (root / "plans").mkdir(exist_ok=True)
    plan = {"name": "all", "title": "all calls", "packs": ["house"]}
    (root / "plans" / "all.yaml").write_text(yaml.safe_dump({"plans": [plan]}), encoding="utf-8")
    house = root / "house"
    house.mkdir(exist_ok=True)
    (house / "pack.yaml").write_text(yaml.safe_dump({**PACK, **(pack or {})}, allow_unicode=True), encoding="utf-8")
    for spec in rules:
        text = yaml.safe_dump(spec, allow_unicode=True, sort_keys=False)
        (house / f"{spec['id'].lower()}.yaml").write_text(text, encoding="utf-8")
    return root


def add_cue(path: Path, cue: str) -> None:
    """One more cue of the conditional gate in a file of gates."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    raw["conditional"]["cues"].append(cue)
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")


def rule(match: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A rule file with this match; everything else may be given or has a plain default."""
    return {
        "id": "H-1",
        "title": "a rule",
        "version": 1,
        "status": "test",
        "severity": "major",
        "requirements": ["US-1692D-2"],
        "match": match,
        "message": "a message",
        "score": {"deduct": 10},
        **more,
    }


def said(*lines: str | tuple[str, float], language: str = "en", confidence: float = 1.0, **more: Any) -> Transcript:
    """A transcript of lines like ``agent: hello``; a line may come with the second it starts at."""
    turns: list[Turn] = []
    at = 0.0
    for index, line in enumerate(lines):
        text, start = line if isinstance(line, tuple) else (line, at)
        role, _, words = text.partition(": ")
        at = start + 2.0
        turns.append(Turn(index=index, role=Role(role), start_s=start, end_s=at, text=words))
    given = {
        "language": language,
        "duration_s": at,
        "turns": tuple(turns),
        "coverage": Coverage(),
        "roles": Roles(source=RoleSource.METADATA, confidence=confidence),
        "engine": EngineInfo(name="none"),
    }
    return Transcript.model_validate({**given, **more})


def doubtful(transcript: Transcript, index: int, probability: float) -> Transcript:
    """The same transcript with every word of one turn recognised with this probability."""
    turn = transcript.turns[index]
    words = tuple(
        Word(text=w, start_s=turn.start_s, end_s=turn.end_s, probability=probability) for w in turn.text.split()
    )
    turns = list(transcript.turns)
    turns[index] = turn.model_copy(update={"words": words})
    return transcript.model_copy(update={"turns": tuple(turns)})


def judged(
    root: Path,
    transcript: Transcript,
    facts: dict[str, Any] | None = None,
    *,
    measures: Measures | None = None,
    parameters: dict[str, Any] | None = None,
    explain: list[Suppressed] | None = None,
) -> Evaluation:
    """The transcript judged by the folder's pack."""
    return evaluate(
        list(load_packs(root).values()),
        transcript,
        CallFacts.model_validate(facts or {}),
        measures,
        parameters=parameters,
        explain=explain,
    )
