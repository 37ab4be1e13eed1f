"""A real service on a free port, and a real browser before it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from qa_service.records import Role, Turn, Word
from tests.conftest import SAMPLES, free_port
from tests.web.calling import PASSWORD

CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Run the application under uvicorn in a thread; yields its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    assert CHROMIUM.exists(), "Chromium was not found: run scripts/system-packages (apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def log_in(page: Page, address: str) -> None:
    """As a person does, on the page that opens."""
    page.goto(address)
    page.fill("input[name=user]", "admin")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector("nav.rail")
    page.wait_for_load_state()  # the scripts have run: keys are heard


def spoken(call_id: str) -> tuple[Turn, ...]:
    """The turns of a sample call as its labels have them; words spread evenly over each turn."""
    labels = json.loads((SAMPLES / "labels.json").read_text(encoding="utf-8"))[call_id]["turns"]
    return tuple(
        Turn(
            index=n, role=Role(t["role"]), channel=0 if t["role"] == "agent" else 1, start_s=t["start_s"],
            end_s=t["end_s"], text=t["text"], confidence=0.9, words=_words(t["text"], t["start_s"], t["end_s"]),
        )
        for n, t in enumerate(labels)
    )  # fmt: skip


def _words(text: str, start: float, end: float) -> tuple[Word, ...]:
    parts = text.split() if text.isascii() else list(text)
    step = (end - start) / max(1, len(parts))
    return tuple(
        Word(text=p, start_s=round(start + n * step, 2), end_s=round(start + (n + 1) * step, 2), probability=0.9)
        for n, p in enumerate(parts)
    )
