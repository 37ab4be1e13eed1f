"""How fast the rules are: calls a second on one core, against searching every turn for every word of every rule.

    python scripts/bench_rules.py [--rules FOLDER] [--packs NAMES] [--seconds 3] [--written]

The calls are made here, of varied sentences as agents and customers say them, one word in a hundred or so an offence.
The plain way compiles each pattern and each phrase of the same packs once (``re`` where it can read it, else
``regex``) and then asks ``search`` of each of them, turn by turn; ``phrase in turn`` in place of ``search`` is measured
too. It neither looks at gates, windows, sounds and facts nor prepares the text: it gets the turns as the engine
prepared them. In Mandarin the plain way by sound too asks ``search`` also for each word that the packs know by its
sound, once, in the classes of the turn's syllables (English ones stand in the patterns). All run in this process.
``--written`` measures the naive loop to the letter as well, ``re.search(written, turn)``: Python keeps 512 compiled
patterns, so with as many as these it compiles each of them anew on every turn (minutes; on ten turns, for all).
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex

from qa_service.records import CallFacts, Coverage, EngineInfo, Role, Roles, RoleSource, Transcript, Turn
from qa_service.rules.compiled import Pack
from qa_service.rules.evaluate import evaluate
from qa_service.rules.load import load_packs
from qa_service.rules.operators.lines import Line
from qa_service.rules.operators.words import Term
from qa_service.settings import bundled
from qa_service.text.pinyin import near_key

MINUTES = (3, 5, 60)
#: Seconds of a turn, with the pause behind it.
TURN_S = 6.0
#: Turns that ``--written`` searches; the time of a call is that of its turns.
FEW_TURNS = 10
WRITTEN = " `re.search(written)`, ms | quicker by |"

SAID = {
    "zh": {
        "agent": (
            "您好，请问是{name}吗？这边是{firm}的客服，工号{n}，本次通话会录音。",
            "您{day}应还的{n}元现在还没有到账，想跟您核实一下情况。",
            "如果今天有困难，可以先还一部分，剩下的我们帮您申请分期。",
            "那您看{day}之前能不能处理？我这边给您备注一下。",
            "您不用着急，我把还款方式再跟您说一遍，在APP里点我的账单就能看到。",
            "利息是按合同约定的日利率算的，超过{n}天会多收一点罚息。",
            "好的，您说的这个情况我记下来了，{day}再跟您联系，可以吗？",
            "我理解您的难处，最近生意不好做，我们一起想办法。",
            "您之前登记的手机号尾号是{n}，现在还在用吗？",
            "这个账单一共分{n}期，每期的金额在短信里已经发给您了。",
            "您要是对金额有异议，可以要求我们把明细寄给您核对。",
            "再不还你就等着坐牢吧。",
            "你再这样我就打给你单位领导。",
        ),
        "customer": (
            "我知道，但是这个月工资还没发，要到{day}才有。",
            "嗯，好的好的，我明白了。",
            "你们前几天不是已经打过了吗，我说了{day}还的。",
            "能不能帮我减免一点利息，我实在是周转不开。",
            "我在外地出差，回去以后马上处理。",
            "这个钱我印象中已经还了{n}块，你帮我查一下。",
            "行，那我先还{n}，剩下的慢慢来。",
            "我妈最近住院，家里开销很大，真的没办法。",
            "别再打给我家里人了，有事直接找我。",
        ),
        "name": ("王女士", "李先生", "陈小姐", "赵先生", "周先生"),
        "firm": ("南岭银行", "海川公司", "江北消费金融", "云桥信用卡中心"),
        "day": ("今天下午", "明天", "这周五", "月底", "下个月十号", "三天以后"),
    },
    "en": {
        "agent": (
            "Hello, am I speaking with {name}? My name is Dana and I'm calling from {firm} on a recorded line.",
            "This is an attempt to collect a debt, and any information obtained will be used for that purpose.",
            "Our records show a balance of {n} dollars that was due {day}, and I wanted to see how we can help.",
            "If you can't manage the whole amount, we could set up a plan with smaller payments from {day}.",
            "I understand, a lot of people are going through a hard time, so let's look at what you can afford.",
            "You can pay online, by card over the phone, or send a check to the address on the letter.",
            "I'll send you the breakdown in writing, and you have thirty days to dispute any part of it.",
            "Could you confirm the last four digits of the phone number that we have on file?",
            "Okay, I've made a note of that, and somebody will call you back {day}, does that work for you?",
            "The account was opened with the bank in {n}, and the last payment came in {day}.",
            "There's no interest added while the plan is running, as long as the payments arrive on time.",
            "If you don't pay today we'll have you arrested.",
            "Maybe I should call your boss and tell him that you owe us money.",
        ),
        "customer": (
            "Yeah, I know about it, but I don't get paid until {day}.",
            "Okay, sure, that sounds fine to me.",
            "I already sent {n} dollars last week, didn't you get it?",
            "I lost my job in the spring, and I'm still looking for something new.",
            "Can you waive the late fee if I pay the rest {day}?",
            "Please don't call me at work, my manager doesn't like it.",
            "I'm not sure that this is my account, can you send me something in writing?",
            "Let me talk it over with my wife and I'll call you back.",
        ),
        "name": ("Mr. Jones", "Ms. Carter", "Mrs. Lopez", "Mr. Singh"),
        "firm": ("Harbor Recovery", "Northfield Services", "Lakeside Credit"),
        "day": ("tomorrow", "this Friday", "at the end of the month", "on the tenth", "last week"),
    },
}  # fmt: skip
#: Sentences at the end of the agent's list that break a rule, and how often one is said.
OFFENCES, SHARE = 2, 0.01


def call(language: str, minutes: float, seed: int) -> Transcript:
    """A call of so many minutes, agent and customer in turn, of one to three sentences a turn."""
    chance = random.Random(seed)
    said = SAID[language]
    turns: list[Turn] = []
    for i in range(round(minutes * 60 / TURN_S)):
        role = Role.AGENT if i % 2 == 0 else Role.CUSTOMER
        usual = said[role.value][: -OFFENCES if role is Role.AGENT else None]
        known = said["agent"][-OFFENCES:] if role is Role.AGENT and chance.random() < SHARE else usual
        sentences = (chance.choice(known) for _ in range(chance.choice((1, 1, 2, 3))))
        text = (" " if language == "en" else "").join(_filled(s, said, chance) for s in sentences)
        turns.append(Turn(index=i, role=role, start_s=i * TURN_S, end_s=(i + 1) * TURN_S - 1, text=text))
    return Transcript(
        language=language, duration_s=minutes * 60, turns=tuple(turns), coverage=Coverage(ratio=1.0),
        roles=Roles(source=RoleSource.METADATA, confidence=1.0), engine=EngineInfo(name="none"),
    )  # fmt: skip


def _filled(sentence: str, said: Any, chance: random.Random) -> str:
    slots = {key: chance.choice(said[key]) for key in ("name", "firm", "day")}
    return str(sentence.format(**slots, n=chance.randrange(100, 9000)))


@dataclass(frozen=True)
class PlainWay:
    """What is looked for in every turn of a language: ``patterns`` and ``phrases`` of so many rules."""

    patterns: tuple[Any, ...]
    phrases: tuple[str, ...]
    sounds: tuple[Any, ...]
    rules: int

    @classmethod
    def of(cls, packs: Sequence[Pack], language: str) -> PlainWay:
        rules = [r for p in packs for r in p.rules if language in r.languages]
        terms = [t for r in rules for s in r.selections for t in (*s.terms, *s.excluded)]
        patterns = tuple(_compiled(t.pattern.written) for t in terms if t.pattern is not None)
        sounds = {spoken for term in terms for spoken in _spoken(term)}
        return cls(
            patterns, tuple(t.phrase for t in terms if t.pattern is None),
            tuple(re.compile(re.escape(f" {spoken} ")) for spoken in sorted(sounds)), len(rules),
        )  # fmt: skip

    def searching(self, turns: Sequence[str]) -> Callable[[], int]:
        """The loop over every turn and pattern, phrases as patterns."""
        patterns = (*self.patterns, *(_compiled(re.escape(phrase)) for phrase in self.phrases))
        return lambda: sum(pattern.search(turn) is not None for turn in turns for pattern in patterns)

    def written(self, turns: Sequence[str]) -> Callable[[], int]:
        """The first loop by the functions ``re.search`` and ``regex.search``, which are given what is written."""
        simple = [p.pattern for p in self.patterns if isinstance(p, re.Pattern)]
        simple += [re.escape(phrase) for phrase in self.phrases]
        others = [p.pattern for p in self.patterns if not isinstance(p, re.Pattern)]
        flags = regex.VERSION1 | regex.IGNORECASE

        def loop() -> int:
            found = 0
            for turn in turns:
                found += sum(re.search(one, turn, re.IGNORECASE) is not None for one in simple)
                found += sum(regex.search(one, turn, flags) is not None for one in others)
            return found

        return loop

    def hearing(self, turns: Sequence[str], heard: Sequence[str]) -> Callable[[], int]:
        """The first loop, and one over every turn's sounds and words known by sound."""
        searching = self.searching(turns)
        return lambda: searching() + sum(word.search(turn) is not None for turn in heard for word in self.sounds)

    def looking(self, turns: Sequence[str]) -> Callable[[], int]:
        """The same with ``in`` for phrases."""

        def loop() -> int:
            found = 0
            for turn in turns:
                for pattern in self.patterns:
                    found += pattern.search(turn) is not None
                for phrase in self.phrases:
                    found += phrase in turn
            return found

        return loop


def _spoken(term: Term) -> Iterator[str]:
    """The ways in which the words of a term sound, as classes of syllables."""
    for syllables in term.sounds:
        yield " ".join(map(near_key, syllables))
    for found in term.misheard.words.by_start.values() if term.misheard else ():
        for _, _, classes in found:
            yield " ".join(classes)


def _compiled(written: str) -> Any:
    try:
        return re.compile(written, re.IGNORECASE)
    except re.error:
        return regex.compile(written, regex.VERSION1 | regex.IGNORECASE)


def cpu_s(work: Callable[[], object], least_s: float) -> float:
    """CPU seconds of one run: of as many as fill ``least_s``, the mean."""
    runs, began = 0, time.process_time()
    while not runs or time.process_time() - began < least_s:
        work()
        runs += 1
    return (time.process_time() - began) / runs


def _mean_s(
    packs: Sequence[Pack], calls: Sequence[Transcript], facts: CallFacts, least_s: float, sound_alike: bool
) -> float:
    """CPU seconds of one of the calls, once all have been read before. ``sound_alike``: words known by sound too."""

    def judge() -> None:
        for one in calls:
            evaluate(packs, one, facts, None, sound_alike=sound_alike)

    judge()
    return cpu_s(judge, least_s) / len(calls)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rules", type=Path, default=bundled("rules"))
    parser.add_argument("--packs", default="", help="only these, with commas; default: all")
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU seconds to measure each cell for")
    parser.add_argument("--written", action="store_true", help="patterns not compiled beforehand as well")
    wanted = parser.parse_args()
    began = time.process_time()
    loaded = load_packs(wanted.rules)
    if unknown := set(filter(None, wanted.packs.split(","))) - set(loaded):
        parser.error(f"no pack is called {', '.join(sorted(unknown))}; there are {', '.join(loaded)}")
    packs = [pack for name, pack in loaded.items() if not wanted.packs or name in wanted.packs.split(",")]
    loaded_s = time.process_time() - began
    facts = CallFacts.model_validate({"direction": "outbound", "callee_role": "debtor"})
    began = time.process_time()
    languages = [lang for lang in SAID if any(lang in rule.languages for pack in packs for rule in pack.rules)]
    for language in languages:
        evaluate(packs, call(language, MINUTES[-1], 0), facts, None)
    print(f"\nLoading all packs: {loaded_s:.2f} s of CPU; the first call of each language, in all: "
          f"{time.process_time() - began:.2f} s.\n")  # fmt: skip
    print("| language | rules | words and patterns | by sound | minutes | characters | calls a second | ms a call "
          "| written words alone, ms | `search`, ms | quicker by | with `in`, ms | quicker by "
          "| `search` by sound too, ms | quicker by |" + WRITTEN * wanted.written + "\n"
          + "|---" * (17 if wanted.written else 15) + "|")  # fmt: skip
    for language in languages:
        plain = PlainWay.of(packs, language)
        for minutes in MINUTES:
            # Calls that the engine has not seen; the mean of several, so that one rare pattern does not decide.
            calls = [call(language, minutes, seed) for seed in range(1, 6)]
            ours, written = (_mean_s(packs, calls, facts, wanted.seconds, sound_alike) for sound_alike in (True, False))
            lines = [Line(turn.text) for turn in calls[0].turns]
            turns = [line.stream.text for line in lines]
            searching, looking = (cpu_s(way(turns), wanted.seconds) for way in (plain.searching, plain.looking))
            hearing = cpu_s(plain.hearing(turns, [f" {' '.join(line.near)} " for line in lines]), wanted.seconds)
            size = sum(len(turn.text) for turn in calls[0].turns)
            terms = len(plain.patterns) + len(plain.phrases)
            print(f"| {language} | {plain.rules} | {terms:,} | {len(plain.sounds):,} | {minutes} | {size:,} "
                  f"| {1 / ours:.0f} | {ours * 1000:.1f} | {written * 1000:.1f} "
                  f"| {searching * 1000:.0f} | **{searching / ours:.1f} ×** "
                  f"| {looking * 1000:.0f} | {looking / ours:.1f} × "
                  f"| {hearing * 1000:.0f} | {hearing / ours:.1f} × |", end="")  # fmt: skip
            if wanted.written:
                few = turns[:: max(1, len(turns) // FEW_TURNS)][:FEW_TURNS]
                written_s = cpu_s(plain.written(few), 0) * len(turns) / len(few)
                print(f" {written_s * 1000:,.0f} | {written_s / ours:,.0f} × |", end="")
            print(flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
