"""One fact, whatever the caller's system calls it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qa_service.cli.app import app
from qa_service.errors import RuleError
from qa_service.records import CallFacts
from qa_service.rules.fact_names import FILE_NAME, NO_NAMES, FactNames, FactSpec, Unread, load_fact_names
from qa_service.rules.lint import check
from qa_service.rules.load import load_packs
from qa_service.settings import bundled

WRITTEN = """
facts:
  barred:
    zh: 时效已过
    en: Time to sue has run out
    holds: switch
    also: [sol_expired, statute_barred]
  moratorium:
    zh: 喘息期
    en: Breathing space
    holds: switch
    implied_by: [mental_health_moratorium]
    during: {from: [moratorium_start], to: [moratorium_end]}
  channel:
    zh: 渠道
    en: Channel that is wanted
    holds: text
    also: [preferred_channel]
"""


@pytest.fixture
def names(tmp_path: Path) -> FactNames:
    (tmp_path / FILE_NAME).write_text(WRITTEN, encoding="utf-8")
    return load_fact_names(tmp_path)


def call(**sent: Any) -> CallFacts:
    return CallFacts.model_validate({"started_at": "2026-11-20T10:00:00+00:00", **sent})


@pytest.mark.parametrize(
    "sent",
    [
        {"account": {"barred": True}},
        {"account": {"sol_expired": True}},
        {"history": {"statute_barred": True}},
        {"extra": {"barred": True}},
        {"statute_barred": True},
        {"account": {"barred": False}, "history": {"barred": True}},
        {"account": {"barred": False, "sol_expired": True}},
    ],
)
def test_a_switch_is_true_where_any_of_its_names_says_so(names: FactNames, sent: dict[str, Any]) -> None:
    for asked in ("account.barred", "extra.barred", "account.sol_expired"):
        assert names.look_up(call(**sent), asked) is True


def test_what_nobody_sent_is_missing(names: FactNames) -> None:
    assert names.look_up(call(account={"other": True}), "account.barred") is None
    assert names.look_up(call(account={"barred": False}), "account.barred") is False


def test_a_name_that_no_file_knows_is_looked_up_as_written(names: FactNames) -> None:
    sent = call(account={"own": 3}, colour="red", product="card")
    assert [names.look_up(sent, n) for n in ("account.own", "extra.colour", "product")] == [3, "red", "card"]
    assert names.look_up(sent, "history.own") is None
    assert NO_NAMES.look_up(call(account={"sol_expired": True}), "account.barred") is None


def test_texts_that_contradict_each_other_are_no_use(names: FactNames) -> None:
    assert names.look_up(call(account={"channel": "Post", "preferred_channel": "post"}), "account.channel") == "Post"
    with pytest.raises(ValueError, match=r"account.channel is .post. and account.preferred_channel is .phone."):
        names.look_up(call(account={"channel": "post", "preferred_channel": "phone"}), "account.channel")


@pytest.mark.parametrize(
    ("first", "last", "holds"),
    [
        ("2026-11-20", "2026-12-30", True),
        ("2026-10-01", "2026-11-20", True),
        ("2026-10-01T09:00:00Z", "2026-12-01", True),
        ("2026-11-21", "2026-12-30", False),
        ("2026-11-21", None, False),
        ("2026-09-01", "2026-11-19", False),
        ("2026-09-01", None, None),
        (None, "2026-12-30", None),
    ],
)
def test_it_holds_between_two_days(names: FactNames, first: str | None, last: str | None, holds: bool | None) -> None:
    sent = call(account={"moratorium_start": first, "moratorium_end": last})
    assert names.look_up(sent, "account.moratorium") is holds


def test_days_count_only_where_the_fact_was_not_sent(names: FactNames) -> None:
    days = {"moratorium_start": "2026-11-01", "moratorium_end": "2026-12-30"}
    assert names.look_up(call(account={**days, "moratorium": False}), "account.moratorium") is False
    unknown = CallFacts.model_validate({"account": days})
    assert names.look_up(unknown, "account.moratorium") is None  # when the call was nobody knows


def test_a_day_that_is_none_is_told(names: FactNames) -> None:
    with pytest.raises(ValueError, match=r"account.moratorium_start \('soon'\) is no day"):
        names.look_up(call(account={"moratorium_start": "soon"}), "account.moratorium")


def test_a_kind_of_it_implies_it_and_its_absence_says_nothing(names: FactNames) -> None:
    assert names.look_up(call(account={"mental_health_moratorium": True}), "account.moratorium") is True
    assert names.look_up(call(account={"mental_health_moratorium": False}), "account.moratorium") is None


def test_what_no_rule_asks_for_is_told_with_what_may_be_meant(names: FactNames) -> None:
    sent = call(account={"sol_exprired": True, "amount": 5, "moratorium_end": "2026-12-01"}, history={"bared": True})
    assert names.unread(sent) == (
        Unread("account.sol_exprired", "sol_expired"),
        Unread("account.amount"),
        Unread("history.bared", "barred"),
    )
    assert str(Unread("account.amount")) == "no rule asks for account.amount"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (WRITTEN.replace("[preferred_channel]", "[sol_expired]"), "'sol_expired' is a name of 'barred', too"),
        (WRITTEN.replace("holds: text", "holds: text\n    implied_by: [x]"), "only a switch has implied_by"),
        (WRITTEN.replace("holds: text", "holds: date"), "holds"),
        ("facts: {}\n", "facts"),
    ],
)
def test_a_file_that_cannot_be_used_names_the_place(tmp_path: Path, written: str, told: str) -> None:
    (tmp_path / FILE_NAME).write_text(written, encoding="utf-8")
    with pytest.raises(RuleError, match=told) as wrong:
        load_fact_names(tmp_path)
    assert wrong.value.file == FILE_NAME


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what ships, of one small pack."""
    shipped = bundled("rules")
    for part in ("gates", "clean", "plans", "service-quality"):
        shutil.copytree(shipped / part, tmp_path / part)
    shutil.copy(shipped / "requirements.json", tmp_path)
    return tmp_path


def _asks(folder: Path, name: str) -> None:
    """Of one of its rules: about calls whose facts hold this."""
    rule = folder / "service-quality" / "good-identity.yaml"
    who = "applies_to: {speaker: agent"
    text = rule.read_text("utf-8")
    assert who in text
    rule.write_text(text.replace(who, f"{who}, facts: exists(account.{name})", 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("statute_barred", "'statute_barred' is another name of 'barred' — Write account.barred."),
        ("bared", "facts.yaml knows no fact account.bared — Did you mean account.barred?"),
        ("nothing_like_it", "knows no fact account.nothing_like_it — Describe it in facts.yaml."),
        ("barred", "no rule asks for the fact 'moratorium' — Use it or delete it."),
    ],
)
def test_check_tells_of_facts_that_nobody_describes(folder: Path, asked: str, told: str) -> None:
    _asks(folder, asked)
    (folder / FILE_NAME).write_text(WRITTEN, encoding="utf-8")
    problems = [str(problem) for problem in check(folder)]
    assert any(told in problem for problem in problems), problems


def test_without_the_file_any_name_may_be_asked_for(folder: Path) -> None:
    _asks(folder, "nothing_like_it")
    assert not [p for p in map(str, check(folder)) if "knows no fact" in p or "no rule asks" in p]


def test_the_names_are_part_of_what_a_pack_does(folder: Path) -> None:
    before = load_packs(folder)["service-quality"].info.behaviour_sha256
    (folder / FILE_NAME).write_text(WRITTEN, encoding="utf-8")
    assert load_packs(folder)["service-quality"].info.behaviour_sha256 != before


def test_no_shipped_fact_is_named_as_a_field_of_the_call() -> None:
    names = load_fact_names(bundled("rules"))
    everything = {other for name, spec in names.known.items() for other in (name, *spec.names())}
    assert not everything & set(CallFacts.model_fields)


def test_the_command_lists_them_and_tells_how_those_of_a_call_are_read(tmp_path: Path) -> None:
    sent = {"account": {"sol_expired": True, "disput_flag": True, "moratorium_start": "soon"}, "dial_type": "manual"}
    file = tmp_path / "call.json"
    file.write_text(json.dumps(sent), encoding="utf-8")
    listed = CliRunner().invoke(app, ["rules", "facts"])
    assert listed.exit_code == 0
    assert "time_barred" in listed.stdout
    told = CliRunner().invoke(app, ["rules", "facts", str(file)])
    assert told.exit_code == 1
    words = " ".join(told.stdout.split())
    assert "time_barred account.sol_expired true" in words
    assert "no rule asks for account.disput_flag; dispute_flag may be meant." in words
    assert "no use: account.moratorium_start" in words


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("yes", True), ("On file", True), (1, True), (1.0, 1.0), ("是", True), ("filed", True), ("not_filed", False),
        ("No", False), (0, False), ("无", False), ("perhaps", "perhaps"), (["x"], ["x"]), (False, False),
    ],
)  # fmt: skip
def test_a_switch_is_read_in_words(sent: Any, read: Any) -> None:
    spec = FactSpec(zh="已起诉", en="Filed", holds="switch", yes=("filed",), no=("not filed",))
    found = FactNames({"filed": spec}).look_up(call(account={"filed": sent}), "account.filed")
    assert found == read
    assert type(found) is type(read)
    text = FactSpec(zh="渠道", en="Channel", holds="text")
    assert FactNames({"filed": text}).look_up(call(account={"filed": sent}), "account.filed") == sent


@pytest.mark.parametrize(
    ("account", "holds"),
    [
        ({"moratorium": "standard"}, "standard"),
        ({"moratorium": "standard", "moratorium_start": "2026-11-01", "moratorium_end": "2026-12-30"}, True),
        ({"moratorium": "standard", "moratorium_start": "2026-09-01", "moratorium_end": "2026-11-01"}, False),
        ({"moratorium": "active", "moratorium_start": "2026-11-21"}, False),
        ({"moratorium": "active", "moratorium_start": "2026-11-01"}, True),
        ({"moratorium": True, "moratorium_start": "2026-11-21"}, True),
    ],
)
def test_days_are_surer_than_words_and_not_than_a_switch(names: FactNames, account: dict[str, Any], holds: Any) -> None:
    assert names.look_up(call(account=account), "account.moratorium") == holds
