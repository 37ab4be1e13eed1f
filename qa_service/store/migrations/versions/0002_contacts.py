"""Calls as later calls see them, and the queue of calls to judge again.

Revision 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BATCH = 500


def upgrade() -> None:
    _contacts()
    op.create_table(
        "follow_ups",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_ups")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_follow_ups_call_id"), "follow_ups", ["call_id"])
    _fill(op.get_bind())


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("debtor_key", sa.String(length=64), nullable=True),
        sa.Column("number_key", sa.String(length=64), nullable=True),
        sa.Column("happened_at", sa.DateTime(), nullable=False),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("heard", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.call_id"], name=op.f("fk_contacts_call_id_calls"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_debtor_key_happened_at"), "contacts", ["debtor_key", "happened_at"])
    op.create_index(op.f("ix_contacts_number_key_happened_at"), "contacts", ["number_key", "happened_at"])


def _fill(connection: sa.Connection) -> None:
    """Calls kept before. The projection is the one that is read: what it holds is decided in one place."""
    from qa_service.records import CallFacts
    from qa_service.records.contacts import contact_of
    from qa_service.store.columns import aware
    from qa_service.store.contacts import heard_of, values_of
    from qa_service.store.results import read

    table = sa.table(
        "contacts",
        sa.column("call_id"),
        sa.column("debtor_key"),
        sa.column("number_key"),
        sa.column("happened_at", sa.DateTime()),
        sa.column("marked", sa.Boolean()),
        sa.column("contact"),
        sa.column("heard"),
    )
    query = sa.text(
        "SELECT c.call_id, c.facts, c.received_at, i.result, i.turns FROM calls c"
        " LEFT JOIN inspections i ON i.id = c.inspection_id WHERE c.call_id > :last ORDER BY c.call_id LIMIT :batch"
    ).columns(received_at=sa.DateTime())
    last = ""
    while rows := connection.execute(query, {"last": last, "batch": BATCH}).all():
        filled = []
        for row in rows:
            facts = CallFacts.model_validate_json(row.facts)
            values = values_of(contact_of(facts, row.call_id, aware(row.received_at)))
            if row.result:
                values["heard"] = heard_of(read(row.result, row.turns)).model_dump_json(exclude_defaults=True)
            filled.append(values)
        connection.execute(sa.insert(table), filled)
        last = rows[-1].call_id
