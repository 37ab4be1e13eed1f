"""Turns by which the gates are measured, whatever the rules that ship look for: one rule that knows all their harms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_WHO = r"(?:employer|boss|family|mother|mum|mom|neighbou?rs)"
HARMS = [
    "(?:告诉|通知|联系|打给|骚扰)(?:你|您|客户)的?(?:单位|家人)",
    "(?:去|到)(?:你|您|客户)的?(?:单位|家)(?!里人)",
    "(?:爆|曝)过?(?:你|您|客户)的?通讯录",
    "爆通讯录",
    "冻结(?:你|您)的?账户",
    "打断(?:你|您)的?腿",
    "抓(?:你|您)",
    "上门",
    "起诉",
    "坐牢",
    rf"(?:tell|call|ring|rang|contact)(?:ing|ed)? your {_WHO}",
    r"(?:have|having|had) (?:you|me) arrested",
    r"arrest(?:ing)? you",
    r"(?:go to|in|put you in) (?:jail|prison)",
    r"su(?:e|ing) you",
    r"garnish(?:ing)? your wages",
    r"tak(?:e|ing) (?:your (?:house|home|car)|you to court)",
    r"freez(?:e|ing) your account",
    r"com(?:e|ing) to your (?:house|home)",
    r"send(?:ing)? (?:in )?(?:the )?(?:bailiffs|sheriff)",
]
MATCH: dict[str, Any] = {"select": {"harm": {"regex": HARMS}}}


@dataclass(frozen=True)
class GateCase:
    """``turns``: ``agent: …``, ``customer: …``. ``known``: the gates are known to be wrong about it."""

    group: str
    language: str
    breach: bool
    conditional: bool
    known: bool
    turns: tuple[str, ...]
    line: int


def cases(name: str) -> Iterator[GateCase]:
    """Of the file ``NAME.txt`` here."""
    principle = ""
    for number, line in enumerate((HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines(), 1):
        mark, _, text = line.partition(" ")
        if mark == "@":
            principle = text
        elif mark.strip("?!") in ("+", "-"):
            turns = tuple(f"customer: {t[3:]}" if t.startswith("c: ") else f"agent: {t}" for t in text.split(" / "))
            language = "zh" if name.startswith("zh") else "en"
            yield GateCase(principle, language, "+" in mark, "?" in mark, "!" in mark, turns, number)
