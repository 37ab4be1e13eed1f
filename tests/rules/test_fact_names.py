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
from qa_service.rules import fact_names
from qa_service.rules.fact_names import FILE_NAME, NO_NAMES, CaseFacts, FactNames, FactSpec, Unread, load_fact_names
from qa_service.rules.fact_parser import parse_facts
from qa_service.rules.facts import FactsContext, Unknown, truth
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


FILED = FactNames({"filed": FactSpec(zh="已起诉", en="Filed", holds="switch", yes=("filed",), no=("not filed",))})


@pytest.fixture
def names(tmp_path: Path) -> FactNames:
    (tmp_path / FILE_NAME).write_text(WRITTEN, encoding="utf-8")
    return load_fact_names(tmp_path)


def look_up(names: FactNames, facts: CallFacts, asked: str) -> Any:
    return CaseFacts(names, facts).look_up(asked)


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
        assert look_up(names, call(**sent), asked) is True


def test_what_nobody_sent_is_missing(names: FactNames) -> None:
    assert look_up(names, call(account={"other": True}), "account.barred") is None
    assert look_up(names, call(account={"barred": False}), "account.barred") is False


def test_a_name_that_no_file_knows_is_looked_up_as_written(names: FactNames) -> None:
    sent = call(account={"own": 3}, colour="red", product="card")
    assert [look_up(names, sent, n) for n in ("account.own", "extra.colour", "product")] == [3, "red", "card"]
    assert look_up(names, sent, "history.own") is None
    assert look_up(NO_NAMES, call(account={"sol_expired": True}), "account.barred") is None


def test_texts_that_contradict_each_other_are_no_use(names: FactNames) -> None:
    assert look_up(names, call(account={"channel": "Post", "preferred_channel": "post"}), "account.channel") == "Post"
    with pytest.raises(ValueError, match=r"account.channel is .post. and account.preferred_channel is .phone."):
        look_up(names, call(account={"channel": "post", "preferred_channel": "phone"}), "account.channel")
    with pytest.raises(ValueError, match="电话"):
        look_up(names, call(account={"channel": "电话", "preferred_channel": "phone"}), "account.channel")


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
        (None, "2026-11-19", False),
        ("2026-09-01", "", None),
        ("2026-09-01", "N/A", None),
        ("2026/11/20", "2026.12.1", True),
        ("20261120", "2026年12月1日 09:00", True),
        ("2026年11月21日", "", False),
        ("20261120", "20261121", True),
    ],
)
def test_it_holds_between_two_days(names: FactNames, first: str | None, last: str | None, holds: bool | None) -> None:
    sent = call(account={"moratorium_start": first, "moratorium_end": last})
    assert look_up(names, sent, "account.moratorium") is holds


def test_days_count_only_where_the_fact_was_not_sent(names: FactNames) -> None:
    days = {"moratorium_start": "2026-11-01", "moratorium_end": "2026-12-30"}
    assert look_up(names, call(account={**days, "moratorium": False}), "account.moratorium") is False
    unknown = CallFacts.model_validate({"account": days})
    assert look_up(names, unknown, "account.moratorium") is None  # when the call was nobody knows


def test_a_day_that_is_none_is_told(names: FactNames) -> None:
    for day in ("soon", "01/11/2026", "2026-13-01", 1795219200000, "9999999999-01-01"):
        with pytest.raises(ValueError, match=r"account.moratorium_start \(.*\) is no day as 2026-11-30 is"):
            look_up(names, call(account={"moratorium_start": day}), "account.moratorium")


def test_days_are_those_of_their_zone() -> None:
    """In summer the day begins in London an hour before it begins by UTC, and the call may come from far away."""
    days = {"from": ["begun"], "to": ["ended"], "zone": "Europe/London"}
    spec = FactSpec.model_validate({"zh": "喘息期", "en": "Breathing space", "holds": "switch", "during": days})
    known = FactNames({"moratorium": spec})
    for at, first, last, holds in (
        ("2026-07-01T23:30:00Z", "2026-07-02", "2026-08-31", True),
        ("2026-07-01T23:30:00Z", "2026-06-02", "2026-07-01", False),
        ("2026-11-21T02:00:00+08:00", "2026-10-01", "2026-11-20", True),
        ("2026-07-01T08:00:00Z", "2026-06-30T23:00:00Z", "2026-08-31", True),
        ("2026-06-30T12:00:00Z", "2026-06-30T23:00:00Z", "2026-08-31", False),
    ):
        sent = call(started_at=at, account={"begun": first, "ended": last})
        assert look_up(known, sent, "account.moratorium") is holds, (at, first, last)
    with pytest.raises(ValueError, match="no time zone"):
        FactSpec.model_validate({"zh": "x", "en": "x", "holds": "switch", "during": {**days, "zone": "Europe/Londn"}})


def test_without_its_last_day_it_holds_as_long_as_it_lasts_at_least() -> None:
    """A standard breathing space lasts 60 days, one for mental health longer."""
    days = {"from": ["begun"], "to": ["ended"], "days": 60}
    spec = FactSpec.model_validate({"zh": "喘息期", "en": "Breathing space", "holds": "switch", "during": days})
    known = FactNames({"moratorium": spec})
    for first, last, holds in (
        ("2026-11-21", None, False),
        ("2026-11-20", None, True),
        ("2026-09-22", None, True),
        ("2026-09-21", "n/a", None),
        ("2026-09-22", "2026-11-01", False),
        (None, "2026-12-01", None),
    ):
        sent = call(account={"begun": first, "ended": last})
        assert look_up(known, sent, "account.moratorium") is holds, (first, last)


def test_a_kind_that_is_not_there_hides_no_days(names: FactNames) -> None:
    days = {"moratorium_start": "2026-11-01", "moratorium_end": "2026-12-30"}
    sent = call(account={**days, "mental_health_moratorium": False})
    assert look_up(names, sent, "account.moratorium") is True


def test_a_kind_of_it_implies_it_and_its_absence_says_nothing(names: FactNames) -> None:
    assert look_up(names, call(account={"mental_health_moratorium": True}), "account.moratorium") is True
    assert look_up(names, call(account={"mental_health_moratorium": False}), "account.moratorium") is None


def test_what_no_rule_asks_for_is_told_with_what_may_be_meant(names: FactNames) -> None:
    sent = call(account={"sol_exprired": True, "amount": 5, "moratorium_end": "2026-12-01"}, history={"bared": True})
    assert names.unread(sent) == (
        Unread("account.sol_exprired", "sol_expired"),
        Unread("account.amount"),
        Unread("history.bared", "barred"),
    )
    assert names.misspelt(sent) == (
        "no rule asks for account.sol_exprired; sol_expired may be meant",
        "no rule asks for history.bared; barred may be meant",
    )
    assert str(Unread("account.amount")) == "no rule asks for account.amount"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (WRITTEN.replace("[preferred_channel]", "[sol_expired]"), "'sol_expired' is a name of 'barred', too"),
        (WRITTEN.replace("holds: text", "holds: text\n    implied_by: [x]"), "only a switch has implied_by"),
        (WRITTEN.replace("holds: text", "holds: date"), "holds"),
        (WRITTEN.replace("[preferred_channel]", "[solexpired]"), "'solexpired' is a name of 'barred', too"),
        (WRITTEN.replace("[preferred_channel]", "[product]"), "'product' is a name of 'the call itself', too"),
        (WRITTEN.replace("holds: switch", "holds: switch\n    yes: [On File]\n    no: [on_file]"), "yes and no both"),
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
    assert not NO_NAMES.unread(call(account={"nothing_like_it": 1}, overdue_day=3))


def test_an_object_is_described_by_its_own_name(folder: Path) -> None:
    _asks(folder, "channel.wanted")
    (folder / FILE_NAME).write_text(WRITTEN, encoding="utf-8")
    told = [str(problem) for problem in check(folder) if "account.channel" in str(problem)]
    assert not told
    names = load_fact_names(folder)
    assert look_up(names, call(account={"channel": {"wanted": "post"}}), "account.channel.wanted") == "post"


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


def test_the_command_fails_where_a_fact_is_no_use_and_tells_of_the_call(tmp_path: Path) -> None:
    file = tmp_path / "call.json"
    file.write_text(json.dumps({"direction": "外呼", "account": {"solExpired": "perhaps"}}), encoding="utf-8")
    told = CliRunner().invoke(app, ["rules", "facts", str(file)])
    assert told.exit_code == 1
    words = " ".join(told.stdout.split())
    assert 'direction direction "outbound"' in words
    assert "time_barred account.solExpired no use: account.solExpired ('perhaps')" in words
    empty = CliRunner().invoke(app, ["rules", "facts", str(file), "--rules", str(tmp_path)])
    assert empty.exit_code == 0
    assert "has no facts.yaml" in " ".join(empty.stdout.split())


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("yes", True), ("On file", True), (1, True), (1.0, True), ("是", True), ("filed", True), ("not_filed", False),
        ("No", False), (0, False), ("无", False), (False, False), ("T", True), ("f", False), (0.0, False),
        ("", None), (" ", None), ("-", None), ("N/A", None), ("Unknown", None), ("未知", None), (None, None),
    ],
)  # fmt: skip
def test_a_switch_is_read_in_words(sent: Any, read: Any) -> None:
    assert look_up(FILED, call(account={"filed": sent}), "account.filed") is read


@pytest.mark.parametrize("sent", ["perhaps", "2026-03-01", ["x"], {"x": True}, 2, 0.5])
def test_what_says_neither_yes_nor_no_is_no_use(sent: Any) -> None:
    with pytest.raises(ValueError, match=r"account.filed \(.*\) is neither true nor false"):
        look_up(FILED, call(account={"filed": sent}), "account.filed")
    assert look_up(FILED, call(account={"filed": sent}, filed=True), "account.filed") is True


SINCE = FactNames({"filed": FactSpec(zh="已起诉", en="Filed", holds="switch", dated=True)})


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2026-03-01", True), ("2026/3/1", True), ("2026-11-20T23:00:00Z", True), ("2026-11-21", False), ("", None),
    ],
)  # fmt: skip
def test_the_day_since_when_says_whether_it_is_so(sent: Any, read: Any) -> None:
    assert look_up(SINCE, call(account={"filed": sent}), "account.filed") is read
    assert look_up(SINCE, CallFacts(account={"filed": "2026-03-01"}), "account.filed") is True


@pytest.mark.parametrize("sent", ["2026-99-01", "soon", 20260301])
def test_what_is_no_day_since_when_is_no_use(sent: Any) -> None:
    with pytest.raises(ValueError, match="neither true nor false"):
        look_up(SINCE, call(account={"filed": sent}), "account.filed")


def test_what_is_no_use_is_neither_there_nor_missing() -> None:
    for asked in ("exists(account.filed)", "not exists(account.filed)"):
        sent = call(account={"filed": "perhaps"})
        context = FactsContext(CaseFacts(FILED, sent).look_up, {})
        found = truth(parse_facts(asked, ()), context)
        assert isinstance(found, Unknown)
        assert found.reason().startswith("invalid_fact: account.filed ('perhaps')")


@pytest.mark.parametrize(
    ("holds", "sent", "read"),
    [
        ("number", "3", 3), ("number", " 7.5 ", 7.5), ("number", 4, 4), ("number", "", None), ("number", "无", None),
        ("text", "Post", "Post"), ("text", "", None), ("text", "none", "none"), ("text", "unknown", None),
        ("name", "A. Lee", "A. Lee"), ("name", "", None), ("name", False, None), ("name", "none", None),
    ],
)  # fmt: skip
def test_what_is_no_switch_is_read_as_what_it_holds(holds: Any, sent: Any, read: Any) -> None:
    found = look_up(FactNames({"it": FactSpec(zh="它", en="It", holds=holds)}), call(it=sent), "account.it")
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize("sent", ["many", "08:30", True, "1" * 400, "nan"])
def test_what_is_no_number_is_no_use(sent: Any) -> None:
    with pytest.raises(ValueError, match="is no number"):
        look_up(FactNames({"it": FactSpec(zh="它", en="It", holds="number")}), call(it=sent), "account.it")


@pytest.mark.parametrize(
    "key", ["sol_expired", "solExpired", "SolExpired", "SOL_EXPIRED", "Sol Expired", "sol-expired"]
)
def test_a_name_is_known_however_its_words_are_joined(names: FactNames, key: str) -> None:
    sent = call(account={key: True})
    assert look_up(names, sent, "account.barred") is True
    assert not names.unread(sent)


def test_other_names_may_be_in_any_script() -> None:
    known = FactNames({"filed": FactSpec(zh="已起诉", en="Filed", holds="switch", also=("是否起诉", "Filed__c"))})
    for key in ("是否起诉", "Filed__c", "filed_c"):
        assert look_up(known, call(account={key: "是"}), "account.filed") is True
    for wrong in ("account.filed", "__", ""):
        with pytest.raises(ValueError, match="also"):
            FactSpec(zh="已起诉", en="Filed", holds="switch", also=(wrong,))


def test_facts_over_several_calls_are_asked_for(names: FactNames) -> None:
    sent = call(history={"calls_last_7_days": "9", "attemptsToday": 2, "days_since_conversation": ""})
    assert not names.unread(sent)
    asked = ("history.calls_last_7_days", "history.attempts_today", "history.days_since_conversation")
    assert [look_up(names, sent, name) for name in asked] == [9, 2, None]
    assert [row[0] for row in CaseFacts(names, sent).read()] == list(sent.history)
    elsewhere = call(account={"calls_last_7_days": 9}, calls_today=2, history={"calls_today": 3})
    assert not names.unread(elsewhere)
    assert look_up(names, elsewhere, "history.calls_last_7_days") == 9
    assert look_up(names, elsewhere, "history.calls_today") == 3
    with pytest.raises(ValueError, match=r"history.calls_today \('often'\) is no number"):
        look_up(names, call(history={"calls_today": "often"}), "history.calls_today")


def test_what_stands_beside_the_turns_is_told_too(names: FactNames) -> None:
    sent = call(sol_exprired=True, started_att="x", overdue_day=3, campaign="autumn", phone2="1", agent_id="A")
    assert {found.name: found.meant for found in names.unread(sent)} == {
        "extra.sol_exprired": "sol_expired",
        "extra.started_att": "",
        "extra.overdue_day": "overdue_days",
        "extra.campaign": "",
        "extra.phone2": "",
    }
    below = call(account={"legal": {"court": {"sol_expired": True}, "x": 1}, "overdue_days": 4})
    assert {found.name: found.meant for found in names.unread(below)} == {
        "account.legal": "",
        "account.overdue_days": "overdue_days",
        "account.legal.court.sol_expired": "account.sol_expired",
    }


def test_of_many_names_only_some_are_compared(names: FactNames, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    monkeypatch.setattr(fact_names, "get_close_matches", lambda name, *_, **__: compared.append(name) or [])
    sent = call(account={f"sol_expires_{i}": i for i in range(2_000)})
    assert len(names.unread(sent)) == 2_000
    assert len(compared) == fact_names._MOST_COMPARED


def test_a_count_that_two_names_contradict_is_no_use() -> None:
    spec = FactSpec(zh="七天", en="Seven days", holds="number", also=("weekly",))
    known = FactNames({"calls_last_7_days": spec})
    sent = call(history={"calls_last_7_days": 3}, weekly=9)
    condition = parse_facts("history.calls_last_days(7) > 2", ())
    found = truth(condition, FactsContext(CaseFacts(known, sent).look_up, {}))
    assert isinstance(found, Unknown)
    assert "two names of one fact" in found.reason()


@pytest.mark.parametrize(
    ("account", "holds"),
    [
        ({"moratorium": "standard", "moratorium_start": "2026-11-01", "moratorium_end": "2026-12-30"}, True),
        ({"moratorium": "standard", "moratorium_start": "2026-09-01", "moratorium_end": "2026-11-01"}, False),
        ({"moratorium": "active", "moratorium_start": "2026-11-21"}, False),
        ({"moratorium": "active", "moratorium_start": "2026-11-01"}, True),
        ({"moratorium": True, "moratorium_start": "2026-11-21"}, True),
        ({"moratorium": "Y", "moratorium_start": "2026-11-21"}, True),
        ({"moratorium": 0, "moratorium_start": "2026-11-01", "moratorium_end": "2026-12-30"}, False),
    ],
)
def test_days_are_surer_than_words_and_not_than_a_switch(names: FactNames, account: dict[str, Any], holds: Any) -> None:
    assert look_up(names, call(account=account), "account.moratorium") == holds


def test_fields_of_the_call_inside_an_object_are_told() -> None:
    """An envelope of an export: what lies in it is read by nobody."""
    names = load_fact_names(bundled("rules"))
    recording = {"callId": "C-1", "callTime": "2026-11-17T14:03Z", "duration": 34}
    told = [str(found) for found in names.unread(CallFacts.model_validate({"recording": recording})) if found.meant]
    assert "no rule asks for extra.recording.callTime; started_at may be meant" in told
    assert "no rule asks for extra.recording.callId; call_id may be meant" in told
    sent = {"started_at": "2026-11-17T14:03Z", "call_id": "C-1", "recording": recording}
    assert not [found for found in names.unread(CallFacts.model_validate(sent)) if found.meant]
    (dpd,) = names.unread(CallFacts.model_validate({"account": {"dpd": 60}}))
    assert dpd.meant == "overdue_days"


def test_a_ccj_is_a_judgment() -> None:
    names = load_fact_names(bundled("rules"))
    assert CaseFacts(names, CallFacts.model_validate({"CCJ": "Y"})).look_up("account.judgment") is True
