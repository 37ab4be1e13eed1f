"""The search page in a real browser: keys, the panel of conditions, facets and back again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect

from qa_service.web.deps import Services
from tests.web.searched import kept_and_indexed, letters
from tests.web.serving import log_in, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def address(app: FastAPI, services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A service with three inspected calls, whose turns have vectors."""
    monkeypatch.setattr(services.meaning, "_create", lambda _: letters)
    kept_and_indexed(services)
    with serving(app) as found:
        yield found


def test_a_list_of_turns_is_walked_and_opened_by_keys(page: Page, address: str) -> None:
    page.goto(f"{address}/search?q=单位&order=newest")
    for key, turn in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(page.locator("[data-item]").nth(turn)).to_have_class(re.compile("selected"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/calls/C-3\?t=8"))
    expect(page.locator(".sought")).to_have_text(["单位", "单位"])
    page.go_back()
    page.keyboard.press("/")
    page.keyboard.type("律师函")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=%E5%BE%8B"))
    expect(page.locator("[data-item]")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press(" ")
    page.wait_for_url(re.compile("/calls/C-2"))


def test_conditions_are_written_into_the_box_without_a_mouse(page: Page, address: str) -> None:
    page.goto(f"{address}/search")
    page.locator("#conditions > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("单位")
    page.locator("#c-severity").focus()
    page.keyboard.type("Min")
    page.locator("#c-team").focus()
    page.keyboard.type("二组")
    expect(page.locator("#q")).to_have_value("单位 team:二组 severity:minor")
    page.keyboard.press("Enter")
    expect(page.locator(".call-id")).to_have_text(["C-3"])
    assert "c." not in page.url


def test_what_is_typed_last_is_searched_too_however_quickly(page: Page, address: str) -> None:
    page.goto(f"{address}/search?q=单位&team=一组")
    page.click("#conditions > summary")
    page.locator("#c-none").fill("律师函")
    page.keyboard.press("Enter")
    expect(page.locator(".call-id")).to_have_text(["C-1"])
    expect(page.locator("#q")).to_have_value("单位 -律师函")
    expect(page.locator(".chip")).to_contain_text("一组")


def test_what_is_typed_into_the_box_is_read_back_into_the_form(page: Page, address: str) -> None:
    page.goto(f"{address}/search?q=单位 agent:(A-201 OR A-305)")
    page.click("#conditions > summary")
    expect(page.locator("#c-words")).to_have_value("单位")
    expect(page.locator("#rest")).to_have_text("agent:(A-201 OR A-305)")
    page.locator("#q").fill("near(单位 电话, 5s) severity:critical x*")
    expect(page.locator("#c-within")).to_have_value("5")
    expect(page.locator("#c-severity")).to_have_value("critical")
    expect(page.locator("#c-words")).to_have_value("")
    page.locator("#c-within").fill("9")
    expect(page.locator("#q")).to_have_value("x* near(单位 电话, 9s) severity:critical")


def test_the_form_works_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(locale="en", java_script_enabled=False)
    page = context.new_page()
    log_in(page, f"{address}/search?q=单位")
    page.click("#conditions > summary")
    page.locator("#c-team").fill("二组")
    page.click(".written button")
    assert page.locator("#q").input_value() == "单位 team:二组"
    assert page.locator(".call-id").all_text_contents() == ["C-3"]
    page.locator("#q").fill("律师函")
    page.click(".search-box button")
    assert page.locator(".call-id").all_text_contents() == ["C-2"]
    context.close()


def test_a_mistake_is_selected_in_the_box(browser: Browser, address: str) -> None:
    context = browser.new_context(locale="en")
    page = context.new_page()
    log_in(page, f'{address}/search?q=😀 单位 "abc')
    chosen = page.locator("#q").evaluate("box => box.value.slice(box.selectionStart, box.selectionEnd)")
    assert chosen == '"'
    context.close()


def test_every_condition_has_a_name_that_is_read_out(page: Page, address: str) -> None:
    for language in ("zh", "en"):
        page.goto(f"{address}/search?lang={language}")
        page.click("#conditions > summary")
        fields = page.locator("[name^='c.']:not([type=hidden])")
        names = fields.evaluate_all("all => all.map(f => f.ariaLabel || [...f.labels].map(l => l.textContent).join())")
        assert len(names) > 20
        assert all(name.strip() for name in names)


def test_facets_narrow_and_the_way_back_is_the_browsers(page: Page, address: str) -> None:
    page.goto(f"{address}/search?q=单位")
    expect(page.locator(".call-id")).to_have_count(3)
    page.locator(".option", has_text="二组").click()
    expect(page.locator(".call-id")).to_have_text(["C-3"])
    page.locator(".chip", has_text="二组").click()
    expect(page.locator(".call-id")).to_have_count(3)
    page.locator(".days a").last.click()
    expect(page.locator(".call-id")).to_have_text(["C-3"])
    page.go_back()
    expect(page.locator(".call-id")).to_have_count(3)


def test_from_a_turn_to_its_like(page: Page, address: str) -> None:
    page.goto(f"{address}/calls/C-1")
    page.locator("#turn-3").hover()
    page.click("#turn-3 .similar")
    expect(page.locator(".like")).to_contain_text("别打给我单位")
    expect(page.locator(".call-id").first).to_be_visible()
    page.click(".like >> text=Leave")
    page.wait_for_url(f"{address}/search")


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_screen(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/search", "/search?q=单位", "/search?q=单位&team=一组&severity=minor&from=2026-11-01&to=2026-11-30"):
        page.goto(f"{address}{path}")
        page.click("#conditions > summary")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
