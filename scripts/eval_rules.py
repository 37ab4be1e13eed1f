"""Recall and false alarms of the packs on the catalogue's own example utterances.

    python scripts/eval_rules.py CATALOGUE [--by-requirement] [--verbose]
    python scripts/eval_rules.py scripts/utterances/later/uk-t11.jsonl …

CATALOGUE is a requirements file whose entries carry ``violations`` and ``near_misses``: one utterance each, or a
short exchange marked [Customer] … [Agent] … (【客户】 … 【坐席】 …). Cases of call metadata and audio alone are left
out. What the catalogue notes behind an utterance (barred; no judgment; recording on) or before it ([22:07 …]) is no
speech: it is what is known of the case, and is given as facts of the call where it says one. An utterance is found
when any finding, of any state, cites its requirement. Odd positions (first, third, …) were open to the writers of the
packs, even ones were not: the even figure is the one to believe. Batches of single utterances (.jsonl; what they say
of the case stands apart, and counts as a note) are counted together, and their halves mean nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from said_calls import transcript_of

from qa_service.inspect.pipeline import Inspector
from qa_service.records import CallFacts, Inspection, Polarity, Role
from qa_service.settings import bundled, load_settings

#: (jurisdiction or requirement, kind and half, outcome) → utterances.
Counts = Counter[tuple[str, str, str]]
KINDS = ("violations", "near_misses")
HALVES = ("odd", "even")
OUTCOMES = ("found", "not assessed", "clean")
_SPEAKER = re.compile(r"\[(Customer|Third party|Agent|客户|坐席)\]|【(客户|坐席|第三人|被叫)】")
_META = re.compile(r"\[(?:metadata|元数据|acoustic|声学)[^\]]*\]|【(?:元数据|声学)】")
_NOTE = re.compile(r"\s*[((](?P<note>[^()()]*)[))]\s*$")
_BEFORE = re.compile(rf"^(?!{_SPEAKER.pattern})\[(?P<note>[^\]]*)\]\s*")
_CLOCK = re.compile(r"^\[[^\]\d]*(\d{1,2})[::](\d{2})\s*(p\.?m)?[^\]]*\]\s*")


def _account(value: bool, *names: str) -> dict[str, Any]:
    return {"account": dict.fromkeys(names, value)}


_BARRED = ("sol_expired", "statute_barred")
_SUIT = ("lawsuit_filed", "legal_referral", "proceedings_issued")
_STATE: dict[str, dict[str, Any]] = {s: {"jurisdiction": f"US-{s}", "state": s} for s in ("NY", "CA", "MA")}
#: States in which all sides must agree to a recording, and some in which one is enough.
_STATES = {"Florida": "FL", "Washington": "WA", "Pennsylvania": "PA", "Illinois": "IL", "Maryland": "MD"}
_STATES |= {"Montana": "MT", "New Hampshire": "NH", "Texas": "TX", "Ohio": "OH", "New Jersey": "NJ", "Nevada": "NV"}
_AGREED = {"callback_agreed": True, "time_consent": True}
_AUTHORISED = {"callee_role": "authorised_third_party"}
_OPTED = _account(True, "medium_opt_out")
_LOCAL = re.compile(r"(\d{1,2}):(\d{2})\s*(p\.?m)?[^,;]{0,12}\blocal")
_AT = re.compile(r"(?:call(?:ed)?|initiated|dialed|voicemail|left) at (\d{1,2}):(\d{2})\s*(p\.?m)?")
#: What notes say of a case: the first pattern of a line that is found gives its facts. Written from the notes of the
#: odd half and from the facts that rules ask for.
_NOTES: tuple[tuple[tuple[str, dict[str, Any]], ...], ...] = (
    (
        (r"not (?:time-)?barred|within (?:the )?(?:SOL|limitation)|未超过?(?:诉讼)?时效", _account(False, *_BARRED)),
        (
            r"barred|(?:SOL|statute) (?:has )?(?:expired|passed|run)|超过(?:诉讼)?时效|过了?时效",
            _account(True, *_BARRED),
        ),
        (r"debt (?:is )?(?:\d+|\w+) months old|debt (?:is )?[1-3] years old", _account(False, *_BARRED)),
        (r"debt (?:is )?(?:[7-9]|[1-4]\d) years old", _account(True, *_BARRED)),
    ),
    (
        (
            r"\bno (?:\w+ )?judge?ment|without (?:a )?judge?ment|no CCJ|no court|[无未].{0,4}判决",
            _account(False, "judgment"),
        ),
        (r"judge?ment|CCJ|court order|判决", _account(True, "judgment")),
    ),
    (
        (
            r"\b(?:no|not) (?:in )?(?:\w+ )?(?:referr|suit|lawsuit|litigat|case|claim|proceedings|filed)",
            _account(False, *_SUIT),
        ),
        (r"无案件|[未没].{0,3}(?:立案|起诉)|litigation_status=none", _account(False, *_SUIT)),
        (
            r"(?:suit|claim|proceedings) (?:\w+ ){0,2}(?:filed|issued|pending)|已.{0,3}(?:立案|起诉)|=filed",
            _account(True, *_SUIT),
        ),
    ),
    (
        (
            r"subsequent|(?:second|third|later|follow-?up|repeat) (?:call|contact|communication)",
            _account(False, "initial_communication"),
        ),
        (r"\binitial|first (?:call|contact|communication|conversation)", _account(True, "initial_communication")),
    ),
    (
        (r"recording (?:system |is )*off|not recorded|no recording", _account(False, "call_recorded")),
        (r"recording on|(?:is|was|being) recorded|录音(?:中|开启)", _account(True, "call_recorded")),
    ),
    ((r"attorney (?:is )?(?:on file|known|retained)|represented", _account(True, "attorney_on_file", "represented")),),
    (
        (r"\boral|verbal|\bno (?:\w+ )?(?:cease|letter)|not in writing", {}),
        (
            r"cease|written (?:request|refusal|stop)|no-?contact (?:letter|request)|letter (?:asking|to stop)",
            _account(True, "cease_written", "cease_and_desist"),
        ),
    ),
    (
        (
            r"dispute (?:is |was )?(?:on file|open|pending|received)|account (?:is )?disputed",
            _account(True, "dispute_flag"),
        ),
    ),
    ((r"verification (?:was )?(?:mailed|sent)", _account(True, "verification_sent")),),
    (
        (r"own (?:\w+ )?(?:business|line|shop)|asked to be called", {}),
        (
            r"(?:work|workplace|employer|job) (?:opt-?out|prohibit|forbid|policy|does)|no calls at work",
            _account(True, "workplace_opt_out"),
        ),
    ),
    (
        (
            r"(?:call(?:ed)?|dialed) (?:to |at )?(?:the |her |his )?(?:work|office|job)",
            {"extra": {"called_place": "work"}},
        ),
    ),
    ((r"(?:text|SMS|e-?mail|call|phone|cell) opt-?out|(?:asked|opted) .*\b(?:text|e-?mail|line)", _OPTED),),
    (
        (r"agreed|consent|asked (?:to be called|for a call|us to)|lifted|withdrawn|own business", {}),
        (
            r"\bnoted?\b|flagged|asked (?:for no|not|us not|never)|told (?:us|collector|agent)|no calls|"
            r"inconvenient|prefers?|only (?:after|before|evenings|mornings|weekends|on)|"
            r"(?:evenings|mornings|weekdays|afternoons) only",
            _account(True, "inconvenient_noted"),
        ),
    ),
    ((r"licensed (?:attorney|lawyer)|(?:is|was) an? (?:attorney|lawyer)", {"extra": {"agent_is_attorney": True}}),),
    (
        (
            r"(?:consumer|customer|debtor)(?:[- ]initiated| called| phoned)|inbound|called (?:in|us)\b",
            {"direction": "inbound"},
        ),
        (r"(?:consumer|debtor) h(?:er|im)self", {"callee_role": "debtor"}),
        (r"(?:callee|speaking to|to) (?:is |the |her |his )*(?:spouse|wife|husband)", {"callee_role": "spouse"}),
        (r"co-?signer|co-?borrower|joint account", {"callee_role": "co_borrower"}),
        (r"power of attorney|executor|guardian|authori[sz]ed third|consented in writing|minor", _AUTHORISED),
        (r"callee is|third party", {"callee_role": "contact"}),
        (r"voicemail", {"callee_role": "voicemail"}),
    ),
    (
        (r"auto-?dialed|auto-?dialer", {"extra": {"dial_type": "autodialer"}}),
        (r"pre-?recorded|robot|robocall|artificial voice", {"extra": {"dial_type": "prerecorded"}}),
    ),
    ((r"revoked|consent withdrawn", _account(True, "tcpa_revoked")),),
    ((r"first[- ]party|original creditor|MA creditor", {"first_party": True}),),
    ((r"not (?:personally )?liable|authorized user|never (?:co-?)?signed|identity theft", _account(False, "liable")),),
    ((r"account (?:is |was )?(?:already )?(?:paid|settled)|(?:paid|settled) in full", _account(True, "paid")),),
    ((r"discharged", _account(True, "discharged")),),
    ((r"d/?b/?a\b|trade name|doing business as", _account(True, "name_registered")),),
    ((r"\bno .{0,20}fees? (?:authori[sz]ed|in)|fees? not authori[sz]ed", _account(False, "fees_authorized")),),
    ((r"not (?:being )?report(?:ed|able)", {"account": {"credit_reporting_status": "not_reportable"}}),),
    ((r"breathing space", _account(True, "breathing_space", "breathing_space_active")),),
    (
        (
            r"credit card|medical|unsecured|no (?:security interest|lien)|no right to repossess",
            _account(False, "security_interest"),
        ),
        (r"holds title|\bsecured|security interest|\blien", _account(True, "security_interest")),
    ),
    ((r"\bNYC\b", {**_STATE["NY"], "city": "New York City"}), (r"\bNY\b", _STATE["NY"])),
    (
        (r"\bCA\b|California", _STATE["CA"]),
        (r"\bMA\b|Massachusetts", _STATE["MA"]),
        (r"\bNew York", _STATE["NY"]),
        *((rf"{name}|\b{code}\b", {"jurisdiction": f"US-{code}", "state": code}) for name, code in _STATES.items()),
    ),
    ((r"对联系人|third party|to a (?:contact|relative|colleague)", {"callee_role": "contact"}),),
    (
        (
            r"有约定记录|(?:agreed|requested|scheduled) .{0,20}call|(?<!no )consent(?:ed)? (?:on file|recorded|to)",
            {"extra": _AGREED},
        ),
    ),
    ((r"实际为外部|external agency", {"first_party": False}),),
)
_ZONES = {"CN": "Asia/Shanghai", "UK": "Europe/London", "US": "America/New_York"}
#: Requirements about calls to somebody else than the debtor.
_THIRD = ("CN-THIRD-01", "CN-THIRD-02", "CN-THIRD-04", "CN-THIRD-05", "CN-WRONG", "US-1692B", "US-1692C-B")
#: What a call must be for the law of a state or city to hold: some of it is about first creditors.
_OF_STATES: dict[str, dict[str, Any]] = {
    "US-CA": {"first_party": True},
    "US-MA": {"first_party": True},
    "US-NYC": {"jurisdiction": "US-NY", "city": "New York City"},
}


def turns_of(utterance: str) -> list[tuple[Role, str]]:
    """The utterance as turns; without marks the agent speaks."""
    pieces = _SPEAKER.split(_BEFORE.sub("", utterance))
    turns = [(Role.AGENT, pieces[0])] if pieces[0].strip() else []
    for i in range(1, len(pieces), 3):
        role = Role.CUSTOMER if (pieces[i] or pieces[i + 1]) not in ("Agent", "坐席") else Role.AGENT
        turns.append((role, pieces[i + 2]))
    return [(role, _NOTE.sub("", text).strip()) for role, text in turns if _NOTE.sub("", text).strip()]


def facts_in(utterance: str, country: str) -> dict[str, Any]:
    """What the catalogue notes of the case, beside the words that were said."""
    found: dict[str, Any] = {}
    note = _NOTE.search(utterance)
    for text in (m["note"] for m in (_BEFORE.search(utterance), note) if m):
        for ways in _NOTES:
            facts = next((facts for pattern, facts in ways if re.search(pattern, text)), {})
            for key, value in facts.items():
                found[key] = {**found.get(key, {}), **value} if isinstance(value, dict) else value
    if clock := _CLOCK.search(utterance) or (note and (_LOCAL.search(note["note"]) or _AT.search(note["note"]))):
        zone = _ZONES.get(country, "UTC")
        hour = int(clock[1]) % 12 + 12 if clock[3] else int(clock[1])
        found["started_at"] = datetime(2026, 11, 18, hour % 24, int(clock[2]), tzinfo=ZoneInfo(zone))
        found["debtor_tz"] = zone
    return found


def judge(inspector: Inspector, requirement: str, place: str, utterance: str) -> Inspection:
    """The utterance inspected as a call of its own, in the place that the requirement is for."""
    language = "zh" if re.search(r"[\u4e00-\u9fff]", utterance) else "en"
    role = "contact" if requirement.startswith(_THIRD) else "debtor"
    if "LCM" in requirement:
        role = "voicemail"
    where: dict[str, Any] = {} if place.startswith("ALL") else {"jurisdiction": place}
    where |= _OF_STATES.get(place, {})
    known = {**where, "direction": "outbound", "callee_role": role, **facts_in(utterance, place.split("-")[0])}
    facts = CallFacts.model_validate(known)
    transcript = transcript_of(turns_of(utterance), language)
    return inspector.inspect_transcript(transcript, facts, call_id="utterance")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("catalogue", type=Path, nargs="+")
    parser.add_argument(
        "--by-requirement", action="store_true", help="then a line for each requirement, as a table in Markdown"
    )
    parser.add_argument("--verbose", action="store_true", help="name every miss and false alarm of the odd half")
    arguments = parser.parse_args()
    inspector = Inspector(load_settings())
    counts: Counts = Counter()
    entries = [entry for path in arguments.catalogue for entry in _entries(path)]
    for entry in entries:
        _count(inspector, entry, counts, verbose=arguments.verbose)
    _report(counts, {_jurisdiction(entry) for entry in entries})
    if arguments.by_requirement:
        _table(counts, list(dict.fromkeys(entry["id"] for entry in entries)))
    return 0


def _entries(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return _batch(path)
    raw = json.loads(path.read_text(encoding="utf-8"))
    entries: list[dict[str, Any]] = raw if isinstance(raw, list) else raw["requirements"]
    return [e for e in entries if not e["id"].startswith("PII-")]


def _batch(path: Path) -> list[dict[str, Any]]:
    """The utterances of a batch, in order, as entries of a catalogue."""
    places = {e["id"]: e["jurisdiction"] for e in _entries(bundled("rules") / "requirements.json")}
    entries: dict[str, dict[str, Any]] = {}
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        name = row["requirement"]
        empty: dict[str, Any] = {"id": name, "jurisdiction": places[name], **{kind: [] for kind in KINDS}}
        said = f"{row['text']} ({row['case']})" if row.get("case") else row["text"]
        entries.setdefault(name, empty)[KINDS[row["kind"] != "v"]].append(said)
    return list(entries.values())


def _place(entry: dict[str, Any]) -> str:
    """The country, or the state or city as in US-CA."""
    return str(entry["jurisdiction"]).split()[0].split("/")[0]


def _jurisdiction(entry: dict[str, Any]) -> str:
    return _place(entry).split("-")[0]


def _count(inspector: Inspector, entry: dict[str, Any], counts: Counts, *, verbose: bool) -> None:
    jurisdiction = _jurisdiction(entry)
    for kind in KINDS:
        for position, utterance in enumerate(entry[kind]):
            if _META.search(utterance) or not turns_of(utterance):
                continue
            half = "even" if position % 2 else "odd"
            result = judge(inspector, entry["id"], _place(entry), utterance)
            cited = any(entry["id"] in f.requirements for f in result.findings if f.polarity is Polarity.VIOLATION)
            unclear = not cited and any(entry["id"] in m.requirements for m in result.not_assessed)
            outcome = "found" if cited else "not assessed" if unclear else "clean"
            counts[jurisdiction, f"{kind} {half}", outcome] += 1
            counts[entry["id"], f"{kind} {half}", outcome] += 1
            if verbose and half == "odd" and (outcome == "found") is (kind == "near_misses"):
                print(f"{entry['id']:20} {kind:12} {outcome:12} {utterance}")


def _report(counts: Counts, jurisdictions: set[str]) -> None:
    for jurisdiction in sorted(jurisdictions & {key[0] for key in counts}):
        for kind in (f"{kind} {half}" for kind in KINDS for half in HALVES):
            found, unclear, clean = (counts[jurisdiction, kind, o] for o in OUTCOMES)
            whole = found + unclear + clean
            share = found / whole if whole else float("nan")
            print(f"{jurisdiction:4} {kind:18} cited {found:3}/{whole:3} = {share:.3f}   not assessed {unclear}")


def _table(counts: Counts, requirements: Sequence[str]) -> None:
    """Cited/of for each requirement, in Markdown: no utterance of the even half is ever shown."""
    columns = [f"{kind} {half}" for kind in KINDS for half in HALVES]
    print("", "| requirement | " + " | ".join(column.replace("_", " ") for column in columns) + " |", sep="\n")
    print("|---" * (len(columns) + 1) + "|")
    for requirement in requirements:
        wholes = [sum(counts[requirement, column, o] for o in OUTCOMES) for column in columns]
        cells = (
            f"{counts[requirement, column, 'found']} / {whole}" if whole else ""
            for column, whole in zip(columns, wholes, strict=True)
        )
        print(f"| {requirement} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    sys.exit(main())
