"""What the search index did not take: why, how often, and when it is tried again.

Revision 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OUTBOX = "search_outbox"


def upgrade() -> None:
    """Columns are added in place: the table's numbers go on counting where they are."""
    op.add_column(OUTBOX, sa.Column("ordered_at", sa.DateTime(), nullable=True))
    op.add_column(OUTBOX, sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(OUTBOX, sa.Column("error", sa.Text(), nullable=True))
    op.add_column(OUTBOX, sa.Column("retry_after", sa.DateTime(), nullable=True))
    op.add_column(OUTBOX, sa.Column("parked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(op.f("ix_search_outbox_call_id"), OUTBOX, ["call_id"])
    since = "SELECT c.inspected_at FROM calls c WHERE c.call_id = search_outbox.call_id"
    op.execute(f"UPDATE search_outbox SET ordered_at = ({since})")  # noqa: S608
