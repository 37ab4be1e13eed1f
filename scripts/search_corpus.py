"""Calls for search benchmarks: new turns put together of clauses of the labelled turns in models/conduct/data.

Each turn takes one to four clauses of different turns of the same language and side and fills in other amounts and
names, so that no turn stands there twice but by chance, while words are as frequent as people use them. Findings name
rules of the packs that ship. Everything follows from the number of the call: any part of the corpus can be made alone.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import regex

from qa_service.records import FindingState, Role, Severity
from qa_service.search.document import DIMENSIONS, CallDocument, FindingMark, TurnDocument

ROOT = Path(__file__).parent.parent
TURNS_PER_CALL = 25
FIRST_DAY = date(2026, 1, 1)
DAYS = 330
AGENTS, TEAMS = 240, 12
PRODUCTS = ("信用卡", "消费贷", "车贷", "经营贷", "网贷", "credit card", "auto loan")
STAGES = ("M1", "M2-M3", "M3-M6", "M6+")
SEGMENTS = ("私营业主", "在职", "离职", "学生", "退休")
SURNAMES = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
RULES = tuple(
    FindingMark(rule_id=rule, severity=severity, state=state, requirements=(requirement,))
    for rule, severity, requirement in (
        ("CN-COLL-THREAT-1", Severity.CRITICAL, "CN-THREAT-01"),
        ("CN-COLL-ABUSE-1", Severity.CRITICAL, "CN-ABUSE-01"),
        ("CN-COLL-EXPOSE-1", Severity.CRITICAL, "CN-THIRD-03"),
        ("CN-COLL-LEGAL-1", Severity.MAJOR, "CN-FALSELEGAL-01"),
        ("CN-COLL-FEE-1", Severity.MAJOR, "CN-FEE-01"),
        ("CN-COLL-ID-1", Severity.MINOR, "CN-ID-01"),
        ("SQ-EMPATHY-1", Severity.PRAISE, "SQ-EMPATHY"),
    )
    for state in FindingState
)
_CLAUSE = regex.compile(r"[^,。!?;,.!?;]+[,。!?;,.!?;]*")
_NUMBER = regex.compile(r"\d+")
#: Share of calls with findings, and how many they have at most.
FOUND, MOST_FOUND = 0.3, 4
ENGLISH = 0.2


def calls(count: int, *, vectors: bool = False, first: int = 0) -> Iterator[CallDocument]:
    """``count`` calls from number ``first`` on."""
    return (call(number, vectors=vectors) for number in range(first, first + count))


def call(number: int, *, vectors: bool = False) -> CallDocument:
    """The call of this number, the same each time. ``vectors``: random ones, each near to one of 500 meanings."""
    chance = random.Random(number)
    language = "en" if chance.random() < ENGLISH else "zh"
    day = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
    begun = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(
        seconds=chance.randrange(8 * 3600, 20 * 3600)
    )
    agent = chance.randrange(AGENTS)
    found = chance.sample(RULES, chance.randint(1, MOST_FOUND)) if chance.random() < FOUND else []
    turns = tuple(_turns(chance, language, found, vectors))
    score = max(0.0, 100.0 - sum({"critical": 30, "major": 12, "minor": 4}.get(f.severity, 0) for f in found))
    return CallDocument(
        call_id=f"B-{number:07d}", day=day, happened_at=begun, started_at=begun, duration_s=turns[-1].end_s,
        language=language, agent_id=f"A-{agent:03d}", agent_name=SURNAMES[agent % len(SURNAMES)] + "敏",
        agent_type="human", team=f"{agent % TEAMS + 1}组", product=chance.choice(PRODUCTS), stage=chance.choice(STAGES),
        segment=chance.choice(SEGMENTS), jurisdiction="CN" if language == "zh" else "US", status="assessed",
        grade="A" if score >= 90 else "B" if score >= 75 else "C" if score >= 60 else "D", score=score,
        findings=tuple(found), turns=turns,
    )  # fmt: skip


def _turns(chance: random.Random, language: str, found: list[FindingMark], vectors: bool) -> Iterator[TurnDocument]:
    proofs = {chance.randrange(TURNS_PER_CALL): mark for mark in found}
    at = 0.0
    for index in range(TURNS_PER_CALL):
        role = Role.CUSTOMER if index % 2 else Role.AGENT
        text = _text(chance, language, role)
        spoken = 0.5 + len(text) / (5 if language == "zh" else 15)
        yield TurnDocument(
            index=index, start_s=round(at, 2), end_s=round(at + spoken, 2), role=role, text=text,
            findings=(proofs[index],) if index in proofs else (), vector=_vector(chance) if vectors else b"",
        )  # fmt: skip
        at += spoken + chance.uniform(0.2, 1.5)


def _text(chance: random.Random, language: str, role: Role) -> str:
    clauses = _clauses()[language, role.value]
    said = "".join(chance.choice(clauses) for _ in range(chance.choice((1, 1, 2, 2, 3, 4))))
    return _NUMBER.sub(lambda old: str(chance.randrange(1, 10 ** min(len(old.group()), 5))), said).strip()


@lru_cache(maxsize=1)
def _clauses() -> dict[tuple[str, str], list[str]]:
    """Clauses of all labelled turns by language and side."""
    found: dict[tuple[str, str], list[str]] = {}
    for file in sorted((ROOT / "models" / "conduct" / "data").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            space = " " if file.name.startswith("en") else ""
            here = (piece.strip() + space for piece in _CLAUSE.findall(row["text"]))
            found.setdefault((file.name[:2], row["speaker"]), []).extend(here)
    return found


def _vector(chance: random.Random) -> bytes:
    middle = _meanings()[chance.randrange(500)]
    return bytes((max(-127, min(127, value + chance.randint(-40, 40)))) & 0xFF for value in middle)


@lru_cache(maxsize=1)
def _meanings() -> list[list[int]]:
    chance = random.Random(0)
    return [[chance.randint(-87, 87) for _ in range(DIMENSIONS)] for _ in range(500)]
