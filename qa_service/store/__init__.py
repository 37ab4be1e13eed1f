"""The record of truth. All SQL lives here."""
