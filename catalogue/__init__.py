"""Writes the catalogues under docs/ from the code itself, and tells which of them are out of date."""
