"""Measures what Serment claims, each claim as a ratio against a baseline of the same run."""
