"""Commands over kept calls, on terminals as operators have them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from qa_service.errors import ErrorCode, SetupError
from qa_service.records import NotAssessed
from qa_service.settings import load_settings
from qa_service.store.store import Store, open_store
from tests.cli.conftest import Run
from tests.factories import DAY, NOW, facts, finding, inspection, later, transcript

QUOTE = "再不还我就打电话给你单位，让你在单位里待不下去"
BRACKETS = "[/red] [b]C-1[/b]"


@pytest.fixture
def store(data: Path) -> Iterator[Store]:
    data.mkdir(parents=True)
    found = open_store(load_settings().database)
    yield found
    found.close()


def keep(store: Store, call_id: str, day: date = DAY) -> None:
    store.calls.add(
        facts(), call_id=call_id, source=call_id, day=day, recording=None, transcript=transcript("您好", call_id),
        received_at=NOW, audio_s=60.0,
    )  # fmt: skip


def inspected(store: Store, call_id: str) -> None:
    keep(store, call_id)
    claim = store.queue.claim("test", lease_s=60, now=later(1))
    assert claim
    unjudged = (NotAssessed(rule_id="X[/i]", requirements=(), reason="invalid_fact: [/bold] product is [red]"),)
    result = inspection(call_id, findings=(finding(quote=QUOTE, requirements=("[/x]",)),), not_assessed=unjudged)
    assert store.queue.finish(claim, result, NOW)


@pytest.mark.parametrize("columns", ["100", "80", "60", "40"])
def test_a_terminal_of_any_width_shows_the_whole_finding(
    qa: Run, store: Store, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    inspected(store, "C-1")
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    ran = qa("findings", "C-1")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", ran.out).splitlines()
    assert QUOTE in "".join("".join(lines).split())
    assert max(map(len, lines)) <= int(columns)


def test_square_brackets_of_data_are_shown_as_they_are(qa: Run, store: Store) -> None:
    inspected(store, BRACKETS)
    shown = qa("show", BRACKETS)
    assert shown.code == 0
    assert "[/bold] product is [red]" in shown.out
    found = qa("findings", BRACKETS)
    assert found.code == 0
    assert "[/x]" in found.out


def test_findings_name_calls_without_a_result_that_stands(qa: Run, store: Store) -> None:
    inspected(store, "C-1")
    keep(store, "C-2")
    assert qa("reinspect", "C-1").code == 0
    out = qa("findings", "C-1", "C-2").out
    assert "C-1  waiting: to be inspected again, this is its last result" in out
    assert "C-2  waiting: not inspected yet" in out


def test_calls_that_cannot_be_put_back_are_named(qa: Run, store: Store) -> None:
    keep(store, "C-1")
    assert store.queue.claim("other", lease_s=600, now=later(1))
    ran = qa("reinspect", "C-1", "C-9")
    assert (ran.code, ran.out) == (1, "0 calls wait to be inspected again. Next: qa work\n")
    assert "C-1 is being inspected now" in ran.err
    assert "[call_not_found]" in ran.err


def test_a_terminal_that_is_not_utf8_gets_escapes(qa: Run, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    inspected(store, "C-1")
    done = subprocess.run(
        [sys.executable, "-c", "from qa_service.cli import main; main()", "findings", "C-1"],
        env={**_environment(monkeypatch), "PYTHONIOENCODING": "latin-1"}, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u518d" in done.stdout


def test_an_interrupted_command_says_what_stays(monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    code = "import qa_service.cli.app as a, time\n"
    code += "@a.app.command()\ndef sleep():\n    print('sleeps', flush=True)\n    time.sleep(60)\n"
    code += "import sys; sys.argv = ['qa', 'sleep']\nfrom qa_service.cli import main; main()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, env=_environment(monkeypatch), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == "sleeps\n"
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert said.strip() == "Interrupted. Kept calls and lines already written stay; run the command again."


@pytest.mark.parametrize("out", ["/proc/x.jsonl", "."])
def test_a_place_that_cannot_be_written_is_an_error_and_no_traceback(qa: Run, tmp_path: Path, out: str) -> None:
    call = tmp_path / "turns.jsonl"
    call.write_text('{"call_id": "T-1", "turns": [{"role": "agent", "text": "您好"}]}', encoding="utf-8")
    ran = qa("inspect", "--manifest", call, "--json", out)
    assert ran.code == 2
    assert f"{out} cannot be written" in ran.err
    assert "[request_invalid]" in ran.err


def test_a_taken_port_is_an_error_before_anything_is_opened(qa: Run, data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = qa("serve", "--port", taken.getsockname()[1])
    assert ran.code == 2
    assert "Address already in use" in ran.err
    assert "[settings_invalid]" in ran.err
    assert "qa_service on" not in ran.out
    assert not data.exists()
    assert qa("serve", "--port", "99999").code == 2


def test_a_host_that_is_none_cannot_be_listened_on() -> None:
    from qa_service.cli.system import check_address

    with pytest.raises(SetupError) as wrong:
        check_address("203.0.113.1", 8000)
    assert wrong.value.code is ErrorCode.SETTINGS_INVALID
    check_address("127.0.0.1", 0)


def test_a_word_with_a_dash_is_one_that_shall_not_be_said(qa: Run, store: Store) -> None:
    assert qa("search", "单位", "-律师函").out.endswith("0 turns in 0 calls.\n")
    ran = qa("search", "单位", "--agnet", "A-1")
    assert ran.code == 2
    assert "no such option: --agnet" in ran.err


def _environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """That of this process, as the fixtures have set it."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    return dict(os.environ)
