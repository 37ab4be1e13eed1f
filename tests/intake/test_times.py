"""Moments as other systems write them."""

from __future__ import annotations

import pytest

from qa_service.errors import FactsError
from qa_service.intake.facts import parse_facts
from qa_service.records.times import moment, zone_of


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-17T14:03:00Z", "2026-11-17T14:03:00+00:00"),
        ("2026-11-17T14:03:00.123+0800", "2026-11-17T14:03:00.123000+08:00"),
        ("2026-11-17 14:03:00 +08:00", "2026-11-17T14:03:00+08:00"),
        ("2026-11-17 14:03:00 UTC", "2026-11-17T14:03:00+00:00"),
        ("2026/11/17 14:03:00+08:00", "2026-11-17T14:03:00+08:00"),
        ("2026年11月7日 9:05", "2026-11-07T09:05:00"),
        ("2026.11.7 9:05:30.5", "2026-11-07T09:05:30.500000"),
        ("Tue, 17 Nov 2026 14:03:00 +0000", "2026-11-17T14:03:00+00:00"),
        ("Tue, 17 Nov 2026 14:03:00", "2026-11-17T14:03:00"),
        (1794924180, "2026-11-17T14:03:00+00:00"),
        (1794924180000, "2026-11-17T14:03:00+00:00"),
        ("1794924180123", "2026-11-17T14:03:00.123000+00:00"),
        (20261117140300, "2026-11-17T14:03:00"),
        ("202611171403", "2026-11-17T14:03:00"),
    ],
)
def test_a_moment(written: object, read: str) -> None:
    assert moment(written).isoformat() == read


@pytest.mark.parametrize(
    "written",
    [
        "05/11/2026 14:03",
        "17.11.2026",
        "soon",
        45978.58,
        0,
        "2026-11-17",
        20261117,
        "2026年11月17日",
        "20261317140300",
        "",
        True,
    ],
)
def test_what_is_no_moment_or_two(written: object) -> None:
    with pytest.raises(ValueError, match=r"no time|year first|without its hour"):
        moment(written)


def test_a_zone_is_for_what_names_none() -> None:
    assert moment("2026-11-17 14:03", zone_of("Asia/Shanghai")).isoformat() == "2026-11-17T14:03:00+08:00"
    assert moment("2026-11-17T14:03Z", zone_of("Asia/Shanghai")).isoformat() == "2026-11-17T14:03:00+00:00"
    assert moment(1794924180, zone_of("UTC+8")).isoformat() == "2026-11-17T22:03:00+08:00"


@pytest.mark.parametrize("name", ["Middle/Earth", "GMT", "EST", "+25:00"])
def test_what_is_no_zone_or_two(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        zone_of(name)


@pytest.mark.parametrize(
    "sent", [{"clock_tz": "Asia/Shanghai"}, {"clockTz": "+08:00"}, {"extra": {}, "clock_tz": "UTC+8"}]
)
def test_the_start_of_a_call_by_the_clock_of_its_system(sent: dict[str, object]) -> None:
    facts = parse_facts({"started_at": "20261117140300", **sent}, "here")
    assert facts.started_at is not None
    assert facts.started_at.isoformat() == "2026-11-17T14:03:00+08:00"


def test_a_start_that_is_not_understood_says_what_to_send() -> None:
    """20261117140300 was read as milliseconds: the year 2612."""
    with pytest.raises(FactsError, match=r"timezone.*as 2026-11-30T09:00:00\+08:00 has.*clock_tz"):
        parse_facts({"started_at": 20261117140300}, "here")
    with pytest.raises(FactsError, match="year first"):
        parse_facts({"started_at": "05/11/2026 14:03:00"}, "here")
    with pytest.raises(FactsError, match="field clock_tz: 'Beijing time' is no time zone"):
        parse_facts({"clock_tz": "Beijing time"}, "here")
