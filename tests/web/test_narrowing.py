"""What stands beside a list of results: facets to choose from, days as bars, filters that hold."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest

from qa_service.search.protocol import Facet, FacetCount, SearchResults
from qa_service.web.filters import Narrowed
from qa_service.web.language import Translator
from qa_service.web.pages.narrowing import AT_ONCE, MOST_BARS, bars, chips, groups
from qa_service.web.render import View

EN = Translator("en")


def counted(**calls: int) -> tuple[FacetCount, ...]:
    return tuple(FacetCount(value=value, calls=n) for value, n in calls.items())


def on_days(*days: str) -> tuple[FacetCount, ...]:
    return tuple(FacetCount(value=day, calls=n) for n, day in enumerate(days, 1))


def results(**facets: tuple[FacetCount, ...]) -> SearchResults:
    by_facet = {Facet(name): counts for name, counts in facets.items()}
    return SearchResults(calls=(), total_calls=10, total_turns=20, facets=by_facet)


def asked_by(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


def test_a_value_narrows_and_the_chosen_one_is_taken_off() -> None:
    view = View("en", "/search", (("q", "x"), ("team", "B")))
    found = groups(results(team=counted(A=5, B=4)), Narrowed(team="B"), view.address, lambda _: "", EN)
    (group,) = found
    assert [(c.label, c.chosen, c.share) for c in group.first] == [("B", True, 40), ("A", False, 50)]
    assert asked_by(group.first[0].address) == {"q": ["x"]}
    assert asked_by(group.first[1].address) == {"q": ["x"], "team": ["A"]}


def test_rules_have_their_titles_and_severities_their_words() -> None:
    counts = results(rule=counted(R1=3), severity=counted(critical=2), state=counted(needs_review=1))
    found = {g.facet: g.first[0] for g in groups(counts, Narrowed(), View("en").address, str.lower, EN)}
    assert (found[Facet.RULE].label, found[Facet.RULE].note) == ("R1", "r1")
    assert found[Facet.SEVERITY].label == "Critical"
    assert found[Facet.STATE].label == "needs review"


def test_severities_are_listed_by_their_gravity() -> None:
    counts = results(severity=counted(praise=9, minor=5, critical=1))
    (group,) = groups(counts, Narrowed(), View("en").address, lambda _: "", EN)
    assert [choice.value for choice in group.first] == ["critical", "minor", "praise"]


def test_a_team_that_is_called_like_a_severity_keeps_its_name() -> None:
    (group,) = groups(results(team=counted(critical=1)), Narrowed(), View("en").address, lambda _: "", EN)
    assert group.first[0].label == "critical"


@pytest.mark.parametrize(("values", "seen"), [(AT_ONCE + 1, AT_ONCE + 1), (AT_ONCE + 2, AT_ONCE)])
def test_many_values_are_folded_unless_that_hides_only_one(values: int, seen: int) -> None:
    many = counted(**{f"A-{n}": values - n for n in range(values)})
    (group,) = groups(results(agent=many), Narrowed(), View("en").address, lambda _: "", EN)
    assert (len(group.first), len(group.rest)) == (seen, values - seen)


def test_the_days_between_have_their_place_without_calls() -> None:
    found = bars(on_days("2026-11-01", "2026-11-04"), View("en", "/search").address)
    assert [(b.first.day, b.calls, b.height) for b in found] == [(1, 1, 50), (2, 0, 0), (3, 0, 0), (4, 2, 100)]
    assert asked_by(found[3].address) == {"from": ["2026-11-04"], "to": ["2026-11-04"]}


@pytest.mark.parametrize(
    ("days", "size", "widest"), [(MOST_BARS, MOST_BARS, 1), (MOST_BARS + 1, 5, 7), (7 * MOST_BARS + 7, 8, 31)]
)
def test_many_days_are_drawn_by_weeks_and_then_by_months(days: int, size: int, widest: int) -> None:
    first = date(2026, 1, 1)
    ends = (str(first), str(first + timedelta(days=days - 1)))
    found = bars(on_days(*ends), View("en").address)
    assert len(found) == size
    assert max((b.last - b.first).days + 1 for b in found) == widest
    assert sum(b.calls for b in found) == 3
    assert (str(found[0].first), str(found[-1].last)) == ends
    assert all(later.first - earlier.last == timedelta(days=1) for earlier, later in pairwise(found))


def test_one_day_alone_is_no_drawing_but_can_be_chosen() -> None:
    counts = on_days("2026-11-17")
    assert bars(counts, View("en").address) == []
    (group,) = groups(results(day=counts), Narrowed(), View("en").address, lambda _: "", EN)
    assert asked_by(group.first[0].address) == {"from": ["2026-11-17"], "to": ["2026-11-17"]}


def test_filters_that_hold_are_said_and_can_be_taken_off() -> None:
    query = (("q", "x"), ("from", "2026-11-17"), ("to", "2026-11-17"), ("severity", "minor"))
    asked = Narrowed.model_validate(dict(query))
    found = {chip.name: chip for chip in chips(asked, View("en", "/search", query).address, EN)}
    assert (found["day"].value, found["severity"].value) == ("2026-11-17", "Minor")
    assert asked_by(found["day"].address) == {"q": ["x"], "severity": ["minor"]}
    assert "severity" not in asked_by(found["severity"].address)
    later = Narrowed.model_validate({"from": "2026-11-17"})
    assert [chip.name for chip in chips(later, View("en").address, EN)] == ["from"]
