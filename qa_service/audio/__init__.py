"""Decode recordings, find speech, measure sound."""
