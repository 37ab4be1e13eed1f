"""Calls as later calls see them: keys, what is read of a store, old databases, and how fast."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from qa_service.errors import NotFoundError
from qa_service.records import CallFacts, Mark, Role, Turn
from qa_service.records.contact_keys import debtor_key, number_key
from qa_service.records.contacts import contact_of
from qa_service.store import contacts
from qa_service.store.contacts import DAYS
from qa_service.store.store import Store, open_store
from tests.factories import DAY, NOW, facts, inspection
from tests.store.keeping import claimed, keep, without_0003


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("138-0013-8000", "+86 138 0013 8000"),
        ("008613800138000", "13800138000"),
        ("(212) 555-0100", "+1 212 555 0100"),
        ("020 7946 0958", "+44 20 7946 0958"),
        ("A94F-c3", "a94f-C3"),
        ("020 7946 0958", "+44 (0)20 7946 0958"),
        ("13800138000", "１３８００１３８０００"),
        ("13800138000", "0138 0013 8000"),
        ("13800138000", "13800138000.0"),
        ("010-12345678", "+86 10 1234 5678"),
        ("0311-1234567", "+86 (0)311 1234567"),
        ("212-555-0100", "tel:+1-212-555-0100"),
        ("212-555-0100", "(212) 555-0100 ext. 12"),
        ("021-12345678", "86 21 12345678 转 801"),
        ("0755-88888888", "86-0755-88888888"),
        ("020 7946 0958", "44 020 7946 0958"),
        ("212-555-0100", "tel:+1-212-555-0100;ext=12"),
        ("212-555-0100", "212 555 0100 extn 12"),
        ("212-555-0100", "sip:+12125550100@gw.example.com;user=phone"),
        ("212-555-0100", "tel:2125550100;phone-context=+1"),
        ("212-555-0100", "+1 212 555 0100 (mobile)"),
        ("13800138000", "13800138000（本人）"),
        ("13800138000", "手机:138 0013 8000"),
    ],
)
def test_a_number_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert number_key(one) == number_key(other) is not None


NOBODY = ("Unknown", "N/A", "withheld", "Private number", "null", "-", "00000000", "未知", "无号码")


@pytest.mark.parametrize("phone", [None, "", "  ", "138****8000", "138xxxx8000", "1234", "+", "1.38001E+10", *NOBODY])
def test_what_names_no_number_has_no_key(phone: str | None) -> None:
    assert number_key(phone) is None


def test_keys_tell_people_and_numbers_apart() -> None:
    assert len({debtor_key("13800138000"), number_key("13800138000"), number_key("13800138001"), debtor_key("1")}) == 4
    assert debtor_key(" DR-1 ") == debtor_key("DR-1")
    assert [debtor_key(ref) for ref in ("", "n/a", "NULL", "0", "--", "未知")] == [None] * 6
    assert None not in (debtor_key("10"), debtor_key("NA-7"), debtor_key("Nan Li"))


def test_a_number_of_an_export_with_decimals_is_the_same_name() -> None:
    values = [{"debtor_ref": ref, "phone": phone, "account": {"debt_ref": debt}} for ref, phone, debt in
              ((7, 13800138000, 12), (7.0, 13800138000.0, 12.0), ("7", "13800138000", "12"))]  # fmt: skip
    rows = [contact_of(CallFacts.model_validate(value), "C-1", NOW) for value in values]
    assert rows[0] == rows[1] == rows[2]


def _called(store: Store, call_id: str, number: int, days_before: float, **more: object) -> None:
    at = (NOW - timedelta(days=days_before)).isoformat()
    keep(store, call_id, number, started_at=at, **{"debtor_ref": "DR-1", "phone": "13800138000", **more})


def test_a_debt_that_nobody_knows_is_none() -> None:
    sent = {"account": {"loan_id": "unknown"}, "extra": {"Account Number": 77}}
    assert contact_of(CallFacts.model_validate(sent), "C-1", NOW).debt == "77"


def test_the_calls_before_are_read_and_no_others(store: Store) -> None:
    _called(store, "same", 1, 1)
    _called(store, "number", 2, 2, debtor_ref="DR-2")
    _called(store, "debtor", 3, DAYS - 0.1, phone="13900139000")
    _called(store, "old", 4, DAYS + 2)
    _called(store, "later", 5, -1)
    _called(store, "stranger", 6, 1, debtor_ref="DR-3", phone="13900139001")
    keep(store, "untimed", 7, started_at=None, debtor_ref="DR-1")
    _called(store, "this", 8, 0)
    found = store.followups.history("this")
    assert found
    assert [c.call_id for c in found.earlier] == ["debtor", "number", "same", "untimed"]
    assert [c.timed for c in found.earlier] == [True, True, True, False]
    assert (found.this.call_id, found.marked) == ("this", ())
    assert "13800138000" not in found.model_dump_json()


def test_marks_are_found_however_old(store: Store) -> None:
    _called(store, "old", 1, 400)
    said = (Turn(index=1, role=Role.CUSTOMER, start_s=1, end_s=2, text="I have a lawyer"),)
    mark = Mark(kind="attorney", rule_id="R-1", rule_version=1, sure=True, turns=(1,), quote="I have a lawyer")
    assert store.queue.finish(claimed(store), inspection("old", marks=(mark,), turns=said), NOW)
    _called(store, "this", 2, 0)
    found = store.followups.history("this")
    assert found
    assert [c.call_id for c in found.marked] == ["old"]
    heard = found.marked[0].heard
    assert heard
    assert (heard.customer_turns, heard.marks) == (1, (mark.model_copy(update={"quote": ""}),))


def test_a_database_of_the_first_schema_is_filled(store: Store) -> None:
    for number in range(3):
        _called(store, f"C-{number}", number, 3 - number)
    claim = claimed(store)
    store.queue.finish(claim, inspection(claim.call_id), NOW)
    before = store.followups.history("C-2")
    with store.engine.begin() as connection:
        without_0003(connection)
        for table in ("contacts", "follow_ups"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    again = open_store(store.engine.url.render_as_string(hide_password=False))
    assert again.followups.history("C-2") == before
    assert before
    assert [bool(c.heard) for c in before.earlier] == [True, False]
    again.close()


def test_history_is_read_by_its_indexes(store: Store) -> None:
    """As the planner sees it, on a table that has rows enough to choose."""
    _called(store, "this", 1, 0)
    row = store.followups.history("this")
    assert row
    with store.engine.begin() as connection:
        strangers = (
            row.this.model_copy(update={"call_id": f"x{n}", "debtor": f"{n:064d}", "number": f"{n:064d}"})
            for n in range(3000)
        )
        many = [contacts.values_of(stranger) for stranger in strangers]
        for values in many:
            connection.execute(text("INSERT INTO calls (call_id, facts, source, day, happened_at, received_at, state,"
                                    " attempts, crashes) VALUES (:call_id, '{}', '', '2026-11-17', :happened_at,"
                                    " :happened_at, 'waiting', 0, 0)"), values)  # fmt: skip
        connection.execute(contacts.insert(contacts.ContactRow), many)
        connection.execute(text("ANALYZE"))
        prefix = "EXPLAIN QUERY PLAN " if store.engine.dialect.name == "sqlite" else "EXPLAIN "
        query = "SELECT * FROM contacts WHERE {} = :key AND happened_at > '2026-01-01'"
        for column, value in (("debtor_key", row.this.debtor), ("number_key", row.this.number)):
            plan = str(connection.execute(text(prefix + query.format(column)), {"key": value}).all())
            assert f"ix_contacts_{column}_happened_at" in plan


def test_corrected_facts_move_a_call_to_its_debtor_and_order_the_calls_after_it(store: Store) -> None:
    _called(store, "wrong", 1, 1)
    _called(store, "after", 2, 0)
    _called(store, "other", 3, 0, debtor_ref="DR-2", phone="13900139001")
    for _ in range(3):
        claim = claimed(store)
        store.queue.finish(claim, inspection(claim.call_id), NOW)
    orders = store.followups.pending()
    store.queue.requeue(["wrong"])
    held = claimed(store)
    right = facts(started_at=(NOW - timedelta(days=1)).isoformat(), debtor_ref="DR-2", phone="13900139001")
    store.calls.correct("wrong", right, DAY)
    assert not store.queue.finish(held, inspection("wrong"), NOW)  # it was judged by the facts of before
    assert [o.call_id for o in store.followups.pending(after=orders[-1].number)] == ["after"]
    assert [len(store.followups.history(c).earlier) for c in ("after", "other")] == [0, 1]  # type: ignore[union-attr]
    again = claimed(store)
    assert store.queue.finish(again, inspection("wrong"), NOW)
    assert [o.call_id for o in store.followups.pending(after=orders[-1].number)] == ["after", "wrong", "other"]
    with pytest.raises(NotFoundError):
        store.calls.correct("nobody", right, DAY)
