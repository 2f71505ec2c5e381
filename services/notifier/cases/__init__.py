"""Breach cases: opened by a suspicion, decided by privacy officers, under legal clocks."""
