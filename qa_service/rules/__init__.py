"""Rules as data: what was said (or not said) that should not have been (or should have been)."""
