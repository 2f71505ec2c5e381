"""Keeping every patient's directive in force: held in memory, decided by only under a lease."""
