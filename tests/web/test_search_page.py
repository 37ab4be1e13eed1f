"""The search page: from words to the moment in a call, what narrows, and what is said when something is wrong."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from markupsafe import escape

from qa_service.errors import ErrorCode, QAError, QueryError, SetupError
from qa_service.search.protocol import Access
from qa_service.web.deps import Services
from qa_service.web.index import Index
from qa_service.web.language import messages
from qa_service.web.pages.search import advice, offence
from tests.factories import inspection, turns
from tests.web.calling import SAMPLE, inspect, inspected, keep
from tests.web.searched import ONE_TEAM, bound, kept_and_indexed, leaked, letters
from tests.web.test_pages import EN, ZH, plain, text_of


@pytest.fixture(autouse=True)
def encoder(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small encoder in the place of the one that loads a network."""
    monkeypatch.setattr(services.meaning, "_create", lambda _: letters)


def links(page: str, part: str) -> list[dict[str, list[str]]]:
    """The parameters of all links whose tag has this part."""
    found = re.findall(r"<a\b[^>]*>", page)
    return [parse_qs(urlsplit(html.unescape(re.findall(r'href="([^"]*)"', a)[0])).query) for a in found if part in a]


def shown(page: str) -> list[str]:
    """The calls of a page of results, in their order."""
    return re.findall(r'class="call-id" href="/calls/([^"]*)"', page)


def test_a_search_leads_from_a_word_to_the_moment(client: TestClient, services: Services) -> None:
    inspected(services, audio=SAMPLE)
    page = client.get("/search?q=单位", headers=EN).text
    assert "Calls: 1 · turns: 1" in plain(page)
    assert "打电话给你<mark>单位</mark>" in page
    assert 'href="/calls/C-1?t=2.6&amp;q=%E5%8D%95%E4%BD%8D&amp;play=1"' in page
    assert 'value="单位"' in page
    assert "CN-COLL-003" in plain(page)


def test_a_call_without_a_recording_is_led_to_and_not_offered_to_be_played(
    client: TestClient, services: Services
) -> None:
    inspected(services)
    page = client.get("/search?q=单位", headers=EN).text
    assert 'href="/calls/C-1?t=2.6&amp;q=%E5%8D%95%E4%BD%8D"' in page
    assert "play=1" not in page
    assert "data-play" not in page
    assert '<span class="play off num">00:02</span>' in page


def test_a_call_shows_its_best_turns_and_leads_to_the_rest(client: TestClient, services: Services) -> None:
    inspected(services, turns=turns(*["给单位打电话"] * 6))
    page = client.get("/search?q=单位&turns=2&agent=A-201", headers=EN).text
    assert page.count("data-item") == 2
    assert "4 more turns in this call" in page
    (rest,) = links(page[page.index('class="more"') :], "turns=50")
    assert rest == {"q": ["单位 call:C-1"], "turns": ["50"], "agent": ["A-201"]}
    assert client.get("/search", params=rest).text.count("data-item") == 6


def test_pages_keep_what_was_asked_and_go_back_to_the_first(client: TestClient, services: Services) -> None:
    kept_and_indexed(services, vectors=False)
    first = client.get("/search?q=单位&order=newest&limit=2", headers=EN).text
    assert shown(first) == ["C-3", "C-2"]
    (following,) = links(first, 'rel="next"')
    assert (following["q"], following["order"], following["limit"]) == (["单位"], ["newest"], ["2"])
    second = client.get("/search", params=following, headers=EN).text
    assert shown(second) == ["C-1"]
    assert links(second, 'rel="next"') == []
    assert "First page" in second
    assert not any("after" in link for link in links(second, 'class="option"'))


def test_what_results_can_be_narrowed_to_narrows_and_comes_off(client: TestClient, services: Services) -> None:
    kept_and_indexed(services, vectors=False)
    page = client.get("/search?q=单位", headers=EN).text
    words = plain(page)
    assert (
        words.index("Narrow down calls") < words.index("Critical 2") < words.index("Tells a third party about the debt")
    )
    options = links(page, 'class="option"')
    assert {"q": ["单位"], "team": ["二组"]} in options
    assert {"q": ["单位"], "stage": ["M2–M3"]} in options
    assert {"q": ["单位"], "from": ["2026-11-18"], "to": ["2026-11-18"]} in links(page, "2026-11-18: 1 call")
    narrowed = client.get("/search?q=单位&team=二组&stage=M3–M6", headers=EN).text
    assert shown(narrowed) == ["C-3"]
    assert {"q": ["单位"], "stage": ["M3–M6"]} in links(narrowed, 'class="chip"')
    assert {"q": ["单位"], "team": ["二组"]} in links(narrowed, 'aria-current="true"')
    assert '<input type="hidden" name="team" value="二组">' in narrowed
    assert "Clear filters" in narrowed


def test_a_search_that_finds_nothing_says_what_to_do(client: TestClient, services: Services) -> None:
    inspected(services)
    assert "Try other or fewer words" in text_of(client, "/search?q=xyzzy")
    assert "Widen or take off the filters" in text_of(client, "/search?q=xyzzy&agent=A-1")


def test_days_that_are_turned_round_are_told(client: TestClient, services: Services) -> None:
    inspected(services)
    asked = {"q": "单位", "from": "2026-11-20", "to": "2026-11-01"}
    for language, says in (("en", "The first day lies after the last"), ("zh", "开始日期晚于结束日期")):
        answer = client.get("/search", params=asked, headers={"accept-language": language})
        assert answer.status_code == 400
        assert says in answer.text


def test_any_query_gets_an_answer_beside_the_box(client: TestClient, services: Services) -> None:
    inspected(services)
    for query in ('"open', "(a", "a AND", "AND", "OR OR", "rule:", 'a") OR 1=1', "*", "NEAR(a b)", "near(", "score:<",
                  "date:[x TO y]", "pinyin:", "a~", "~", "[", "near(a b, 10s) OR b"):  # fmt: skip
        answer = client.get("/search", params={"q": query}, headers=EN)
        assert answer.status_code in (200, 400), query
        assert f'value="{escape(query)}"' in answer.text
        api = client.get("/api/v1/search", params={"q": query})
        assert api.status_code == answer.status_code, query
        if api.status_code == 400:
            assert api.json()["error"]["code"] == "query_invalid"
            assert "cannot be understood" in answer.text


def test_a_mistake_is_marked_where_it_stands(client: TestClient) -> None:
    page = client.get("/search", params={"q": '😀 单位 "abc d'}, headers=ZH).text
    assert '😀 单位 <mark class="offending">&#34;</mark>abc d' in page
    assert 'aria-invalid="true"' in page
    assert 'data-wrong-from="6" data-wrong-to="7"' in page  # as scripts count: the face is two units
    assert "搜索式无法理解 引号不成对" in plain(page)


@pytest.mark.parametrize(
    ("text", "position", "parts"),
    [
        ("a colour:red b", 2, ("a ", "colour:red", " b")),
        ("(a", 0, ("", "(", "a")),
        ("a AND", 5, ("a AND", "", "")),
        ("a AND", 99, ("a AND", "", "")),
        ("a  b", 1, ("a", "", "  b")),
        ("ab", -3, ("", "ab", "")),
    ],
)
def test_the_part_that_is_wrong(text: str, position: int, parts: tuple[str, str, str]) -> None:
    found = offence(text, QueryError("No.", position=position))
    assert found
    assert (found.before, found.part, found.after) == parts


@pytest.mark.parametrize(
    ("text", "position", "kind"),
    [
        ('a "b', 2, "quote"), ("（a", 0, "bracket"), ("a colour:red", 2, "field"), ("near(a)", 0, "near"),
        ("a AND", 2, "operator"), ("a~9", 0, "sign"), ("a", 0, "here"), ("a AND", 5, "end"),
    ],
)  # fmt: skip
def test_the_reader_is_told_what_to_do_in_his_language(text: str, position: int, kind: str) -> None:
    key = advice(offence(text, QueryError("No.", position=position)))
    assert key == f"wrong.{kind}"
    assert key in messages("zh")


@pytest.mark.parametrize("error", [None, QueryError("No."), QAError(ErrorCode.INTERNAL, "No.")])
def test_no_part_is_marked_where_none_is_known(error: QAError | None) -> None:
    assert offence("a", error) is None


def test_an_index_that_is_down_is_said_and_the_rest_goes_on(
    client: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspected(services, "C-1")
    keep(services, "C-2")
    inspect(services, inspection("C-2"), index=False)

    def down(*_: object) -> None:
        raise SetupError(ErrorCode.INDEX_UNAVAILABLE, "The index is down.", "Start it.")

    for name in ("search", "state", "similar", "vector"):
        monkeypatch.setattr(Index, name, down)
    answer = client.get("/search?q=x", headers=EN)
    assert answer.status_code == 503
    words = plain(answer.text)
    assert "The index is down. Start it." in words
    assert "Inspection goes on and nothing is lost" in words
    assert "1 inspected call cannot be found yet" in words
    assert "Inspection goes on" in plain(client.get("/search", headers=EN).text)
    assert client.get("/search?like=C-1%230").status_code == 503
    assert client.get("/calls/C-1").status_code == 200
    assert client.get("/api/v1/health").json()["status"] == "degraded"


def test_the_page_says_how_far_the_index_is_behind(client: TestClient, services: Services) -> None:
    inspected(services, "C-1")
    assert "cannot be found yet" not in text_of(client, "/search")
    for n in (2, 3):
        keep(services, f"C-{n}")
        inspect(services, inspection(f"C-{n}"), index=False)
    assert "2 inspected calls cannot be found yet. The oldest has waited since" in text_of(client, "/search")


def test_conditions_become_the_text_of_the_search(client: TestClient, services: Services) -> None:
    kept_and_indexed(services, vectors=False)
    asked = {"q": "单位", "c.before": "单位", "team": "二组", "c.words": "单位", "c.severity": "minor", "after": "x"}
    answer = client.get("/search", params=asked)
    assert answer.status_code == 303
    address = urlsplit(answer.headers["location"])
    assert (address.path, parse_qs(address.query)) == ("/search", {"q": ["单位 severity:minor"], "team": ["二组"]})
    page = client.get(answer.headers["location"]).text
    assert shown(page) == ["C-3"]
    assert '<option value="minor" selected>' in page
    assert 'name="c.words" value="单位"' in page


def test_a_condition_that_cannot_be_is_refused(client: TestClient) -> None:
    assert client.get("/search?c.severity=terrible").status_code == 400


def test_the_like_of_a_turn_is_shown_under_the_turn(client: TestClient, services: Services) -> None:
    kept_and_indexed(services)
    found = client.get("/search?q=别打给我单位", headers=EN).text
    (like,) = links(found, 'class="similar"')
    assert like == {"like": ["C-1#3"]}
    page = client.get("/search", params=like, headers=EN).text
    assert "Turns like this one Customer 别打给我单位 C-1 00:12" in plain(page)
    assert "C-3" in shown(page)
    assert "nearness 0." in page
    assert "别打给我单位" not in page[page.index('class="results"') :]
    assert client.get("/search?like=C-1%233&q=律师函", headers=EN).text.count("data-item") == 1
    assert {"like": ["C-1#3"]} in links(client.get("/calls/C-1").text, 'class="similar"')


def test_where_nothing_can_be_compared_the_page_says_so(client: TestClient, services: Services) -> None:
    kept_and_indexed(services, vectors=False)
    for like, words in (
        ("C-1#0", "The meaning of this turn is not in the index"),
        ("C-1#99", "No such turn"),
        ("C-1#x", "No such turn"),
        ("C-1", "No such turn"),
        ("C-9#0", "No such call"),
        ("#", "No such turn"),
    ):
        answer = client.get("/search", params={"like": like}, headers=EN)
        assert (answer.status_code, words in plain(answer.text)) == (404, True), like


def test_by_meaning_too_is_offered_where_the_index_has_vectors(client: TestClient, services: Services) -> None:
    kept_and_indexed(services)
    page = client.get("/search?q=%22律师函寄单位%22&team=一组", headers=EN).text
    assert "Nothing found" in page
    (switch,) = links(page, "meaning=1")
    assert switch == {"q": ['"律师函寄单位"'], "team": ["一组"], "meaning": ["1"]}
    meant = client.get("/search", params=switch, headers=EN).text
    assert shown(meant)[0] == "C-2"
    assert "best calls by words and meaning" in plain(meant)
    assert '<span class="flag">by meaning</span>' in meant


def test_without_vectors_the_page_says_that_meaning_cannot_be_compared(client: TestClient, services: Services) -> None:
    kept_and_indexed(services, vectors=False)
    page = client.get("/search?q=单位", headers=EN).text
    assert "the index holds no vectors" in page
    assert 'class="similar"' not in page


def test_without_an_encoder_words_are_found_all_the_same(
    client: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_and_indexed(services)
    monkeypatch.setattr(services.meaning, "_create", lambda _: None)
    page = client.get("/search?q=律师函&meaning=1", headers=EN).text
    assert shown(page) == ["C-2"]
    assert "Only the words were looked for" in page


def test_csv_and_json_give_what_the_page_shows(client: TestClient, services: Services) -> None:
    kept_and_indexed(services)
    for path in ("/search?q=单位&team=一组&order=newest", "/search?like=C-1%233&team=一组"):
        page = client.get(path).text
        for sheet in re.findall(r'class="csv" href="([^"]*)"', page):
            answer = client.get(html.unescape(sheet))
            assert answer.status_code == 200, unquote(sheet)
            ids = (
                [call["call_id"] for call in answer.json()["calls"]]
                if "json" in answer.headers["content-type"]
                else list(dict.fromkeys(re.findall(r"^(C-\d)", answer.text, re.M)))
            )
            assert ids == shown(page)


#: Searches that would show something of the call outside the bound, with what the asker typed of it himself.
LEAKS = {
    "/search?q=单位": (),
    "/search?q=单位&limit=1": (),
    "/search?q=单位&meaning=1": (),
    "/search?q=near(单位 电话)": (),
    "/search?like=C-1%233": (),
    "/search?team=二组": ("二组",),
    "/search?q=call:C-3": ("C-3",),
    "/search?like=C-3%231": ("C-3",),
}


def test_nothing_outside_the_bound_is_on_the_page(app: FastAPI, client: TestClient, services: Services) -> None:
    kept_and_indexed(services)
    assert any("电话别打" in client.get(path).text for path in LEAKS)
    bound(app, ONE_TEAM)
    for path, typed in LEAKS.items():
        page = unquote(html.unescape(client.get(path, headers=EN).text))
        assert leaked(page, typed) == [], path
    assert "No such call" in plain(client.get("/search?like=C-3%231", headers=EN).text)


def test_a_bounded_asker_who_may_see_nothing_finds_nothing(
    app: FastAPI, client: TestClient, services: Services
) -> None:
    kept_and_indexed(services)
    bound(app, Access(agents=frozenset()))
    assert "Nothing found" in text_of(client, "/search?q=单位")


def test_where_no_turn_has_all_words_those_with_some_are_shown_and_said_to_be(
    client: TestClient, services: Services
) -> None:
    inspected(services, turns=turns("给单位打电话", "好的"))
    page = client.get("/search?q=单位 法院", headers=EN).text
    assert "No turn has all of these words" in plain(page)
    assert "打电话" in plain(page)
    link = next(found for found in links(page, "href") if found.get("q") == ['("单位" OR "法院")'])
    assert "No turn has all of these words" not in plain(client.get("/search", params=link, headers=EN).text)
    assert client.get("/api/v1/search?q=单位 法院").json()["relaxed"] == '("单位" OR "法院")'
