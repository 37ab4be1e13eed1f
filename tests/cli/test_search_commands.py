"""`qa search`, `qa reindex` and `qa index` on real calls that come as text."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from qa_service.classify.embedder import create_embedder
from qa_service.cli.doctor import check_index
from qa_service.jobs.indexing import sync_index
from qa_service.search.create import open_index
from qa_service.search.protocol import SearchResults
from qa_service.store.store import open_store
from tests.cli.conftest import Run
from tests.factories import NOW, facts, finding, inspection, later, transcript, turns
from tests.jobs.fakes import settings_at
from tests.jobs.indexes import inspect, inspect_calls

CHINA = timezone(timedelta(hours=8))

SAID = {
    "S-1": ("再不还你就准备去坐牢吧", "你怎么这样说话"),
    "S-2": ("不会有人抓您的，这是民事纠纷", "那我下周还"),
    "S-3": ("我们会联系您的单位和家人", "别打电话给我单位"),
}


@pytest.fixture
def kept(qa: Run, data: Path) -> Run:
    """Three inspected and indexed calls, of two agents, one a day."""
    settings = settings_at(data)
    store = open_store(settings.database)
    for n, (call_id, texts) in enumerate(SAID.items()):
        begun = datetime(2026, 11, 16 + n, 10, tzinfo=CHINA)
        store.calls.add(
            facts(started_at=begun, agent_id=f"A-{1 + n % 2}"), call_id=call_id, source="m.jsonl", day=begun.date(),
            recording=None, transcript=transcript(*texts), received_at=later(n),
        )  # fmt: skip
        found = (finding(requirements=("CN-FALSELEGAL-01",)),) if "坐牢" in texts[0] else ()
        inspect(store, inspection(call_id, turns=turns(*texts), findings=found))
    with open_index(settings) as index:
        assert sync_index(store, index, create_embedder(settings)) == 3
    store.close()
    return qa


def found(run: Run, *arguments: object) -> SearchResults:
    return SearchResults.model_validate_json(run("search", *arguments, "--json").out)


def ids(results: SearchResults) -> list[str]:
    return [call.call_id for call in results.calls]


# --- search ---


def test_results_are_calls_with_the_moments_to_listen_to(kept: Run) -> None:
    shown = kept("search", "单位", "--facet", "agent", "--facet", "day").out
    assert "S-3  2026-11-18  A-1  周敏  一组  100 A" in shown
    assert "00:01  agent     我们会联系您的«单位»和家人" in shown
    assert "00:06  customer  别打电话给我«单位»" in shown
    assert "agent        A-1 1" in shown
    assert "2 turns in 1 call." in shown


def test_filters_narrow_and_need_no_words(kept: Run) -> None:
    assert ids(found(kept, "--agent", "A-1", "--order", "newest")) == ["S-3", "S-1"]
    assert ids(found(kept, "--from", "2026-11-17", "--to", "2026-11-17")) == ["S-2"]
    assert ids(found(kept, "--requirement", "CN-FALSELEGAL-01", "--state", "confirmed")) == ["S-1"]
    assert ids(found(kept, "还", "--role", "customer", "--team", "一组")) == ["S-2"]


def test_pages_follow_one_another(kept: Run) -> None:
    first = found(kept, "--limit", "2", "--order", "newest")
    assert "More: --next" in kept("search", "--limit", "2").out
    assert first.next
    second = found(kept, "--limit", "2", "--order", "newest", "--next", first.next)
    assert ids(first) + ids(second) == ["S-3", "S-2", "S-1"]
    assert second.next is None


def test_meaning_finds_what_is_said_in_other_words(kept: Run) -> None:
    like = found(kept, "--like", "S-3#0", "--limit", "2")
    assert len(like.calls) == 2
    assert ("S-3", 0) not in {(c.call_id, t.turn_index) for c in like.calls for t in c.turns}
    assert ids(found(kept, "--like-text", "我要告诉你公司和家里人", "--limit", "1")) == ["S-3"]
    both = found(kept, "单位", "--meaning")
    assert ids(both)[0] == "S-3"
    assert len(both.calls) == 3
    assert "  ≈ " in kept("search", "单位", "--meaning").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--like", "S-3"), "CALL#TURN"),
        (("--like", "S-3#99"), "not_found"),
        (("x", "--like", "S-3#0", "--meaning"), "one of"),
        (("x", "--from", "2026-11-20", "--to", "2026-11-01"), "request_invalid"),
        (("--like-text", "x", "--from", "2026-11-20", "--to", "2026-11-01"), "request_invalid"),
        (("x", "--next", "nonsense"), "query_invalid"),
    ],
)
def test_what_cannot_be_searched_says_why(kept: Run, arguments: tuple[str, ...], says: str) -> None:
    ran = kept("search", *arguments)
    assert ran.code == 2
    assert says in ran.err


def test_without_an_encoder_words_are_found_and_meaning_is_refused(kept: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_SEARCH_VECTORS", "off")
    assert "model_not_found" in kept("search", "单位", "--meaning").err
    assert ids(found(kept, "单位")) == ["S-3"]
    kept("reindex", "--fresh")
    assert json.loads(kept("index", "status", "--json").out)["state"]["vectors"] == 0


# --- the index ---


def test_the_state_of_the_index_is_told(kept: Run) -> None:
    shown = kept("index", "status").out
    assert "holds     3 calls, 6 turns, 6 vectors" in shown
    assert "database  3 inspected calls" in shown
    assert "waiting   0 calls" in shown
    report = json.loads(kept("index", "status", "--json").out)
    assert (report["inspected"], report["lag"]["calls"], report["parked"]) == (3, 0, [])


def test_an_index_that_was_lost_is_told_until_it_is_filled(kept: Run, data: Path) -> None:
    for file in data.glob("search*"):
        file.unlink()
    ran = kept("search", "再不还")
    assert ran.out.endswith("0 turns in 0 calls.\n")
    assert "lacks what was inspected before" in ran.err
    assert "lacks what was inspected before" in kept("index", "status").out
    assert kept("work").code == 0
    assert "lacks" not in kept("search", "再不还").err
    assert "holds     3 calls" in kept("index", "status").out


def test_a_rebuild_says_that_it_counted(kept: Run) -> None:
    ran = kept("reindex")
    assert ran.code == 0
    assert ran.out == "3 calls with 6 turns indexed: counted, as many as the database has.\n"
    assert "[3/3] calls" in ran.err


def test_refused_calls_are_named_and_tried_again(kept: Run, data: Path) -> None:
    store = open_store(settings_at(data).database)
    store.outbox.failed(store.outbox.order(["S-2"]), "too large", passing=False, now=NOW)
    store.close()
    assert "parked    1 call that" in kept("index", "status").out
    assert "S-2: too large" in kept("index", "status").out
    assert "0 calls behind, 1 refused" in kept("status").out
    examined = check_index(settings_at(data))
    assert (examined.state, examined.advice) == ("optional", "Run `qa index status`.")
    assert examined.found.endswith("3 calls, 6 turns, 6 vectors; 0 calls behind, 1 refused")
    assert "1 call refused by it" in kept("search", "单位").err
    ran = kept("index", "retry")
    assert (ran.code, ran.out) == (0, "1 call tried again, 1 written; 0 waiting, 0 parked.\n")


def test_while_the_index_is_down_calls_wait_and_the_commands_say_so(
    kept: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(settings_at(data).database)
    inspect_calls(store, 2)
    store.close()
    assert "2 calls waiting for the index" in kept("search", "单位").err
    monkeypatch.setenv("QA_ELASTICSEARCH_URL", "http://127.0.0.1:9")
    shown = kept("index", "status")
    assert shown.code == 1
    assert "index_unavailable" in shown.out
    assert "waiting   2 calls, the longest since 20" in shown.out
    examined = check_index(settings_at(data, elasticsearch_url="http://127.0.0.1:9"))
    assert examined.state == "broken"
    assert "2 calls behind" in examined.found
    assert "0 inspected" in kept("work").out
    monkeypatch.delenv("QA_ELASTICSEARCH_URL")
    kept("work")
    assert "holds     5 calls" in kept("index", "status").out


def test_earlier_days_are_forgotten_by_the_index_alone(kept: Run) -> None:
    assert kept("index", "prune", "--before", "2026-11-18").out.startswith("2 calls of days before 2026-11-18")
    assert ids(found(kept)) == ["S-3"]
    assert "再不还" in kept("show", "S-1").out
    kept("reindex")
    assert len(found(kept).calls) == 3
