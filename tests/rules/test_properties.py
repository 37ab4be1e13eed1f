"""What must not change a finding: how words are written, when a call began, how a recogniser cut it."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa_service.records import CallFacts, Evaluation, Finding, Role, Transcript, Turn, Word
from qa_service.rules.compiled import Pack
from qa_service.rules.evaluate import evaluate
from qa_service.rules.load import load_packs
from tests.rules.building import folder, rule, said

MATCHES = [
    {"select": {"x": {"phrases": ["废物", "you idiot", "王八蛋"]}}},
    {"select": {"x": {"regex": ["告诉.{0,4}(?:单位|家人)", "tell (?:your|his) (?:boss|mother)"], "pinyin": True}}},
    {"select": {"a": {"phrases": ["坐牢", "jail"]}, "b": {"phrases": ["今天", "today"]}}, "within": {"near": 12}},
    {"select": {"a": {"all": ["法院", "起诉"]}, "filter_asked": {"phrases": ["您问的"]}}, "within": {"seconds": 60}},
    {"select": {"x": {"repeat": {"times": 2, "within_turns": 99}}}},
    {"select": {"x": {"entity": {"kind": ["phone", "amount"]}}}},
    {"select": {"x": {"similar": {"to": ["我们会去你家里找你"], "at_least": 0.6}}}},
]
SAID = [
    "你这个废物今天不还就等着坐牢吧", "我们不会告诉你单位的", "我就告诉你家人", "您刚才说有人骂您王八蛋",
    "法院已经受理起诉了", "我们会去你家里找你的", "好的我登记一下", "请拨打13800138000联系", "欠款是三千五百元",
    "listen you idiot you will go to jail today", "we will never tell your boss", "I will tell your mother",
]  # fmt: skip


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> list[Pack]:
    rules = [rule(match, id=f"H-{n}", status="stable") for n, match in enumerate(MATCHES, 1)]
    return list(load_packs(folder(tmp_path_factory.mktemp("rules"), *rules)).values())


def found(packs: Sequence[Pack], call: Transcript) -> Evaluation:
    return evaluate(packs, call, CallFacts(), None)


def spoken(texts: Sequence[str], language: str = "zh") -> Transcript:
    return said(*(f"agent: {text}。" for text in texts), language=language)


def with_texts(call: Transcript, change: Callable[[str], str]) -> Transcript:
    return call.model_copy(update={"turns": tuple(t.model_copy(update={"text": change(t.text)}) for t in call.turns)})


def between(mark: str, places: Callable[[str, str], bool] = lambda _a, _b: True) -> Callable[[str], str]:
    """Puts a mark between neighbouring characters."""
    return lambda text: "".join(a + (mark if places(a, b) else "") for a, b in zip(text, text[1:] + " ", strict=True))


def _han(a: str, b: str) -> bool:
    return min(a, b) >= "\u3400" and "。" not in a + b


_PAIR = re.compile("([\u3400-\u9fff]{2})(?=[\u3400-\u9fff])")


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "wide": wide,
    "capitals": str.upper,
    "zero width": between("\u200b"),
    "spaces doubled": lambda text: text.replace(" ", "  "),
    "spaces around": lambda text: f"  {text} ",
    "spaces between characters": between(" ", _han),
    "spaces between words": lambda text: _PAIR.sub(r"\1 ", text),
    "traditional": lambda text: text.translate(
        str.maketrans("废这个还诉单说会们务请联钱额亲时间问", "廢這個還訴單說會們務請聯錢額親時間問")
    ),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_writing_changes_no_finding(packs: list[Pack], disguise: str) -> None:
    for language in ("zh", "en"):
        call = spoken(SAID, language)
        plain, other = (found(packs, c).findings for c in (call, with_texts(call, DISGUISES[disguise])))
        assert len(plain) >= 7
        # Amounts are read from the text as it is written.
        left_out = {"H-6"} if disguise.startswith("spaces between") else set()

        def told(of: Sequence[Finding], left_out: set[str] = left_out) -> list[tuple[object, ...]]:
            return [(f.rule_id, f.state, f.turns) for f in of if f.rule_id not in left_out]

        assert told(other) == told(plain)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.sampled_from(SAID), min_size=1, max_size=6), later=st.sampled_from((0.5, 60.0, 86_400.0)))
def test_a_later_call_has_the_same_findings_later(packs: list[Pack], texts: list[str], later: float) -> None:
    call = spoken(texts)
    turns = (t.model_copy(update={"start_s": t.start_s + later, "end_s": t.end_s + later}) for t in call.turns)
    moved = call.model_copy(update={"turns": tuple(turns), "duration_s": call.duration_s + later})

    def told(f: Finding, by: float) -> tuple[object, ...]:
        times = [None if s is None else pytest.approx(s - by, abs=0.02) for s in (f.start_s, f.end_s)]
        return f.rule_id, f.state, f.turns, f.quote, *times

    assert [told(f, 0.0) for f in found(packs, call).findings] == [told(f, later) for f in found(packs, moved).findings]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.sampled_from([SAID[i] for i in (0, 2, 4, 5, 6)]), min_size=1, max_size=4),
    at=st.integers(0, 3), cut=st.integers(1, 40), answer=st.sampled_from(("", "嗯", "好的")),
)  # fmt: skip
def test_a_turn_cut_by_a_breath_has_the_same_findings(
    packs: list[Pack], texts: list[str], at: int, cut: int, answer: str
) -> None:
    """Of words and patterns; sentences as wholes (`repeat`, `similar`) and numbers are those of one turn."""
    at = min(at, len(texts) - 1)
    text = texts[at]
    if not 0 < cut < len(text):
        return
    whole = spoken(texts)
    first, now = whole.turns[at], whole.turns[at].start_s
    parts = [(Role.AGENT, text[:cut], now, now + 0.9)]
    parts += [(Role.CUSTOMER, answer, now + 0.9, now + 1.0)] if answer else []
    parts += [(Role.AGENT, f"{text[cut:]}。", now + 1.0, first.end_s)]
    halves = [Turn(index=0, role=r, text=t, start_s=a, end_s=b) for r, t, a, b in parts]
    turns = [*whole.turns[:at], *halves, *whole.turns[at + 1 :]]
    split = whole.model_copy(update={"turns": tuple(t.model_copy(update={"index": i}) for i, t in enumerate(turns))})
    by_words = {"H-1", "H-2", "H-4"}

    def told(call: Transcript) -> list[str]:
        return [f.rule_id for f in found(packs, call).findings if f.rule_id in by_words]

    assert told(split) == told(whole)


WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "so", "well", "now."]
#: Windows that count no turns, of hits that lie on both sides of an added turn.
WINDOWS = [
    {"select": {"a": {"phrases": ["alpha", "bravo"], "count": 2}}, "within": {"call": True}},
    {"select": {"a": {"all": ["alpha", "charlie"], "count": 2}}, "within": {"seconds": 9}},
    {"select": {"a": {"phrases": ["alpha", "bravo", "charlie"], "at_least": 2}}, "within": {"call": True}},
    {"select": {"a": {"phrases": ["alpha"]}, "b": {"phrases": ["bravo"]}, "c": {"phrases": ["charlie"]}},
     "condition": "2 of them", "within": {"seconds": 20}},
    {"select": {"a": {"phrases": ["delta"]}, "b": {"phrases": ["echo"]}, "filter_z": {"phrases": ["bravo"]}},
     "within": {"seconds": 6}},
    {"select": {"a": {"phrases": ["alpha"], "speaker": "customer"}, "b": {"phrases": ["delta"]}}, "order": ["a", "b"],
     "within": {"call": True}},
    {"select": {"a": {"phrases": ["echo"], "around": {"of": "b", "which": "every", "after_s": 9}},
                "b": {"phrases": ["alpha"], "speaker": "any"}}, "condition": "a"},
]  # fmt: skip


def test_a_turn_of_the_customer_changes_no_finding_about_the_agent(tmp_path: Path) -> None:
    rules = [rule(match, id=f"H-{n}", status="stable", score={"deduct": 1, "once": False})
             for n, match in enumerate(WINDOWS, 1)]  # fmt: skip
    packs = list(load_packs(folder(tmp_path, *rules)).values())
    chance, met = random.Random(7), set()
    for _ in range(300):
        lines, at = [], 0.0
        for _ in range(chance.randrange(2, 8)):
            side = chance.choice(("agent", "agent", "customer"))
            lines.append((f"{side}: {' '.join(chance.choices(WORDS, k=chance.randrange(1, 6)))}.", at))
            at += chance.choice((3.0, 5.0, 9.0))
        call = said(*lines)
        place = chance.randrange(1, len(call.turns))
        start, end = call.turns[place - 1].end_s, call.turns[place].start_s
        added = Turn(index=0, role=Role.CUSTOMER, start_s=start, end_s=end, text="and what then.")
        turns = [*call.turns[:place], added, *call.turns[place:]]
        turns = [turn.model_copy(update={"index": i}) for i, turn in enumerate(turns)]

        def told(of: Transcript) -> list[tuple[object, ...]]:
            return [(f.rule_id, f.state, f.quote, f.start_s, f.end_s, f.deduct) for f in found(packs, of).findings]

        without = told(call)
        assert told(call.model_copy(update={"turns": tuple(turns)})) == without
        met |= {rule_id for rule_id, *_ in without}
    assert len(met) == len(WINDOWS)


def test_the_order_of_selections_changes_no_finding(tmp_path: Path) -> None:
    """The behaviour hash knows nothing of it."""
    select = {"a": {"phrases": ["delta", "bravo"], "count": 2}, "b": {"phrases": ["delta"]}}
    call = said("agent: delta delta charlie")
    quotes, hashes = set(), set()
    for names in ("ab", "ba"):
        match = {"select": {name: select[name] for name in names}, "condition": "a or b"}
        (pack,) = load_packs(folder(tmp_path, rule(match))).values()
        quotes.add(tuple(f.quote for f in found([pack], call).findings))
        hashes.add(pack.rules[0].behaviour_sha256)
    assert (len(quotes), len(hashes)) == (1, 1)


ODD = ["", "😀", "\ud800", "\u200b", "!!!", "ß", "ﬁ", "12,345.60", "Ａ", "　", "\n", "廢", "\x00"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_evidence_is_what_the_turns_hold_and_lies_in_them(packs: list[Pack], seed: int) -> None:
    """Whatever the times of the words are: wrong ones tell nothing, and move nothing out of its turn."""
    chance = random.Random(seed)
    times = (-5.0, 0.0, 1.0, 3.0, 1e9, float("nan"), float("inf"))
    turns, now = [], 0.0
    for index in range(chance.randrange(1, 5)):
        text = chance.choice(ODD).join(chance.sample(SAID, 2)) + chance.choice(ODD)
        words = [
            Word(text=t, start_s=chance.choice(times), end_s=chance.choice(times), probability=0.9)
            for t in (text.split() if " " in text else text)
        ]
        words = chance.sample(words, len(words)) if chance.random() < 0.3 else words
        side = chance.choice((Role.AGENT, Role.AGENT, Role.CUSTOMER))
        turns.append(Turn(index=index, role=side, start_s=now, end_s=now + 3, text=text, words=tuple(words)))
        now += 3.5
    call = said("agent: x", language="zh").model_copy(update={"turns": tuple(turns), "duration_s": now})
    first = found(packs, call)
    for finding in first.findings:
        start, end = finding.start_s, finding.end_s
        assert start is not None
        assert end is not None
        own = [turns[at] for at in finding.turns]
        assert own[0].start_s <= start <= end <= own[-1].end_s
        assert finding.quote.strip()
        parts = re.sub(r"^\(×\d+\) ", "", finding.quote).split(" … ")
        assert len(parts) == len(own)
        assert all(part.strip("…") in turn.text for part, turn in zip(parts, own, strict=True))
    assert found(packs, call) == first
    assert Evaluation.model_validate(first.model_dump()) == first


def test_records_are_read_again_as_they_were_written(packs: list[Pack]) -> None:
    evaluation = found(packs, spoken(SAID))
    assert evaluation.findings
    assert Evaluation.model_validate_json(evaluation.model_dump_json()) == evaluation


@pytest.mark.timeout(120)
def test_words_with_times_cost_what_their_number_is(packs: list[Pack]) -> None:
    """A turn of 24,000 timed characters with an offence in every twentieth: minutes, did each hit read all words."""

    def cpu_s(times: int) -> float:
        text = "你这个废物今天不还我就告诉你家人让你去坐牢" * times
        words = [Word(text=c, start_s=i / 5, end_s=(i + 1) / 5, probability=0.9) for i, c in enumerate(text)]
        turn = Turn(index=0, role=Role.AGENT, start_s=0.0, end_s=len(text) / 5, text=text, words=tuple(words))
        call = said("agent: x", language="zh").model_copy(update={"turns": (turn,), "duration_s": turn.end_s})
        began = time.process_time()
        assert {f.rule_id for f in found(packs, call).findings} >= {"H-1", "H-2", "H-3"}
        return time.process_time() - began

    cpu_s(10)
    assert cpu_s(1_200) < 20
