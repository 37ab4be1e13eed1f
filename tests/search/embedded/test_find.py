"""What is found: words, phrases, beginnings, misspelt words, sounds, facts and ranges in any mixture."""

from __future__ import annotations

import random

import pytest

from qa_service.errors import InputError, QueryError
from qa_service.records import Role, Severity
from qa_service.search.embedded import EmbeddedIndex
from qa_service.search.protocol import EVERYTHING, Access, SearchQuery
from qa_service.text.tokens import tokens
from tests.factories import DAY
from tests.search.made import CORPUS, call, dated, document, found, mark, proof, turn


@pytest.fixture
def full(index: EmbeddedIndex) -> EmbeddedIndex:
    index.write([call(*CORPUS)])
    return index


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("通讯录", [1]),
        ("讯", [1, 7]),
        ("起訴", [3, 4]),
        ('"打电话给你单位"', [1]),
        ("单位还有", [1]),
        ("通讯录音", []),
        ("payment", [5, 6]),
        ('"made a payment"', [6]),
        ('"a made payment"', []),
        ("律师函 OR 投诉", [2, 3]),
        ("起诉 -律师函", [4]),
        ("-你", [0, 4, 5, 6, 8]),
        ("你 -(单位 OR 投诉) -律师", [7]),
        ("role:customer 起诉", [3]),
        ("role:customer OR 微信", [1, 3, 5, 7, 8]),
        ("-role:customer -你", [0, 4, 6, 8]),
        ("agent:A-9 OR 投诉", [2]),
        ("-agent:A-9 投诉", [2]),
        ("41", [0]),
        ("4", []),
        ("pay*", [5, 6]),
        ('"a pay*"', [6]),
        ("lawer~", [5]),
        ("lawyre~1", [5]),
        ("laweyre~1", []),
        ("fxofice~2", []),
        ("offcie~ -wechat", [6]),
        ("pinyin:tongxunlu", [1]),
        ("pinyin:xunlu", [1]),
        ("pinyin:lushang", []),
        ("律诗寒~", [3]),
        ("title~", []),
    ],
)
def test_what_is_found(full: EmbeddedIndex, text: str, turns: list[int]) -> None:
    assert found(full, text) == [f"C-1:{i}" for i in turns]


def test_every_stretch_of_one_two_or_three_characters_finds_its_turn_and_is_marked(full: EmbeddedIndex) -> None:
    for number, text in enumerate(CORPUS):
        run = tokens(text)
        for size in (1, 2, 3):
            for first, last in zip(run, run[size - 1 :], strict=False):
                sought = text[first.start : last.end]
                (hit,) = full.search(SearchQuery(text=f'"{sought}"', turns=50), EVERYTHING).calls
                marks = {said.turn_index: said.highlights for said in hit.turns}
                assert any(a <= first.start and last.end <= b for a, b in marks[number]), sought


def test_the_index_agrees_with_a_plain_scan(index: EmbeddedIndex) -> None:
    chance = random.Random(4)
    texts = ["".join(chance.choices("你我他还钱单位", k=12)) for _ in range(200)]
    index.write([call(*texts[at : at + 40], call_id=f"C-{at}") for at in range(0, 200, 40)])

    def scan(*parts: str, absent: str = "|") -> set[str]:
        having = ((i, t) for i, t in enumerate(texts) if all(p in t for p in parts) and absent not in t)
        return {f"C-{i // 40 * 40}:{i % 40}" for i, _ in having}

    for _ in range(60):
        one, two = ("".join(chance.choices("你我他还钱单位", k=chance.randint(1, 3))) for _ in range(2))
        assert set(found(index, one)) == scan(one)
        assert set(found(index, f"{one} {two}")) == scan(one, two)
        assert set(found(index, f"{one} OR {two}")) == scan(one) | scan(two)
        assert set(found(index, f"{one} -{two}")) == scan(one, absent=two)


@pytest.fixture
def scored(index: EmbeddedIndex) -> EmbeddedIndex:
    """Four calls that say the same, with scores 50, 60, 70 and none."""
    for n, score in enumerate((50.0, 60.0, 70.0, None)):
        about = {"score": score, "duration_s": n * 100.0, "team": f"{n}组", **dated(-n)}
        index.write([call("还钱", f"第{n}次打电话", call_id=f"C-{n}", **about)])
    return index


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("还钱 score:<60", [0]),
        ("还钱 score:<=60", [0, 1]),
        ("还钱 -score:<60", [1, 2, 3]),
        ("还钱 (score:<60 OR score:>=70)", [0, 2]),
        ("还钱 -(score:<60 OR team:1组)", [2, 3]),
        ("还钱 duration:>100", [2, 3]),
        ("第2次 OR score:60", [1, 1, 2]),
        ("第2次 OR -score:>0", [2, 3, 3]),
        ("-(第2次 OR score:[50 TO 60])", [2, 3, 3]),
        ("score:[50 TO 60] -打电话", [0, 1]),
        ("还钱 date:2026-11-16", [1]),
        ("还钱 date:>=2026-11-16", [0, 1]),
        ("team:1组 OR team:2组 还钱", [1, 2]),
    ],
)
def test_ranges_and_facts_hold_beside_under_or_and_under_not(
    scored: EmbeddedIndex, text: str, calls: list[int]
) -> None:
    assert sorted(int(hit[2]) for hit in found(scored, text)) == calls


def test_filters_of_days_agents_and_roles(scored: EmbeddedIndex) -> None:
    first = dated(-1)["day"]
    assert found(scored, "还钱", day_from=first) == ["C-0:0", "C-1:0"]
    assert found(scored, "还钱", day_to=first, day_from=first) == ["C-1:0"]
    with pytest.raises(InputError, match="lies after the last"):
        found(scored, "还钱", day_from=DAY, day_to=first)
    assert found(scored, agent_id="a-201", role=Role.CUSTOMER, team="2组") == ["C-2:1"]


def test_findings_without_words_list_the_turns_that_prove_them(index: EmbeddedIndex) -> None:
    one, other = mark("R-1", Severity.CRITICAL), mark("R-2", Severity.MINOR)
    index.write([document(turn("打给单位", 0, **proof(one)), turn("还钱", 1, **proof(other)))])
    index.write([call("还钱", call_id="C-2")])
    assert found(index, rule_id="R-1") == ["C-1:0"]
    assert found(index, "severity:minor") == ["C-1:1"]
    assert found(index, "还钱", rule_id="R-1") == ["C-1:1"]
    assert found(index, "还钱", rule_id="R-1", severity=Severity.MINOR) == []
    (hit,) = index.search(SearchQuery(rule_id="R-1"), EVERYTHING).calls
    assert (hit.turns[0].rule_ids, hit.turns[0].severities) == (("R-1",), (Severity.CRITICAL,))


@pytest.mark.parametrize(
    ("access", "seen"),
    [
        (Access(), {0, 1, 2, 3}),
        (Access(teams=frozenset({"0组", "1组"})), {0, 1}),
        (Access(agents=frozenset({"A-0", "A-2"})), {0, 2}),
        (Access(teams=frozenset({"1组"}), agents=frozenset({"A-0"})), set()),
        (Access(teams=frozenset({"0组"}), agents=frozenset({"A-0"})), {0}),
        (Access(teams=frozenset()), set()),
        (Access(teams=frozenset({"0组 ", "A'; --"})), set()),
    ],
)
@pytest.mark.parametrize(
    "text", ["", "还钱", "还钱 OR score:<200", "-没有", "near(还钱 电话)", "team:0组 OR -team:0组"]
)
def test_nothing_is_found_or_counted_outside_the_bounds(
    index: EmbeddedIndex, access: Access, seen: set[int], text: str
) -> None:
    about = [{"agent_id": f"A-{n}", "team": f"{n}组"} for n in range(3)] + [{"agent_id": None, "team": None}]
    index.write([call("还钱", "电话", call_id=f"C-{n}", **each) for n, each in enumerate(about)])
    results = index.search(SearchQuery(text=text, facets=("team", "agent"), limit=10), access)
    assert {int(hit.call_id[2]) for hit in results.calls} == seen
    assert results.total_calls == len(seen)
    assert {count.value for count in results.facets["agent"]} == {f"A-{n}" for n in seen - {3}}
    nearest = index.similar(bytes([1]) * 384, SearchQuery(), access)
    assert nearest.calls == ()


def test_a_query_as_deep_as_the_language_allows_is_answered(full: EmbeddedIndex) -> None:
    deep = "-(" * 12 + "投诉 OR 单位" + ")" * 12
    assert found(full, deep) == ["C-1:1", "C-1:2"]
    wide = "(" * 12 + "投诉 OR 单位" + " 你)" * 12
    assert found(full, wide) == ["C-1:1", "C-1:2"]
    assert found(full, " OR ".join(["投诉", *(chr(0x3400 + n) for n in range(190))])) == ["C-1:2"]


def test_a_bad_query_is_the_callers_mistake(full: EmbeddedIndex) -> None:
    with pytest.raises(QueryError):
        full.search(SearchQuery(text='"unfinished'), EVERYTHING)


def test_near_is_found_in_the_calls_that_have_every_part(full: EmbeddedIndex) -> None:
    full.write([call("打电话", "单位", call_id="C-2", **dated(1)), call("打电话", call_id="C-3")])
    assert found(full, "near(电话 单位)") == ["C-2:0", "C-2:1", "C-1:1"]
    assert found(full, "before(单位 电话)") == []
    assert found(full, "near(电话 单位) role:agent") == []
    assert found(full, "near(电话 单位) team:一组", team="二组") == []
