"""Alembic migrations, forwards only; the wheel carries them."""
