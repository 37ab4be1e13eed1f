"""The states of the United States, however systems write them, and what to say of one that is none.

Rules for one state are silent on calls of the others, so a misspelt state must not pass for another one.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache

from qa_service.records import CallFacts

#: States and territories by name. The last three are states of their own with addresses of the United States.
_NAMES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "district of columbia": "DC", "florida": "FL", "georgia": "GA",
    "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY",
    "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH",
    "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND",
    "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI",
    "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
    "virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
    "puerto rico": "PR", "guam": "GU", "american samoa": "AS", "northern mariana islands": "MP",
    "us virgin islands": "VI", "virgin islands": "VI",
    "marshall islands": "MH", "micronesia": "FM", "palau": "PW",
}  # fmt: skip
#: As newspapers and letters shorten them.
_SHORT = {
    "ala": "AL", "ariz": "AZ", "ark": "AR", "cal": "CA", "calif": "CA", "colo": "CO", "conn": "CT", "del": "DE",
    "fla": "FL", "ill": "IL", "ind": "IN", "kan": "KS", "kans": "KS", "mass": "MA", "mich": "MI", "minn": "MN",
    "miss": "MS", "mont": "MT", "neb": "NE", "nebr": "NE", "nev": "NV", "okla": "OK", "ore": "OR", "penn": "PA",
    "penna": "PA", "tenn": "TN", "tex": "TX", "wash": "WA", "w va": "WV", "wis": "WI", "wisc": "WI", "wyo": "WY",
    "washington dc": "DC",
}  # fmt: skip
#: Mail of the armed forces: an address that lies in no state.
_MILITARY = ("AA", "AE", "AP")
#: Names of a part of a country that are no state.
_CITIES = {"nyc": "NY"}
_CODES = frozenset((*_NAMES.values(), *_MILITARY))
#: What systems write where they know none.
_NONE = frozenset(("na", "nan", "none", "null", "nil", "unknown", "undefined", "missing", "not available", "other"))
_BETWEEN = re.compile(r"[\s_,-]+")
_COUNTRY = re.compile(r"^(?:usa?|united states) (?=\w)")


def state_of(facts: CallFacts) -> str | None:
    """The state or part of a country: as sent, else what stands behind the country in the jurisdiction (``US-CA``).

    A state of the United States by its two letters, however it was written; another part as it was sent.
    """
    sent = facts.state if facts.state and _plain(facts.state) not in _NONE else None
    return state_code(sent or (facts.jurisdiction or "").partition("-")[2]) or None


def state_code(written: str) -> str:
    """``CA`` for California, Calif., us-ca and ca; the name of another part of a country as it was written."""
    name = _plain(written)
    code = name.replace(" ", "").upper()
    return _NAMES.get(name) or _SHORT.get(name) or _CITIES.get(name) or (code if code in _CODES else written.strip())


def no_state(facts: CallFacts, country: str | None) -> str:
    """What is wrong with the state of a call of the United States, and which may be meant; empty where nothing is.

    ``country``: of the rules that ask, for calls whose jurisdiction was not sent.
    """
    state = state_of(facts)
    if state is None or state in _CODES or (facts.jurisdiction or country or "").strip().upper()[:2] != "US":
        return ""
    near = _nearest(_plain(state))
    meant = f"; {near.title().replace(' Of ', ' of ')} ({_NAMES[near]}) may be meant" if near else ""
    return f"state {state!r} is none of the United States{meant}"


@lru_cache(maxsize=256)
def _nearest(written: str) -> str | None:
    """The state that a misspelt name or its beginning is nearest to, if there is one alone."""
    begun = [name for name in _NAMES if len(written) > 1 and name.startswith(written)]
    if len(begun) == 1:
        return begun[0]
    return next(iter(get_close_matches(written, _NAMES, n=1, cutoff=0.7)), None)


def _plain(written: str) -> str:
    """Lower case, no full stops, one space between words, no country before it."""
    words = _BETWEEN.sub(" ", written.lower().replace(".", "").replace("/", "")).strip()
    return words if words in _NAMES else _COUNTRY.sub("", words)
