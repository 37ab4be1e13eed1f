"""Call facts: what is kept, what is left out, what errors say."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from qa_service.errors import ErrorCode, FactsError
from qa_service.intake.facts import NOT_FACTS, fields_sent, parse_facts, read_facts, sidecar_facts
from qa_service.records import CallFacts, fact_words

LABELLED = {
    "call_id": "C-1",
    "meta": {"agent_id": 201, "overdue_days": "41", "expected": {"clean": False}, "campaign": "autumn"},
    "channels": "stereo",
    "turns": [{"role": "agent", "text": "您好", "labels": ["CN-ABUSE-01"]}],
    "expected": {"violations": ["CN-ABUSE-01"]},
    "labels": ["x"],
    "file": "C-1.mp3",
    "audio": "C-1.mp3",
    "duration_s": 4.2,
    "extra": {"queue": "night", "expected": 1},
}


def write(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def test_facts_are_read_and_labels_are_not(tmp_path: Path) -> None:
    facts = read_facts(write(tmp_path / "facts.json", LABELLED))
    assert (facts.call_id, facts.agent_id, facts.overdue_days, facts.channels) == ("C-1", "201", 41, "agent_left")
    assert facts.extra == {"campaign": "autumn", "queue": "night"}
    assert not [name for name in NOT_FACTS if f'"{name}"' in facts.model_dump_json()]


def test_sidecar_lies_beside_the_audio(tmp_path: Path) -> None:
    write(tmp_path / "C-1.json", LABELLED)
    found = sidecar_facts(tmp_path / "C-1.mp3")
    assert found is not None
    assert found.call_id == "C-1"
    assert sidecar_facts(tmp_path / "C-2.mp3") is None
    assert sidecar_facts(tmp_path / "C-1.json") is None


def test_a_broken_sidecar_is_told(tmp_path: Path) -> None:
    (tmp_path / "C-1.json").write_text("{", encoding="utf-8")
    with pytest.raises(FactsError) as raised:
        sidecar_facts(tmp_path / "C-1.mp3")
    assert raised.value.code is ErrorCode.FACTS_UNREADABLE


@pytest.mark.parametrize("name", ["x" * 300 + ".wav", "a\0b.wav", "."])
def test_where_no_sidecar_can_lie(name: str) -> None:
    assert sidecar_facts(Path(name)) is None


def message(**fields: object) -> str:
    with pytest.raises(FactsError) as raised:
        parse_facts(fields, "facts.json")
    assert raised.value.code is ErrorCode.FACTS_INVALID
    return raised.value.message


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("direction", "up", "'inbound' or 'outbound'"),
        ("agent_type", "cyborg", "'human' or 'robot'"),
        ("channels", "both", "'agent_left', 'agent_right' or 'mono'"),
        ("callee_role", "dog", "'debtor'"),
        ("overdue_days", "many", "integer"),
        ("overdue_days", -1, "greater than or equal to 0"),
        ("started_at", "2026-11-17T09:00:00", "timezone"),
        ("first_party", "perhaps", "boolean"),
        ("agent_id", ["A"], "string"),
        ("overdue_days", True, "not true or false"),
    ],
)
def test_errors_name_the_field_and_what_is_allowed(field: str, value: object, allowed: str) -> None:
    text = message(**{field: value})
    assert f"field {field}: " in text
    assert allowed in text


@pytest.mark.parametrize(
    ("field", "sent", "read"),
    [
        ("direction", "Outbound", "outbound"),
        ("direction", "外呼", "outbound"),
        ("direction", " INCOMING ", "inbound"),
        ("agent_type", "AI", "robot"),
        ("agent_type", "人工", "human"),
        ("language", "zh-CN", "zh"),
        ("language", "en_GB", "en"),
        ("language", "普通话", "zh"),
        ("callee_role", "Co-Borrower", "co_borrower"),
        ("callee_role", "employer", "contact"),
        ("callee_role", "Other", None),
        ("callee_role", "third_party", "contact"),
        ("callee_role", "本人", "debtor"),
        ("callee_role", "answering machine", "voicemail"),
        ("jurisdiction", "usa", "US"),
        ("jurisdiction", "中国", "CN"),
        ("jurisdiction", "GB", "UK"),
        ("jurisdiction", "US-NYC", "US-NYC"),
        ("jurisdiction", "Narnia", "Narnia"),
        ("first_party", "否", False),
        ("callee_role", "Unknown", None),
        ("direction", "", None),
        ("language", "未知", None),
        ("first_party", "n/a", None),
        ("language", "en-IE", "en"),
        ("language", "English (UK)", "en"),
        ("language", "zh-TW", "zh"),
        ("direction", "outbound-api", "outbound"),
        ("callee_role", "Next of kin", "contact"),
        ("callee_role", "-", None),
        ("jurisdiction", "Scotland", "UK-SCT"),
        ("jurisdiction", "U.K.", "UK"),
        ("overdue_days", "", None),
        ("started_at", " ", None),
        ("product", "", None),
        ("account", "", {}),
    ],
)
def test_fields_are_read_in_the_words_of_other_systems(field: str, sent: object, read: object) -> None:
    assert getattr(parse_facts({field: sent}, "here"), field) == read


def test_names_of_fields_are_known_however_their_words_are_joined() -> None:
    sent = {"callId": "C-1", "StartedAt": "2026-11-20T10:00:00Z", "Agent ID": 7, "Account": {"x": 1}, "myField": 2}
    facts = parse_facts({**sent, "meta": {"overdueDays": "3", "team": "B"}}, "here")
    assert (facts.call_id, facts.agent_id, facts.overdue_days, facts.account) == ("C-1", "7", 3, {"x": 1})
    assert facts.started_at is not None
    assert facts.extra == {"myField": 2}


def test_the_schema_allows_what_is_kept_under_extra() -> None:
    assert CallFacts.model_json_schema()["additionalProperties"] is True


def test_a_field_by_its_own_name_comes_first() -> None:
    facts = parse_facts({"agentId": "B", "agent_id": "A", "AGENT_ID": "C", "Team": "x", "TEAM": "y"}, "here")
    assert (facts.agent_id, facts.team) == ("A", "x")
    assert facts.extra == {"agentId": "B", "AGENT_ID": "C", "TEAM": "y"}
    kept = parse_facts({"extra": {"agentId": "B"}}, "here")
    assert (kept.agent_id, kept.extra) == (None, {"agentId": "B"})


def test_fields_are_known_by_the_names_of_other_systems() -> None:
    facts = parse_facts({"Days Past Due": 45, "customerId": "D-1", "逾期天数": 50, "country": "USA"}, "here")
    assert (facts.overdue_days, facts.debtor_ref, facts.jurisdiction) == (45, "D-1", "US")
    assert facts.extra == {"逾期天数": 50}
    both = parse_facts({"dpd": 9, "overdue_days": 3, "meta": {"customer_id": "M"}, "debtor_ref": "D"}, "here")
    assert (both.overdue_days, both.debtor_ref) == (3, "D")
    assert parse_facts({"meta": {"debtor_ref": "D"}, "customer_id": "C"}, "here").debtor_ref == "D"


def test_no_name_stands_for_two_fields() -> None:
    listed = [fact_words.plain_name(name) for names in fact_words._FIELDS.values() for name in names.split(",")]
    own = [fact_words.plain_name(name) for name in CallFacts.model_fields]
    assert len(set(listed) | set(own)) == len(listed) + len(own)


def test_two_channels_are_a_number_and_not_the_agents() -> None:
    assert [parse_facts({"channels": sent}, "here").channels for sent in (2, "2", 1)] == [None, None, "agent_right"]


def test_a_list_under_history_is_the_log_of_earlier_calls() -> None:
    log = [{"at": "2026-11-19T10:00:00-06:00"}]
    assert parse_facts({"meta": {"history": log}}, "here").history == {"calls": log}


def test_a_time_without_its_zone_is_told_how_to_write_it() -> None:
    assert "as 2026-11-30T09:00:00+08:00 has" in message(started_at="2026-11-20 22:30:00")


def test_fields_that_were_sent_are_told_and_personal_ones_not() -> None:
    facts = parse_facts({"direction": "外呼", "phone": "13800138000", "account": {"x": 1}}, "here")
    assert list(fields_sent(facts)) == [("direction", '"outbound"'), ("phone", "sent")]


def test_no_word_stands_for_two_values() -> None:
    for field, words in fact_words._WORDS.items():
        listed = [fact_words.plain(word) for meant, text in words.items() for word in (meant, *text.split(","))]
        assert len(listed) == len(set(listed)), field
        assert not set(listed) & set(fact_words.NOT_KNOWN), field


def test_several_mistakes_are_told_at_once() -> None:
    text = message(direction="up", overdue_days=-1, language="fr", agent_type="x", first_party="x")
    assert all(name in text for name in ("direction", "overdue_days", "agent_type"))
    assert "and 2 more" in text


def test_errors_keep_personal_values_to_themselves() -> None:
    text = message(phone=["13800138000"], account="6222021234567890")
    assert "field phone" in text
    assert "13800138000" not in text
    assert "6222021234567890" not in text


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"agent": 0, "customer": 1}, "agent_left"),
        ({"agent": 1, "customer": 0}, "agent_right"),
        ({"agent": 1}, "agent_right"),
        ({"agent": 1, "customer": 2}, "agent_left"),
        ({"Agent": "2", "Customer": "1"}, "agent_right"),
        ({"1": "agent", "2": "customer"}, "agent_left"),
        ({"0": "customer", "1": "agent"}, "agent_right"),
        ({"left": "customer", "right": "agent"}, "agent_right"),
        ({"left": "Karen"}, None),
    ],
)
def test_channels_are_counted_from_nought_or_from_one(sent: dict[str, object], read: str | None) -> None:
    assert parse_facts({"channels": sent}, "here").channels == read


@pytest.mark.parametrize("fields", [{"channels": True}, {"channels": {"agent": True}}, {"meta": ["A-7"]}])
def test_what_has_no_meaning_is_refused(fields: dict[str, object]) -> None:
    assert next(iter(fields)) in message(**fields)


def test_null_is_no_fact() -> None:
    facts = parse_facts({"account": None, "history": None, "meta": None, "extra": None}, "here")
    assert facts == parse_facts({}, "here")


def test_facts_in_facts_without_end_are_refused() -> None:
    deep: dict[str, object] = {}
    for _ in range(3000):
        deep = {"meta": deep}
    with pytest.raises(FactsError, match="nested too deeply"):
        parse_facts(deep, "here")


def test_the_way_to_a_deep_field_is_cut() -> None:
    deep: object = object()
    for _ in range(60):
        deep = {"a": deep}
    assert len(message(account=deep)) < 300


def test_looking_up_a_fact_does_not_hang_on_the_others() -> None:
    many = {f"k{i}": "x" * 80 for i in range(20_000)}
    facts = parse_facts({"account": many, "extra": many, "started_at": "2026-11-17T10:00:00Z"}, "here")
    begun = time.process_time()
    for _ in range(300):
        assert (facts.get("account.k7"), facts.get("started_at")) == ("x" * 80, "2026-11-17T10:00:00Z")
    assert time.process_time() - begun < 1.0


@pytest.mark.parametrize(
    ("sent", "field", "read"),
    [
        ({"callSid": "CA1"}, "call_id", "CA1"),
        ({"conversationId": 7}, "call_id", "7"),
        ({"isOutbound": True}, "direction", "outbound"),
        ({"isOutbound": False}, "direction", "inbound"),
        ({"CALL_TYPE": "外呼"}, "direction", "outbound"),
        ({"CallType": "preview"}, "direction", None),
        ({"InitiationMethod": "OUTBOUND"}, "direction", "outbound"),
        ({"direction": "outbound-api", "from": "+15125550100", "to": "+12125550188"}, "phone", "+12125550188"),
        ({"direction": "inbound", "from": "+12125550188", "to": "+15125550100"}, "phone", "+12125550188"),
        ({"from": "+15125550100", "to": "+12125550188"}, "phone", None),
        ({"被叫号码": "13800138000"}, "phone", "13800138000"),
        ({"呼叫方向": "呼入", "被叫号码": "4008000000", "主叫号码": "13800138000"}, "phone", "13800138000"),
        ({"direction": "out", "to": "the debtor"}, "phone", None),
        ({"SpokeTo": "Customer"}, "callee_role", "debtor"),
        ({"SpokeTo": "Karen"}, "callee_role", None),
        ({"与借款人关系": "配偶"}, "callee_role", "spouse"),
    ],
)
def test_fields_in_a_form_of_their_own(sent: dict[str, object], field: str, read: object) -> None:
    assert getattr(parse_facts(sent, "here"), field) == read


def test_what_is_no_field_of_the_call_stays_where_it_is() -> None:
    sent = {"CallType": "preview", "SpokeTo": {"name": "Karen"}, "from": "Leeds", "is_outbound": "perhaps", "to": []}
    assert parse_facts(sent, "here").extra == sent
