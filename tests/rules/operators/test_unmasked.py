"""Words with hidden letters are read as what they are; names, references and prices stay as they were said."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_service.records import FindingState
from qa_service.rules.operators.lines import Line
from qa_service.rules.operators.unmasked import unmasked
from tests.rules.building import folder, judged, rule, said


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("You're a l-o-s-e-r.", ["You're a loser."]),
        ("you l o s e r", ["you loser"]),
        ("such a l o s e r", ["such aloser", "such a loser"]),
        ("an a s s h o l e", ["an asshole", "an a sshole"]),
        ("L. O. S. E. R.", ["loser."]),
        ("l_o_s_e_r", ["loser"]),
        ("L - O - S - E - R", ["loser"]),
        ("l … o … s … e … r", ["loser"]),
        ("$hit, sh!t and shi7ty", ["shit, shit and shitty"]),
        ("You're a piece of $hit.", ["You're a piece of shit."]),
        ("You're a b!tch!", ["You're a bitch!"]),
        ("pay, you m0r0n", ["pay, you moron"]),
        ("you l\u043es\u0435r", ["you loser"]),
        ("is it Cockburn, c o c k b u r n?", []),
        ("the surname is P r i c k", []),
        ("P R I C K, that's the last four letters", []),
        ("write to b0b@mail.example, pay $50 at 5pm on the 1st, from a 401k", []),
        ("F K 2 0 9, then Hi! there", []),
        ("\u043f\u0440\u0438\u0432\u0435\u0442, I said", []),
        ("你好 l o", []),
    ],
)
def test_what_is_read(text: str, read: list[str]) -> None:
    assert [reading.line.text for reading in unmasked([Line(text)])] == read


@pytest.mark.parametrize(
    ("call", "quote"),
    [
        ("agent: you are such a l o s e r today", "a l o s e r"),
        ("agent: what a l-o-s-e-r", "a l-o-s-e-r"),
        ("agent: you are a l0s3r, sir", "a l0s3r"),
        ("agent: you are a lo$er, sir", "a lo$er"),
        ("agent: you are a los\u0435r, sir", "a los\u0435r"),
    ],
)
def test_a_hidden_word_is_found_and_quoted_as_it_was_said(tmp_path: Path, call: str, quote: str) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"phrases": ["a loser"]}}}, status="stable"))
    (found,) = judged(root, said(call, language="en")).findings
    assert (found.quote, found.state) == (quote, FindingState.CONFIRMED)


@pytest.mark.parametrize(
    "call", ["customer: a l o s e r", "agent: nobody says you are a l o s e r", "agent: the name is A Loser? no"]
)
def test_gates_hold_for_a_hidden_word_too(tmp_path: Path, call: str) -> None:
    root = folder(tmp_path, rule({"select": {"x": {"regex": [r"\ba loser\b(?! no)"]}}}, status="stable"))
    found = judged(root, said(call, language="en")).findings
    assert not [f for f in found if "l o s" in f.quote]
