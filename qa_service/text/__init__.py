"""Text as rules and search see it."""
