"""Alembic's entry: runs the migrations on the connection, and in the transaction, that ``store.migrate`` opened."""

from __future__ import annotations

from alembic import context

from qa_service.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
context.run_migrations()
