"""Search over the API: calls with their turns, within what the asker may see."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from qa_service.errors import ErrorCode, SetupError
from qa_service.records import Severity
from qa_service.search.protocol import Access
from qa_service.web import searching
from qa_service.web.deps import Services
from qa_service.web.index import Index
from tests.factories import finding, inspection, turns
from tests.web.calling import inspect, inspected, keep
from tests.web.searched import CALLS, ONE_TEAM, bound, kept_and_indexed, leaked, letters

SEARCH = "/api/v1/search"
WEB = Path(searching.__file__).parent


@pytest.fixture(autouse=True)
def encoder(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small encoder in the place of the one that loads a network."""
    monkeypatch.setattr(services.meaning, "_create", lambda _: letters)


def asked(client: TestClient, **params: object) -> dict[str, Any]:
    answer = client.get(SEARCH, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [call["call_id"] for call in found["calls"]]


def error_of(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_calls_come_with_their_turns_the_places_of_the_hits_and_the_moment(
    program: TestClient, services: Services
) -> None:
    inspected(services)
    found = asked(program, q="单位")
    assert (found["total_calls"], found["total_turns"], found["exact"], found["next"]) == (1, 1, True, None)
    (call,) = found["calls"]
    (turn,) = call["turns"]
    assert (call["call_id"], call["matches"], turn["turn_index"], turn["start_s"]) == ("C-1", 1, 0, 0.0)
    ((start, end),) = turn["highlights"]
    assert turn["text"][start:end] == "单位"
    assert turn["start_s"] < turn["at_s"] < turn["end_s"]


FILTERS = (
    ("agent=A-201", ["C-2", "C-1"]),
    ("agent=A-1", []),
    ("team=二组", ["C-3"]),
    ("product=消费贷", ["C-2"]),
    ("stage=M1", ["C-2"]),
    ("stage=M2%E2%80%93M3", ["C-1"]),
    ("severity=critical", ["C-3", "C-1"]),
    ("severity=major", []),
    ("rule=CN-COLL-THIRD-2", ["C-3", "C-1"]),
    ("rule=CN-COLL-THIRD-2&severity=minor", []),
    ("requirement=CN-TIME-01", ["C-3", "C-2"]),
    ("state=confirmed", ["C-3", "C-2", "C-1"]),
    ("state=unverified", []),
    ("role=customer", ["C-3", "C-1"]),
    ("from=2026-11-18", ["C-3", "C-2"]),
    ("from=2026-11-18&to=2026-11-18", ["C-2"]),
)


def test_a_search_is_narrowed_by_filters(program: TestClient, services: Services) -> None:
    kept_and_indexed(services, vectors=False)
    for query, found in FILTERS:
        assert ids(program.get(f"{SEARCH}?q=单位&order=newest&{query}").json()) == found, query


@pytest.mark.parametrize(
    "asked", ["search?q=单位", "search?format=csv", "search/similar?text=单位", "calls?", "calls?format=csv"]
)
def test_days_that_are_turned_round_are_an_error_and_not_an_empty_answer(
    program: TestClient, services: Services, asked: str
) -> None:
    kept_and_indexed(services)
    answer = program.get(f"/api/v1/{asked}&from=2026-11-20&to=2026-11-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "request_invalid")
    assert "2026-11-20" in answer.json()["error"]["message"]
    assert program.get(f"/api/v1/{asked}&from=2026-11-20&to=2026-11-20").status_code == 200


def test_calls_are_counted_by_what_is_asked(program: TestClient, services: Services) -> None:
    kept_and_indexed(services, vectors=False)
    found = asked(program, q="单位", facets=["team", "severity"])["facets"]
    assert found["team"] == [{"value": "一组", "calls": 2}, {"value": "二组", "calls": 1}]
    assert {one["value"]: one["calls"] for one in found["severity"]} == {"critical": 2, "minor": 2}
    assert set(found) == {"team", "severity"}


def test_pages_follow_one_another_without_gap_or_repetition(program: TestClient, services: Services) -> None:
    kept_and_indexed(services, vectors=False)
    seen, after = [], None
    while True:
        page = asked(program, q="单位", order="newest", limit=1, **({"after": after} if after else {}))
        assert page["total_calls"] == 3
        seen += ids(page)
        after = page["next"]
        if after is None:
            break
    assert seen == ["C-3", "C-2", "C-1"]


def test_a_wrong_parameter_is_named(program: TestClient) -> None:
    for query in (
        "limit=0", "limit=501", "turns=51", "role=boss", "state=waiting", "order=worst", "facets=colour",
        "q=" + "x" * 1001, "from=1.1.26",
    ):  # fmt: skip
        answer = program.get(f"{SEARCH}?{query}")
        assert error_of(answer) == (400, "request_invalid"), query
        assert query.split("=")[0] in answer.json()["error"]["message"]


def test_a_mistake_is_told_at_its_place_in_what_was_typed(program: TestClient) -> None:
    for query, position in (('单位 "a', 3), ("(单位", 0), ("单位 )", 3)):
        for stage in ("", 'M"1'):
            answer = program.get(SEARCH, params={"q": query, "stage": stage})
            assert error_of(answer) == (400, "query_invalid")
            assert answer.json()["error"]["position"] == position


def test_a_page_that_no_search_gave_is_refused(program: TestClient, services: Services) -> None:
    kept_and_indexed(services, vectors=False)
    assert error_of(program.get(SEARCH, params={"q": "单位", "after": "x"})) == (400, "query_invalid")


def test_a_spreadsheet_has_a_row_for_each_turn_and_leads_to_the_next_page(
    program: TestClient, services: Services
) -> None:
    kept_and_indexed(services, vectors=False)
    query = {"q": "单位", "order": "newest", "limit": "2", "format": "csv"}
    first = program.get(SEARCH, params=query)
    rows = list(csv.DictReader(io.StringIO(first.text.removeprefix("\ufeff"))))
    assert [(r["call_id"], r["turn_index"], r["severities"], r["stage"]) for r in rows] == [
        ("C-3", "1", "", "M3–M6"), ("C-3", "2", "critical minor", "M3–M6"), ("C-2", "2", "minor", "M1"),
    ]  # fmt: skip
    assert rows[1]["text"] == "你单位我们都知道"
    second = program.get(first.links["next"]["url"])
    assert [r["call_id"] for r in csv.DictReader(io.StringIO(second.text.removeprefix("\ufeff")))] == ["C-1", "C-1"]
    assert "next" not in second.links


def test_only_redacted_text_is_found_shown_and_compared(program: TestClient, services: Services) -> None:
    keep(services, "C-1")
    said = turns("我的电话是13912345678，单位在人民路")
    inspect(services, inspection("C-1", turns=said))
    assert asked(program, q="13912345678")["total_calls"] == 0
    assert "[电话]" in asked(program, q="单位")["calls"][0]["turns"][0]["text"]
    access = Access()
    assert "139" not in searching.source_of("C-1", 0, services, access).text


def test_the_like_of_a_turn_comes_nearest_first_without_itself(program: TestClient, services: Services) -> None:
    kept_and_indexed(services)
    found = program.get(f"{SEARCH}/similar", params={"call": "C-1", "turn": 3}).json()
    assert found["calls"]
    assert {(c["call_id"], t["turn_index"]) for c in found["calls"] for t in c["turns"]} >= {("C-3", 1)}
    assert ("C-1", 3) not in {(c["call_id"], t["turn_index"]) for c in found["calls"] for t in c["turns"]}
    relevances = [call["relevance"] for call in found["calls"]]
    assert relevances == sorted(relevances, reverse=True)
    narrowed = program.get(f"{SEARCH}/similar", params={"call": "C-1", "turn": 3, "q": "律师函", "limit": 1}).json()
    assert ids(narrowed) == ["C-2"]


def test_the_like_of_a_text(program: TestClient, services: Services) -> None:
    kept_and_indexed(services)
    found = program.get(f"{SEARCH}/similar", params={"text": "律师函寄你单位", "turns": 1}).json()
    assert (ids(found)[0], found["calls"][0]["turns"][0]["turn_index"]) == ("C-2", 2)


def test_where_nothing_can_be_compared_that_is_said(program: TestClient, services: Services) -> None:
    kept_and_indexed(services, vectors=False)
    for params, status, code in (
        ({}, 400, "request_invalid"),
        ({"call": "C-1"}, 400, "request_invalid"),
        ({"call": "C-9", "turn": 0}, 404, "call_not_found"),
        ({"call": "C-1", "turn": 9}, 404, "not_found"),
        ({"call": "C-1", "turn": 0}, 404, "not_found"),
    ):
        assert error_of(program.get(f"{SEARCH}/similar", params=params)) == (status, code), params


def test_without_an_encoder_no_text_can_be_compared_but_words_are_found(
    program: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_and_indexed(services)
    monkeypatch.setattr(services.meaning, "_create", lambda _: None)
    assert error_of(program.get(f"{SEARCH}/similar", params={"text": "x"})) == (503, "model_not_found")
    assert asked(program, q="律师函", meaning=True)["total_calls"] == 1


def test_by_meaning_too_adds_what_has_other_words(program: TestClient, services: Services) -> None:
    kept_and_indexed(services)
    assert ids(asked(program, q='"律师函寄单位"')) == []
    found = asked(program, q='"律师函寄单位"', meaning=True)
    assert ids(found)[0] == "C-2"
    assert ids(asked(program, q='"律师函寄单位" team:二组', meaning=True)) == ["C-3"]


def test_conditions_are_written_in_the_language_and_read_back(program: TestClient) -> None:
    conditions = {"c.words": "单位", "c.severity": "minor"}
    text = program.get(f"{SEARCH}/written", params={**conditions, "rest": "a*"}).json()["text"]
    assert text == "a* 单位 severity:minor"
    assert program.get(f"{SEARCH}/conditions", params={"q": text}).json() == {"fields": conditions, "rest": "a*"}


def test_the_status_says_how_far_behind_the_index_is(program: TestClient, services: Services) -> None:
    inspected(services, "C-1")
    status = program.get(f"{SEARCH}/status").json()
    assert (status["state"], status["waiting"], status["parked"], status["index"]["calls"]) == ("current", 0, 0, 1)
    keep(services, "C-2")
    inspect(services, inspection("C-2"), index=False)
    status = program.get(f"{SEARCH}/status").json()
    assert (status["state"], status["waiting"], status["meaning"]) == ("behind", 1, False)
    assert status["oldest"]


def test_the_status_of_an_index_that_is_down(
    program: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspected(services)

    def down(*_: object) -> None:
        raise SetupError(ErrorCode.INDEX_UNAVAILABLE, "The index is down.", "Start it.")

    monkeypatch.setattr(Index, "state", down)
    status = program.get(f"{SEARCH}/status").json()
    assert (status["state"], status["error"]["code"], status["waiting"]) == ("down", "index_unavailable", 0)


SEARCHES = (
    f"{SEARCH}?q=单位&facets=agent&facets=team&facets=day&facets=rule",
    f"{SEARCH}?q=单位 OR call:C-3&facets=agent",
    f"{SEARCH}?q=call:C-3&facets=team",
    f"{SEARCH}?team=二组&facets=agent",
    f"{SEARCH}?q=near(单位 电话, 10s)&facets=team",
    f"{SEARCH}?q=-单位&limit=1",
    f"{SEARCH}?q=单位&format=csv",
    f"{SEARCH}?q=单位&meaning=true&facets=team",
    f"{SEARCH}/similar?text=单位的电话别打",
    f"{SEARCH}/similar?call=C-1&turn=3",
    f"{SEARCH}/similar?call=C-3&turn=1",
    f"{SEARCH}/similar?call=C-3&turn=99",
)


@pytest.mark.parametrize("access", [ONE_TEAM, Access(agents=frozenset({"A-201"}))], ids=["team", "own calls"])
def test_nothing_outside_the_bound_is_found_counted_or_compared_with(
    app: FastAPI, program: TestClient, services: Services, access: Access
) -> None:
    kept_and_indexed(services)
    unbounded = {address: program.get(address) for address in SEARCHES}
    bound(app, access)
    for address in SEARCHES:
        answer = program.get(address)
        said = answer.text.replace("There is no call C-3.", "")
        assert leaked(said) == [], address
        if "call=C-3" in address:
            assert error_of(answer) == (404, "call_not_found")
        elif "csv" not in address:
            inside = {"C-1", "C-2"} & set(ids(unbounded[address].json()))
            assert inside <= set(ids(answer.json())) <= {"C-1", "C-2"}, address
            assert answer.json()["total_calls"] <= 2, address
    assert any("电话别打" in answer.text for answer in unbounded.values())


def test_a_call_outside_the_bound_is_as_one_that_is_not_there(
    app: FastAPI, program: TestClient, services: Services
) -> None:
    kept_and_indexed(services)
    bound(app, ONE_TEAM)
    inside_out = program.get(f"{SEARCH}/similar", params={"call": "C-3", "turn": 1}).json()
    not_there = program.get(f"{SEARCH}/similar", params={"call": "C-9", "turn": 1}).json()
    assert inside_out == {**not_there, "error": {**not_there["error"], "message": "There is no call C-3."}}


def test_pages_of_a_bounded_search_hold_no_gap_for_what_is_left_out(
    app: FastAPI, program: TestClient, services: Services
) -> None:
    kept_and_indexed(services)
    unbounded = asked(program, q="单位", order="newest", limit=1)
    bound(app, ONE_TEAM)
    first = asked(program, q="单位", order="newest", limit=1)
    second = asked(program, q="单位", order="newest", limit=1, after=first["next"])
    assert (ids(first), ids(second), second["next"]) == (["C-2"], ["C-1"], None)
    assert (first["total_calls"], first["total_turns"]) == (2, 3)
    borrowed = program.get(SEARCH, params={"q": "单位", "order": "newest", "limit": 5, "after": unbounded["next"]})
    assert "C-3" not in borrowed.text


def test_a_bounded_asker_learns_that_the_index_is_behind_but_not_how_many_calls_there_are(
    app: FastAPI, program: TestClient, services: Services
) -> None:
    kept_and_indexed(services)
    keep(services, "C-4")
    inspect(services, inspection("C-4", findings=(finding(severity=Severity.MAJOR),)), index=False)
    bound(app, Access(teams=frozenset()))
    status = program.get(f"{SEARCH}/status").json()
    assert status["state"] == "behind"
    assert (status["waiting"], status["parked"], status["index"]) == (None, None, None)
    assert asked(program, q="")["total_calls"] == 0


def test_every_call_of_the_sample_can_be_found_without_a_bound(program: TestClient, services: Services) -> None:
    kept_and_indexed(services, vectors=False)
    assert sorted(ids(asked(program, q="您好"))) == sorted(CALLS)


def test_the_bound_is_decided_in_one_place() -> None:
    """A search that names its bound itself would show everything to everybody."""
    naming = [p.name for p in WEB.rglob("*.py") if re.search(r"EVERYTHING|Access\(", p.read_text(encoding="utf-8"))]
    assert naming == ["access.py"]
