"""Pictures of the four pages and of a report for docs/img: starts the service, logs in, and photographs them.

    python scripts/screenshots.py DATA_DIR [--out docs/img] [--day D] [--call ID] [--words W] [--narrow] [--dark]

Needs the dev extra (playwright) and Chromium. The data folder is read as it is: nothing is inspected or changed but
the administrator's password, which is set to the one used here; work on a copy where that matters.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import uvicorn
from playwright.sync_api import Page, sync_playwright
from pydantic import SecretStr

from qa_service.records import CallEntry, CallState, Severity
from qa_service.settings import Settings, load_settings
from qa_service.store.calls import CallFilter
from qa_service.store.store import Store
from qa_service.web.app import create_app

DESKTOP = {"width": 1280, "height": 860}
NARROW = {"width": 400, "height": 860}
#: Seconds for the waveform and the first frames of sound.
SETTLE_MS = 700


@dataclass(frozen=True)
class Subject:
    """What the pictures show."""

    day: str
    call_id: str
    second: float
    words: str


def main() -> None:
    asked = _arguments()
    asked.out.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(12)
    changes = {"data_dir": asked.data, "admin_password": SecretStr(password)}
    with _serving(load_settings(**changes), asked) as (address, subject):
        _photograph(address, password, subject, asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path, help="data folder (QA_DATA_DIR) with inspected calls")
    parser.add_argument("--out", type=Path, default=Path("docs/img"))
    parser.add_argument("--day", help="default: the day of the call")
    parser.add_argument("--call", help="default: the call with the most critical findings")
    parser.add_argument("--words", help="default: words of that call's first critical finding")
    parser.add_argument("--narrow", action="store_true", help="also 400 px wide")
    parser.add_argument("--dark", action="store_true", help="also in the dark theme")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="path of the browser")
    asked = parser.parse_args()
    if not asked.chromium:
        parser.error("Chromium was not found; name it with --chromium")
    return asked


@contextmanager
def _serving(settings: Settings, asked: argparse.Namespace) -> Iterator[tuple[str, Subject]]:
    app = create_app(settings)
    subject = _subject(app.state.services.store, asked)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}", subject
    finally:
        server.should_exit = True
        thread.join(20)


def _subject(store: Store, asked: argparse.Namespace) -> Subject:
    entries = store.calls.page(CallFilter(state=CallState.INSPECTED, limit=500)).entries
    if not entries:
        sys.exit(f"{asked.data} holds no inspected calls; run `qa ingest` and `qa work` first.")
    call = store.calls.get(asked.call) if asked.call else max(entries, key=_worth_showing)
    found = call.inspection.findings if call.inspection else ()
    hit = next((f for f in found if f.severity == Severity.CRITICAL and f.quote), None)
    day = asked.day or str(call.day)
    words = asked.words or (hit.quote.strip()[:4] if hit else "还款")
    return Subject(day, call.call_id, (hit.start_s if hit else None) or 0.0, words)


def _worth_showing(entry: CallEntry) -> tuple[int, int]:
    found = entry.inspection.findings if entry.inspection else ()
    return sum(f.severity == Severity.CRITICAL for f in found) * (entry.recording is not None), len(found)


def _photograph(address: str, password: str, subject: Subject, asked: argparse.Namespace) -> None:
    looks = [("", DESKTOP, "light")]
    looks += [("-narrow", NARROW, "light")] if asked.narrow else []
    looks += [("-dark", DESKTOP, "dark")] if asked.dark else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
        for suffix, size, theme in looks:
            context = browser.new_context(viewport=size, color_scheme=theme, device_scale_factor=1)  # type: ignore[arg-type]
            page = context.new_page()
            _log_in(page, address, password, asked.out / f"login{suffix}-zh.png" if suffix == "-narrow" else None)
            for name, path in _pages(subject):
                for language in ("zh", "en"):
                    _picture(page, f"{address}{path}", language, asked.out / f"{name}{suffix}-{language}.png")
            for language in ("zh", "en"):
                _report(
                    page, f"{address}/reports/{subject.day}", language, asked.out / f"report{suffix}-{language}.png"
                )
            context.close()
        browser.close()


def _pages(subject: Subject) -> tuple[tuple[str, str], ...]:
    call = quote(subject.call_id, safe="")
    return (
        ("today", f"/?day={subject.day}"),
        ("search", f"/search?q={quote(subject.words)}"),
        ("call", f"/calls/{call}?t={subject.second:.1f}"),
        ("reports", "/reports?"),
    )


def _log_in(page: Page, address: str, password: str, picture: Path | None) -> None:
    page.goto(f"{address}/login?lang=zh")
    if picture:
        page.screenshot(path=picture)
    page.fill("input[name=user]", "admin")
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_selector("nav.rail")


def _report(page: Page, url: str, language: str, target: Path) -> None:
    """The first screens of the day's report: coverage, the three sentences, what to hear."""
    page.goto(f"{url}?language={language}", wait_until="networkidle")
    page.screenshot(
        path=target, full_page=True, clip={"x": 0, "y": 0, "width": page.evaluate("innerWidth"), "height": 1500}
    )
    print(target)


def _picture(page: Page, url: str, language: str, target: Path) -> None:
    page.goto(f"{url}&lang={language}", wait_until="networkidle")
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=target)
    print(target)


if __name__ == "__main__":
    main()
