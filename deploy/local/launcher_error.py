"""Keeps the one kind of failure that the launcher words for a person."""


class LauncherError(Exception):
    """One clear sentence; whoever catches it prints it without a trace."""
