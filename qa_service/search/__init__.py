"""Find what was said: the query language, and two indexes that answer it."""
