"""Several processes for the tests: how many, their share of the cores, and what stays in one of them."""

from __future__ import annotations

import re

import pytest

from tests import workers
from tests.conftest import ROOT


@pytest.mark.parametrize(("cores", "gigabytes", "wanted"), [(2, 24, 2), (16, 64, 8), (4, 12, 2), (1, 4, 1)])
def test_as_many_as_cores_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch, cores: int, gigabytes: int, wanted: int
) -> None:
    monkeypatch.setattr(workers, "cores", lambda: cores)
    monkeypatch.setattr(workers.os, "sysconf", {"SC_PAGE_SIZE": 1 << 12, "SC_PHYS_PAGES": gigabytes << 18}.__getitem__)
    assert workers.workers() == wanted


def test_one_of_several_has_its_share_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 4)
    alone: dict[str, str] = {}
    workers.share_cores(alone)
    assert alone == {}
    beside = {"PYTEST_XDIST_WORKER_COUNT": "3"}
    workers.share_cores(beside)
    assert beside["OMP_NUM_THREADS"] == "1"
    told = {"PYTEST_XDIST_WORKER_COUNT": "2", "OMP_NUM_THREADS": "3"}
    workers.share_cores(told)
    assert told["OMP_NUM_THREADS"] == "3"


def test_a_file_stays_together_and_so_does_all_on_the_node() -> None:
    assert workers.together("tests/text/test_words.py::test_a[b::c/d]") == "tests/text/test_words.py"
    for case in ("contract/test_contract.py::test_a[elastic-x]", "elastic/test_kill.py::test_b"):
        assert workers.together(f"tests/search/{case}") == "elastic"
    assert workers.together("tests/search/contract/test_contract.py::test_a[embedded-x]") != "elastic"


def test_every_file_on_the_node_is_known() -> None:
    """Two processes would each start one, over the same folder of jars."""
    asks = re.compile(r"\b(elastic_node|elastic_url|elastic_settings|elastic_index|mark\.elastic)\b")
    files = {str(f.relative_to(ROOT)) for f in (ROOT / "tests").rglob("test_*.py") if asks.search(f.read_text("utf-8"))}
    files -= {"tests/test_workers.py"}
    assert {f for f in files if workers.together(f"{f}::test") != "elastic"} == set()
    assert set(workers.ON_THE_NODE) <= files
