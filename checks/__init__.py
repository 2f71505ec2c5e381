"""Runs every check of the repository and counts what fails."""
