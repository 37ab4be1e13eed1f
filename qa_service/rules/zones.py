"""In which time zones a debtor may be: as sent, else by the state, the number's area code, the country of the rules.

States by zone of the IANA database; a state that lies in two has both, and a question whose answer differs between
them is not answered. Of the United States the fifty states, the District of Columbia and the five territories in which
people live are known.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from qa_service.records import CallFacts
from qa_service.rules.area_codes import CENTRAL, EASTERN, MOUNTAIN, PACIFIC, area_zones
from qa_service.rules.states import no_state, state_of

#: Where a whole state keeps one time. Arizona keeps no daylight saving time, but the Navajo Nation in it does.
_STATES: dict[tuple[str, ...], str] = {
    (EASTERN,): "CT DE DC GA ME MD MA NH NJ NY NC OH PA RI SC VT VA WV",
    (CENTRAL,): "AL AR IL IA LA MN MS MO OK WI",
    (MOUNTAIN,): "CO MT NM UT WY",
    (PACIFIC,): "CA WA",
    (PACIFIC, MOUNTAIN): "NV ID OR",
    ("America/Phoenix", MOUNTAIN): "AZ",
    ("Pacific/Honolulu",): "HI",
    (EASTERN, CENTRAL): "FL IN KY MI TN",
    (CENTRAL, MOUNTAIN): "KS NE ND SD TX",
    ("America/Anchorage", "America/Adak"): "AK",
}
#: Of a call that names one of these; a call to the United States that names no state is to one of the fifty.
_TERRITORIES: dict[str, tuple[str, ...]] = {
    "PR": ("America/Puerto_Rico",), "VI": ("America/St_Thomas",), "GU": ("Pacific/Guam",),
    "MP": ("Pacific/Saipan",), "AS": ("Pacific/Pago_Pago",),
}  # fmt: skip
_OF_STATE = {state: zones for zones, states in _STATES.items() for state in states.split()} | _TERRITORIES
_COUNTRIES: dict[str, tuple[str, ...]] = {
    "CN": ("Asia/Shanghai",),
    "UK": ("Europe/London",),
    "GB": ("Europe/London",),
    "US": tuple(dict.fromkeys(zone for zones in _STATES for zone in zones)),
}
#: What exports write for a clock, by country. Some are names of the IANA database too, of clocks that are never changed
#: in summer: not what is meant.
_CLOCKS: dict[str, dict[str, tuple[str, ...]]] = {
    "US": {
        **dict.fromkeys(("et", "est", "edt", "eastern"), (EASTERN,)),
        **dict.fromkeys(("ct", "cst", "cdt", "central"), (CENTRAL,)),
        **dict.fromkeys(("mt", "mst", "mountain"), (MOUNTAIN, "America/Phoenix")), "mdt": (MOUNTAIN,),
        **dict.fromkeys(("pt", "pst", "pdt", "pacific"), (PACIFIC,)),
        **dict.fromkeys(("akst", "akdt", "alaska"), ("America/Anchorage",)),
        **dict.fromkeys(("hst", "hawaii"), ("Pacific/Honolulu",)), "ast": ("America/Puerto_Rico",),
        "est5edt": (EASTERN,), "cst6cdt": (CENTRAL,), "mst7mdt": (MOUNTAIN,), "pst8pdt": (PACIFIC,),
    },
    "UK": dict.fromkeys(("gmt", "bst"), ("Europe/London",)),
    "CN": dict.fromkeys(("cst", "beijing", "shanghai", "北京", "北京时间"), ("Asia/Shanghai",)),
}  # fmt: skip


def zones_of(facts: CallFacts, country: str | None) -> tuple[str, ...]:
    """Names of the zones in which the debtor may be; none where nothing is known.

    ``country`` is that of the rule pack, for calls whose jurisdiction was not sent.
    """
    land = _land(facts, country)
    if facts.debtor_tz:
        return clock(facts.debtor_tz, land)
    return _by_state(facts, land) or _by_number(facts, land) or _COUNTRIES.get(land, ())


def indicated(facts: CallFacts, country: str | None) -> tuple[tuple[str, ...], ...]:
    """The places at which the facts indicate that the debtor might be, each as the zones that it may lie in.

    The first is where the debtor is said to be. Where a state and the area code of the number differ, a call must be
    convenient in both (12 CFR 1006, supplement I, comment 6(b)(1)(i)-2); so too where no clock of the state goes like
    the zone that was sent.
    """
    said, land = zones_of(facts, country), _land(facts, country)
    state = _by_state(facts, land)
    if not facts.debtor_tz:
        places = (said, _by_number(facts, land))
    elif not state or facts.started_at is None:
        places = (said, ())
    else:
        try:
            at = {name: facts.started_at.astimezone(zone(name)).utcoffset() for name in (*said, *state)}
        except (ValueError, OverflowError):  # told where the hour is asked for
            return (said,)
        agree = {at[name] for name in said} & {at[name] for name in state}
        places = (said, () if agree else state)
    return tuple(dict.fromkeys(place for place in places if place))


def clock(written: str, land: str) -> tuple[str, ...]:
    """The zones that a country's systems mean by what they write: ``EST`` changes to summer time there."""
    name = written.strip()
    return _CLOCKS.get("UK" if land == "GB" else land, {}).get(name.lower(), (name,))


def _land(facts: CallFacts, country: str | None) -> str:
    return (facts.jurisdiction or country or "").strip().upper().partition("-")[0]


def _by_state(facts: CallFacts, land: str) -> tuple[str, ...]:
    """Of a state that is none (misspelt) those of the whole country: no other fact may pass for it."""
    if land == "US" and no_state(facts, land):
        return _COUNTRIES[land]
    return _OF_STATE.get(state_of(facts) or "", ()) if land in ("US", "") else ()


def _by_number(facts: CallFacts, land: str) -> tuple[str, ...]:
    return area_zones(facts.phone) if land == "US" else ()


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """A zone by name, in whatever case it is written.

    Raises:
        ValueError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        meant = _by_plain_name().get(name.strip().lower().replace(" ", "_"))
        if meant is None:
            raise ValueError(f"{name!r} is no time zone") from None
        return ZoneInfo(meant)


@lru_cache(maxsize=1)
def _by_plain_name() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def touches(start: datetime, seconds: float, first: float, last: float, name: str) -> bool:
    """Whether any moment of a stretch lies in the daily window from ``first`` to ``last`` o'clock (decimal hours, over
    midnight where ``first`` is the later) in a zone. The stretch is open at its end; one of no length is its start."""
    here = zone(name)
    local = start.astimezone(here)
    if _inside(_hour(local), first, last):
        return True
    end = (start + timedelta(seconds=max(0.0, seconds))).astimezone(here)
    # The window begins at `first`: it is entered if that hour lies strictly inside the stretch, today or tomorrow.
    days = (end.date() - local.date()).days
    return any(_hour(local) < first + 24 * day < _hour(end) + 24 * days for day in range(days + 1))


def _inside(hour: float, first: float, last: float) -> bool:
    return first <= hour < last if first <= last else hour >= first or hour < last


def _hour(at: datetime) -> float:
    return at.hour + at.minute / 60 + at.second / 3600 + at.microsecond / 3.6e9
