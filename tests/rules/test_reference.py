"""The engine against a plain reading of docs/rules.md: random small rules on random small calls."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from qa_service.records import CallFacts, Finding, FindingState, Role, Transcript, Turn
from qa_service.rules.compiled import Pack
from qa_service.rules.evaluate import evaluate
from qa_service.rules.load import load_packs
from qa_service.settings import bundled
from tests.rules.building import folder, rule, said

RULES, CALLS = 110, 60
COLOURS = ("红色", "蓝色", "绿色", "黄色", "紫色")
#: How a clause stands, and whether the gates of quotation and negation let it pass.
CLAUSES = (("{}", True), ("这是{}", True), ("我们没说过{}", False), ("您刚才说{}", False))


@dataclass(frozen=True)
class Heard:
    """A word of a selection: turn, first and last character, second."""

    at: int
    start: int
    end: int
    time_s: float
    word: str
    text: str

    @property
    def key(self) -> tuple[int, int]:
        return self.at, self.start


def random_call(chance: random.Random) -> Transcript:
    """Turns of one sentence each, some of speakers that nobody knows, some not heard well."""
    turns, now = [], 0.0
    for index in range(chance.randrange(1, 8)):
        clauses = [chance.choice(CLAUSES)[0].format(chance.choice(COLOURS)) for _ in range(chance.randrange(1, 4))]
        role = chance.choices(("agent", "customer", "unknown"), (6, 4, 1))[0]
        start = now + chance.choice((0.0, 1.0, 5.0))
        now = start + chance.choice((1.0, 3.0))
        flags = ("low_confidence",) if chance.random() < 0.2 else ()
        turns.append(
            Turn(index=index, role=Role(role), start_s=start, end_s=now, text="，".join(clauses) + "。", flags=flags)
        )
    return said("agent: x", language="zh").model_copy(update={"turns": tuple(turns), "duration_s": now})


def random_selection(chance: random.Random) -> dict[str, Any]:
    words = chance.sample(COLOURS, chance.randrange(1, 4))
    found: dict[str, Any] = {"speaker": chance.choice(("agent", "agent", "customer", "any"))}
    kind = chance.choice(("any", "any", "any", "all", "at_least", "count", "regex"))
    if kind == "regex":
        return {**found, "regex": ["|".join(words)]}
    found |= {"all" if kind == "all" else "phrases": words}
    if kind == "at_least" and len(words) > 1:
        found["at_least"] = 2
    if kind == "count":
        found["count"] = 2
    if chance.random() < 0.3:
        limits = {"s": 4, "turns": 2, "share": 0.5}
        unit = chance.choice(list(limits))
        found[f"within_{chance.choice(('first', 'last'))}_{unit}"] = limits[unit]
    if chance.random() < 0.2:
        found["gates"] = {"negation": False, "quotation": False}
    return found


def random_match(chance: random.Random) -> dict[str, Any]:
    select = {name: random_selection(chance) for name in ("a", "b", "c")}
    if chance.random() < 0.3:
        anchor = chance.choice(({"before_turns": 1}, {"after_turns": 2}, {"after_s": 5}, {"before_s": 5, "after_s": 3}))
        select["a"]["around"] = {"of": "c", "which": chance.choice(("any", "first", "last", "every", 2)), **anchor}
    condition = chance.choice((
        "a and b and c", "a and b and not c", "(a or b) and not c", "a or b and c", "2 of them", "a and not (b and c)",
        "a and none of (b, c)", "any of (a, b) and c", "not c and (a or not b and a)", "a and not b and c",
    ))  # fmt: skip
    match: dict[str, Any] = {"select": select, "condition": condition}
    within = chance.choice(
        (None, {"turns": 1}, {"turns": 3}, {"seconds": 2}, {"seconds": 8}, {"near": 3}, {"near": 9}, {"call": True})
    )
    return match | ({"within": within} if within else {})


def plain_hits(call: Transcript, select: dict[str, Any], name: str, *, anyone: bool = False) -> list[Heard]:
    """Every word of a selection that counts, by what the documentation says of each key."""
    spec = select[name]
    words = spec.get("phrases") or spec.get("all") or spec["regex"][0].split("|")
    sides = {"agent", "customer", "unknown"} if spec["speaker"] == "any" else {spec["speaker"]}
    sides |= {"unknown"} if anyone else set()
    gated = "gates" not in spec
    found = []
    for at, turn in enumerate(call.turns):
        begin = 0
        for clause in turn.text.rstrip("。").split("，"):
            word = clause[-2:]
            passes = next(ok for form, ok in CLAUSES[::-1] if clause == form.format(word)) or not gated
            start = begin + len(clause) - 2
            seconds = turn.start_s + start / len(turn.text) * (turn.end_s - turn.start_s)
            if word in words and turn.role.value in sides and passes:
                found.append(Heard(at, start, start + 2, seconds, word, turn.text))
            begin += len(clause) + 1
    found = [h for h in found if _in_place(call, spec, h)]
    around = spec.get("around")
    return _about(found, plain_hits(call, select, around["of"], anyone=anyone), around) if around else found


def _in_place(call: Transcript, spec: dict[str, Any], heard: Heard) -> bool:
    first, last = call.turns[0].start_s, max(turn.end_s for turn in call.turns)
    limits = {
        "within_first_s": lambda n: heard.time_s <= first + n,
        "within_last_s": lambda n: heard.time_s >= last - n,
        "within_first_turns": lambda n: heard.at < n,
        "within_last_turns": lambda n: heard.at >= len(call.turns) - n,
        "within_first_share": lambda n: heard.time_s <= first + n * (last - first),
        "within_last_share": lambda n: heard.time_s >= last - n * (last - first),
    }
    return all(holds(spec[key]) for key, holds in limits.items() if key in spec)


def _about(found: Sequence[Heard], anchors: Sequence[Heard], around: dict[str, Any]) -> list[Heard]:
    def near(hit: Heard, anchor: Heard) -> bool:
        before = anchor.key > hit.key
        turns, seconds = (around.get(f"{'before' if before else 'after'}_{unit}") for unit in ("turns", "s"))
        if turns is None and seconds is None:
            return False
        return (turns is None or abs(hit.at - anchor.at) <= turns) and (
            seconds is None or abs(hit.time_s - anchor.time_s) <= seconds
        )

    which = around["which"]
    chosen = {"any": anchors, "every": anchors, "first": anchors[:1], "last": anchors[-1:]}.get(which)
    chosen = anchors[which - 1 : which] if chosen is None else chosen
    if which == "every" and not all(any(near(h, a) for h in found) for a in anchors):
        return []
    return [h for h in found if any(near(h, a) for a in chosen)]


def _complete(spec: dict[str, Any], hits: Sequence[Heard]) -> bool:
    words = {h.word for h in hits}
    if "all" in spec:
        return set(spec["all"]) <= words
    return len(words) >= spec.get("at_least", 1) and len(hits) >= spec.get("count", 1)


def plain_windows(
    match: dict[str, Any], said_ahead: dict[str, list[Heard]], hits: dict[str, list[Heard]]
) -> list[frozenset[int]]:
    """The turns of each window in which the condition holds, by the hit that it begins at.

    ``said_ahead``: those hits that may be what is looked for; of what must not be there all of ``hits`` count.
    """
    select = match["select"]
    found = []
    for anchor in (hit for name in _wanted(match["condition"]) for hit in said_ahead[name]):
        ahead, about = (
            {name: [h for h in of[name] if _reaches(match.get("within"), anchor, h, both)] for name in select}
            for of, both in ((said_ahead, False), (hits, True))
        )
        if _holds(
            match["condition"],
            lambda name, near=ahead: _complete(select[name], near[name]),
            lambda name, near=about: _complete(select[name], near[name]),
        ):
            found.append(frozenset(h.at for near in ahead.values() for h in near))
    return found


def _reaches(within: dict[str, Any] | None, anchor: Heard, other: Heard, both: bool) -> bool:
    if within is None:
        return anchor.at == other.at
    if "call" in within:
        return True
    if not both and other.key < anchor.key:
        return False
    if "turns" in within:
        return abs(other.at - anchor.at) <= within["turns"]
    if "seconds" in within:
        return abs(other.time_s - anchor.time_s) <= within["seconds"]
    first, second = sorted((anchor, other), key=lambda h: h.start)
    between = first.text[first.end : second.start].replace("，", "")
    return anchor.at == other.at and len(between) <= within["near"]


def _holds(condition: str, said_ahead: Callable[[str], bool], said_about: Callable[[str], bool]) -> bool:
    """``condition`` as Python with ``a`` in the window that begins there, and below a ``not`` on both sides."""
    a, b, c = map(said_ahead, "abc")
    nb, nc = map(said_about, "bc")
    return {
        "a and b and c": a and b and c,
        "a and b and not c": a and b and not nc,
        "(a or b) and not c": (a or b) and not nc,
        "a or b and c": a or (b and c),
        "2 of them": a + b + c >= 2,
        "a and not (b and c)": a and not (nb and nc),
        "a and none of (b, c)": a and not (nb or nc),
        "any of (a, b) and c": (a or b) and c,
        "not c and (a or not b and a)": not nc and (a or (not nb and a)),
        "a and not b and c": a and not nb and c,
    }[condition]


def _wanted(condition: str) -> Sequence[str]:
    return {
        "a and b and not c": "ab", "(a or b) and not c": "ab", "a and not (b and c)": "a", "a and none of (b, c)": "a",
        "not c and (a or not b and a)": "a", "a and not b and c": "ac",
    }.get(condition, "abc")  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pack, dict[str, dict[str, Any]]]:
    """One pack of random rules, and what each looks for."""
    chance = random.Random(7)
    matches = {f"H-{number}": random_match(chance) for number in range(1, RULES + 1)}
    catalogue = json.loads((bundled("rules") / "requirements.json").read_text(encoding="utf-8"))["requirements"]
    rules = [
        rule(match, id=name, status="stable", requirements=[asked["id"]])  # what is confirmed is not asked for again
        for (name, match), asked in zip(matches.items(), catalogue, strict=False)
    ]
    (pack,) = load_packs(folder(tmp_path_factory.mktemp("rules"), *rules)).values()
    return pack, matches


@pytest.mark.parametrize("seed", range(4))
def test_findings_are_those_of_the_plain_reading(made: tuple[Pack, dict[str, dict[str, Any]]], seed: int) -> None:
    pack, matches = made
    chance = random.Random(seed)
    held = 0
    for _ in range(CALLS // 4):
        call = random_call(chance)
        found = evaluate([pack], call, CallFacts(), None)
        open_rules = {n.rule_id: n.reason for n in found.not_assessed}
        for name, match in matches.items():
            own = [f for f in found.findings if f.rule_id == name]
            hits = {s: plain_hits(call, match["select"], s) for s in match["select"]}
            about = f"{match}\n{[(t.role.value, t.text, t.start_s, t.end_s, t.flags) for t in call.turns]}\n{own}"
            if reason := open_rules.get(name):
                assert not own, about
                assert reason.startswith(("unknown_speaker", "no_agent_speech")), about
                continue
            held += bool(own)
            windows = plain_windows(match, hits, hits)
            assert all(any(window & set(f.turns) for f in own) for window in windows), f"{windows} {about}"
            sure = [f for f in own if not (_hidden(call, match, hits) and f.state is FindingState.UNVERIFIED)]
            assert all(any(window >= set(f.turns) for window in windows) for f in sure), f"{windows} {about}"
            _check_doubt(call, match, hits, own, about)
    assert held > CALLS


def _hidden(call: Transcript, match: dict[str, Any], hits: dict[str, list[Heard]]) -> bool:
    """Whether one of the anchors was not heard well: by another reading more may be found, as only possible."""
    around = match["select"]["a"].get("around")
    return bool(around) and around["which"] != "any" and any(call.turns[h.at].flags for h in hits[around["of"]])


def _check_doubt(
    call: Transcript, match: dict[str, Any], hits: dict[str, list[Heard]], own: Sequence[Finding], about: str
) -> None:
    """What was surely said is confirmed, and what was not is not."""
    denied = "not" in match["condition"] or "none" in match["condition"]
    confirmed = [f for f in own if f.state is FindingState.CONFIRMED]
    assert not any(call.turns[turn].flags for f in confirmed for turn in f.turns), about
    if any("around" in spec for spec in match["select"].values()) or ("call" in match.get("within", {}) and denied):
        return  # what lies about a doubtful hit is doubtful too, and that nothing was said in a call not heard well
    sure = {name: [h for h in of if not call.turns[h.at].flags] for name, of in hits.items()}
    for window in plain_windows(match, sure, hits):
        assert any(window & set(f.turns) for f in confirmed), f"sure {window} {about}"
