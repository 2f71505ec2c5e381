"""Watches the log of accesses by Sigma rules, and raises each suspicion once, whatever crashes."""
